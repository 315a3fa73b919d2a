// Checked by `tsc` with the package; nothing runs it.
import type { Compiled, HostTensor, HostTensors } from "@slicebook/base";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { expectTypeOf } from "vitest";
import type { Engine } from "../src/index.ts";

declare const engine: Engine;
declare const nested: (params: Record<string, Tensor>, x: Tensor) => { sum: Tensor2D; rest: Tensor[] };
declare const pair: (x: Tensor) => [Tensor, { loss: Tensor }];

// What a compiled function gives has the form of what it returns, with host tensors for tensors.
expectTypeOf(await engine.compile((x: Tensor) => x, [])).toEqualTypeOf<Compiled<HostTensor>>();
expectTypeOf(await engine.compile(nested, [])).toEqualTypeOf<
  Compiled<{ readonly sum: HostTensor; readonly rest: readonly HostTensor[] }>
>();
expectTypeOf(await engine.compile(pair, [])).toEqualTypeOf<
  Compiled<readonly [HostTensor, { readonly loss: HostTensor }]>
>();

// @ts-expect-error: a number is not a tensor
await engine.compile((x: Tensor) => x.size, []);
// @ts-expect-error: a step gives its carry and its metrics
await engine.loop((carry: Record<string, Tensor>) => carry, {}, {});
expectTypeOf((await engine.loop(() => [{}, {}], {}, {})).next).returns.resolves.toEqualTypeOf<HostTensors>();
