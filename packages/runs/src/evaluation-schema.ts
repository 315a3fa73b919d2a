import { z } from "zod";
import { eachSliceFigure, type RecentKey, type SliceFigureKey } from "./slice-figures.ts";

/** A mean over slices, with a 95 % interval on the means of the subjects. */
const estimateShape = {
  mean: z.number(),
  /** Standard deviation over slices. */
  sd: z.number(),
  /** Slices. */
  n: z.number(),
  subjects: z.number(),
  /** `null` when fewer than three subjects leave no interval to give. */
  ci95: z.tuple([z.number(), z.number()]).readonly().nullable(),
};
export const estimateSchema = z.object(estimateShape).readonly();

/** A field for each figure of slices; those that files of earlier versions lack are optional. */
type FieldsOf<Schema extends z.ZodType> = {
  [Key in SliceFigureKey]: Key extends RecentKey ? z.ZodOptional<Schema> : Schema;
};

function figureFields<Schema extends z.ZodType>(schema: Schema): FieldsOf<Schema> {
  return eachSliceFigure((_, { recent }) => (recent ? schema.optional() : schema)) as FieldsOf<Schema>;
}

/** Of one slice, or means of several. */
export const sliceShape = figureFields(z.number());
/** Over slices. */
const estimatesShape = figureFields(estimateSchema);

/** A slice with its figures, as lists of the best and the worst have it. */
const rankedSchema = z.object({ name: z.string(), subject: z.string(), ...sliceShape }).readonly();

/** The model, and what it is compared with. */
export const baselineNames = ["model", "mean", "pca", "jpeg", "webp", "avif"] as const;

/** What else could be done with as many bits, measured as the model is. */
const baselineSchema = z
  .object({
    name: z.enum(baselineNames),
    /** Of what was measured, all bytes counted; of `model` those of `.slbk` files that are coded by tables. */
    bitsPerPixel: z.number(),
    ...estimatesShape,
    /** Of `pca`: the numbers that a slice becomes. */
    components: z.number().optional(),
    /** Of `jpeg`, `webp` and `avif`: slices that take more bytes than the model's file even at the lowest quality. */
    larger: z.number().optional(),
  })
  .readonly();

const baselinesSchema = z
  .object({
    /** Slices measured: the whole split, or a seeded part of it. */
    slices: z.number(),
    /** Slices of the split. */
    of: z.number(),
    /** Training slices of which the components of `pca` are; absent where there are none. */
    trainingSlices: z.number().optional(),
    /** The model's on the very same slices first. */
    rows: z.array(baselineSchema).readonly(),
  })
  .readonly();

/** Errors of the pixels that masks give one label. */
const maskLabelSchema = z
  .object({
    /** As the masks' files have it. */
    value: z.number(),
    /** What the data set says of it; absent where it says nothing. */
    name: z.string().optional(),
    /** The label's share of all pixels that masks cover. */
    share: z.number(),
    /** Mean absolute error over a slice's pixels of the label, on the scale of `mse`. */
    mae: estimateSchema,
    mse: estimateSchema,
  })
  .readonly();

/** A SHA-256. */
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** `evaluation.json`, and each file of `evaluations/`. */
export const evaluationSchema = z
  .object({
    schema: z.literal(1),
    /** The hash of the model that was evaluated; absent in files of earlier versions. */
    model: hashSchema.optional(),
    split: z.string(),
    dataset: z
      .object({
        adapter: z.string(),
        root: z.string().optional(),
        /** Height and width of the model's images. */
        size: z.tuple([z.number(), z.number()]).readonly(),
        fingerprint: z.string(),
      })
      .readonly(),
    /** Slices of one value throughout, which count in no mean; absent where there are none. */
    blank: z.number().optional(),
    ...estimatesShape,
    msSsim: z.object({ ...estimateShape, scales: z.number() }).readonly(),
    /** The number of equally frequent codes of the same mean entropy. */
    perplexity: z.number(),
    codesInUse: z.number(),
    /** Codes in all codebooks. */
    codes: z.number(),
    /** The same for each level of codes, with its grid. */
    levels: z
      .array(
        z
          .object({
            rows: z.number(),
            columns: z.number(),
            codes: z.number(),
            codesInUse: z.number(),
            perplexity: z.number(),
          })
          .readonly(),
      )
      .readonly(),
    bitsPerPixel: z
      .object({
        fixed: z.number(),
        entropy: z.number(),
        /** Of the slices' `.slbk` files coded by tables, all bytes counted; absent where the training slices were not encoded before. */
        file: z.number().optional(),
      })
      .readonly(),
    /** Absent where the training slices were not encoded before: their codes say how many bytes a slice takes. */
    baselines: baselinesSchema.optional(),
    /** By label, the least first; absent where no slice has a mask. */
    masks: z.array(maskLabelSchema).readonly().optional(),
    /** By SSIM, the best first; absent in evaluations of before there were such lists. */
    best: z.array(rankedSchema).readonly().optional(),
    /** By SSIM, the worst first. */
    worst: z.array(rankedSchema).readonly().optional(),
    subjects: z.array(z.object({ subject: z.string(), n: z.number(), ...sliceShape }).readonly()).readonly(),
  })
  .readonly();

export type Estimate = z.output<typeof estimateSchema>;
export type Baseline = z.output<typeof baselineSchema>;
export type Baselines = z.output<typeof baselinesSchema>;
export type MaskLabelErrors = z.output<typeof maskLabelSchema>;
export type Evaluation = z.output<typeof evaluationSchema>;

/** The evaluation of a run with the bits per pixel of its prior, null where it has none. */
export type RunEvaluation = Evaluation & { readonly bitsPerPixel: { readonly prior: number | null } };
