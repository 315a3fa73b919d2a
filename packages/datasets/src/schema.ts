import { z } from "zod";
import { PREPROCESSINGS } from "./preprocess.ts";
import { SIZE_POLICIES } from "./size-policy.ts";

const side = z.int().min(8).max(4096);

/** The `dataset` part of a configuration. */
export const datasetSchema = z.strictObject({
  adapter: z
    .string()
    .min(1)
    .describe(
      "The layout: hipmri, oasis, adni, phantom or folder, or a package or module with an adapter of yours.",
    ),
  root: z
    .string()
    .min(1)
    .optional()
    .describe("A folder from which the split folders are at most two levels down. The phantom needs none."),
  size: z
    .tuple([side, side])
    .optional()
    .describe(
      "Height and width in pixels to which every slice is brought. The adapter's own size unless given.",
    ),
  sizePolicy: z
    .enum(SIZE_POLICIES)
    .optional()
    .describe(
      "What to do with slices of another size: pad, crop or resize. Without it, such a slice is an error.",
    ),
  preprocessing: z
    .enum(PREPROCESSINGS)
    .default("zscore")
    .describe(
      "zscore: each slice to mean 0 and deviation 1. zscore-dataset: all training slices together. " +
        "minmax: each slice to [0, 1]. percentile: each slice's 0.5th and 99.5th percentiles to 0 and 1. " +
        "residual: the mean training image taken away, then to [0, 1].",
    ),
  covariates: z
    .union([z.string().min(1), z.literal(false)])
    .optional()
    .describe(
      "A CSV file of what is known of subjects or slices besides their class (age, sex, scanner), from the root, for the " +
        "prior: covariates.csv there, if there is one, unless given; false: none.",
    ),
  onUnreadable: z
    .enum(["error", "skip"])
    .default("error")
    .describe("Whether a slice that cannot be read ends the run, or is left out and listed."),
  splits: z
    .strictObject({
      allowOverlap: z
        .boolean()
        .default(false)
        .describe("Continue although a subject is in more than one split, which flatters every figure."),
      validate: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.2)
        .describe(
          "The part of the training subjects of each class held out where a layout has no validation split.",
        ),
    })
    .prefault({})
    .describe("How slices are split into training, validation and test."),
  cache: z
    .union([z.string().min(1), z.literal(false)])
    .optional()
    .describe(
      "The folder for prepared slices, so that files are decoded once and not held in memory. The user's cache " +
        "folder unless given; false decodes them anew each time and holds them in memory.",
    ),
  seed: z
    .int()
    .min(0)
    .default(0)
    .describe("Decides which subjects are held out, and what a phantom looks like."),
  options: z.record(z.string(), z.unknown()).default({}).describe("The adapter's own options."),
});

export type DatasetConfig = z.output<typeof datasetSchema>;

/** What a configuration file may hold: defaults may be left out. */
export type DatasetInput = z.input<typeof datasetSchema>;
