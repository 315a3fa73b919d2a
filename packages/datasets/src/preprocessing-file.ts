import { float32, type HostTensors } from "@slicebook/base";
import { z } from "zod";
import type { Preprocessing } from "./preprocess.ts";
import { trainingRangeSchema } from "./training-range.ts";
import type { Size } from "./types.ts";

const range = trainingRangeSchema.optional();

/** All but the mean image of `residual`; those of earlier versions have no range. */
const learnedSchema = z.discriminatedUnion("name", [
  z.object({ name: z.enum(["zscore", "minmax", "percentile"]), range }),
  z.object({ name: z.literal("zscore-dataset"), mean: z.number(), deviation: z.number(), range }),
  z.object({ name: z.literal("residual"), low: z.number(), high: z.number(), range }),
]);

/** What a preprocessing learned, as a file of tensors holds it. */
export interface PreprocessingFile {
  /** The mean image of `residual`. */
  readonly tensors: HostTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

export function preprocessingFile(preprocessing: Preprocessing): PreprocessingFile {
  const { mean, ...numbers } = { mean: undefined, ...preprocessing };
  const image = mean instanceof Float32Array;
  return {
    tensors: image ? { mean: float32(mean, [mean.length]) } : {},
    metadata: { preprocessing: JSON.stringify(image ? numbers : preprocessing) },
  };
}

/** What {@link preprocessingFile} gave; throws an `Error` that says what is wrong with it for that data set. */
export function preprocessingOf(
  { tensors, metadata }: PreprocessingFile,
  { preprocessing, size: [height, width] }: { readonly preprocessing: string; readonly size: Size },
): Preprocessing {
  const learned = learnedSchema.parse(JSON.parse(metadata.preprocessing ?? "null"));
  if (learned.name !== preprocessing)
    throw new Error(`it is of ${learned.name}, and config.yaml says ${preprocessing}`);
  if (learned.name !== "residual") return learned;
  const mean = Float32Array.from(tensors.mean?.data ?? []);
  if (mean.length !== height * width || !mean.every(Number.isFinite))
    throw new Error(`its mean image is not one of ${height}×${width} numbers`);
  return { ...learned, mean };
}
