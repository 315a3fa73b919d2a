// Checked by `tsc` with the package; nothing runs it.
import type { BoundPrior, CodeSpace, PerLevel, Prior } from "@slicebook/core";
import { expectTypeOf } from "vitest";
import type { z } from "zod";
import { type PixelcnnConfig, pixelcnn, type pixelcnnSchema } from "../src/index.ts";

expectTypeOf(pixelcnn).toExtend<Prior<PixelcnnConfig>>();
expectTypeOf(pixelcnn.bind).parameters.toEqualTypeOf<[config: PixelcnnConfig, space: CodeSpace]>();
expectTypeOf(pixelcnn.bind).returns.toEqualTypeOf<BoundPrior>();

// Every option has a default, and a parsed configuration has them all.
expectTypeOf<Record<never, never>>().toExtend<z.input<typeof pixelcnnSchema>>();
expectTypeOf<Required<PixelcnnConfig>>().toEqualTypeOf<PixelcnnConfig>();
expectTypeOf<PixelcnnConfig["layers"]>().toExtend<PerLevel>();
expectTypeOf<PixelcnnConfig["attention"]["heads"]>().toEqualTypeOf<number>();
