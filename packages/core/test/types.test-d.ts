// Checked by `tsc` with the package; nothing runs it.
import type { HostTensors } from "@slicebook/base";
import type { Tensor } from "@tensorflow/tfjs-core";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import {
  type BoundPrior,
  type BoundVqvae,
  type CodeSpace,
  type Params,
  type PerLevel,
  type Prior,
  type VqvaeConfig,
  vqvae,
  type vqvaeSchema,
} from "../src/index.ts";

type VqvaeOptions = z.input<typeof vqvaeSchema>;

// Parsing writes every option out.
expectTypeOf<z.output<typeof vqvaeSchema>>().toEqualTypeOf<VqvaeConfig>();
expectTypeOf<Required<VqvaeConfig>>().toEqualTypeOf<VqvaeConfig>();
expectTypeOf<VqvaeConfig["preset"]>().toEqualTypeOf<"reference" | "small" | "plain" | "patch" | "codec">();
expectTypeOf<VqvaeConfig["rate"]>().toEqualTypeOf<number | null>();
expectTypeOf<VqvaeConfig["downsampling"]>().toEqualTypeOf<4 | 8 | 16>();
expectTypeOf<VqvaeConfig["codes"]>().toExtend<PerLevel>();
expectTypeOf<VqvaeConfig["quantizer"]["kind"]>().toEqualTypeOf<"ema" | "codebook-loss" | "fsq">();
expectTypeOf<VqvaeConfig["optimizer"]["schedule"]>().toEqualTypeOf<"cosine" | "constant">();

// Any part of it may be given, under its own names only.
expectTypeOf<Record<never, never>>().toExtend<VqvaeOptions>();
expectTypeOf<VqvaeConfig>().toExtend<VqvaeOptions>();
expectTypeOf<{ codes: [256, 512]; quantizer: { decay: 0.9 } }>().toExtend<VqvaeOptions>();
expectTypeOf<{ downsampling: 5 }>().not.toExtend<VqvaeOptions>();
expectTypeOf<keyof VqvaeOptions>().toEqualTypeOf<keyof VqvaeConfig>();

// A bound model takes whole configurations, and its functions are tensors to tensors.
expectTypeOf(vqvae.bind).parameters.toEqualTypeOf<
  [config: VqvaeConfig, size: readonly [height: number, width: number]]
>();
expectTypeOf(vqvae.bind).returns.toEqualTypeOf<BoundVqvae>();
expectTypeOf<VqvaeOptions>().not.toExtend<Parameters<typeof vqvae.bind>[0]>();
expectTypeOf<BoundVqvae["encode"]>().toEqualTypeOf<(params: Params, images: Tensor) => Tensor[]>();
expectTypeOf<BoundVqvae["decode"]>().toEqualTypeOf<(params: Params, codes: readonly Tensor[]) => Tensor>();
expectTypeOf<BoundVqvae["initialCarry"]>().returns.toEqualTypeOf<HostTensors>();

// A prior is bound to the configuration that its own schema gives.
const options = z.strictObject({ order: z.int().default(1) });
const prior = {
  name: "typed",
  schema: options,
  bind: (config): BoundPrior => {
    expectTypeOf(config).toEqualTypeOf<{ order: number }>();
    throw new Error(`order ${config.order}`);
  },
} satisfies Prior<z.output<typeof options>>;
expectTypeOf(prior).toExtend<Prior<{ order: number }>>();
expectTypeOf(prior).not.toExtend<Prior<{ order: string }>>();
expectTypeOf<Prior<{ order: number }>["bind"]>().parameters.toEqualTypeOf<
  [config: { order: number }, space: CodeSpace]
>();
