// Checked by `tsc` with the package; nothing runs it.
import type { VqvaeConfig } from "@slicebook/core";
import type { DatasetConfig } from "@slicebook/datasets";
import type { EngineKind } from "@slicebook/engine";
import { expectTypeOf } from "vitest";
import type { ResolvedConfig } from "../src/index.ts";

expectTypeOf<keyof ResolvedConfig>().toEqualTypeOf<
  "version" | "seed" | "dataset" | "model" | "train" | "prior" | "sample" | "engine" | "run"
>();
expectTypeOf<ResolvedConfig["model"]>().toEqualTypeOf<VqvaeConfig>();
expectTypeOf<ResolvedConfig["dataset"]>().toExtend<DatasetConfig>();
expectTypeOf<ResolvedConfig["engine"]["kind"]>().toEqualTypeOf<EngineKind | "auto">();

// What a configuration may leave open is decided once it is resolved.
expectTypeOf<ResolvedConfig["dataset"]["size"]>().toEqualTypeOf<[number, number]>();
expectTypeOf<ResolvedConfig["run"]>().toEqualTypeOf<{ readonly root: string; readonly name: string }>();
expectTypeOf<ResolvedConfig["train"]["minutes"]>().toEqualTypeOf<number | null>();
