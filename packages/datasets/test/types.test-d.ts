// Checked by `tsc` with the package; nothing runs it.
import { expectTypeOf } from "vitest";
import {
  type DatasetConfig,
  type DatasetInput,
  datasetSchema,
  type PreprocessingName,
} from "../src/index.ts";

expectTypeOf(datasetSchema.parse).returns.toEqualTypeOf<DatasetConfig>();

// The adapter alone must be named; a parsed configuration has every default.
expectTypeOf<{ adapter: "phantom" }>().toExtend<DatasetInput>();
expectTypeOf<Record<never, never>>().not.toExtend<DatasetInput>();
expectTypeOf<DatasetConfig>().toExtend<DatasetInput>();
expectTypeOf<DatasetConfig["preprocessing"]>().toEqualTypeOf<PreprocessingName>();
expectTypeOf<DatasetConfig["onUnreadable"]>().toEqualTypeOf<"error" | "skip">();
expectTypeOf<DatasetConfig["splits"]>().toEqualTypeOf<{ allowOverlap: boolean; validate: number }>();
expectTypeOf<DatasetConfig["size"]>().toEqualTypeOf<[number, number] | undefined>();
expectTypeOf<DatasetConfig["cache"]>().toEqualTypeOf<string | false | undefined>();
expectTypeOf<DatasetConfig["options"]>().toEqualTypeOf<Record<string, unknown>>();
