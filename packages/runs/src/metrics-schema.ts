import { z } from "zod";
import { estimateSchema } from "./evaluation-schema.ts";

const amount = z.number().min(0);
const metric = z.number().optional();

/** What training steps say, averaged over those since the row before; other names go into the CSV too. */
const trainSchema = z
  .object({
    loss: z.number(),
    reconstruction: metric,
    commitment: metric,
    perplexity: metric,
    codesInUse: metric,
    bitsPerCode: metric,
    accuracy: metric,
    learningRate: metric,
    gradientNorm: metric,
  })
  .catchall(metric)
  .readonly();

/** What the validation split says at the end of an epoch. */
const validationSchema = z
  .object({
    loss: metric,
    ssim: estimateSchema.optional(),
    perplexity: metric,
    codesInUse: metric,
    bitsPerCode: metric,
    accuracy: metric,
  })
  .readonly();

/** A line of `metrics.jsonl`. */
export const metricsRowSchema = z
  .object({
    stage: z.enum(["train", "prior"]),
    /** Of a prior that is trained part by part, the part, by its number. */
    part: z.int().min(0).optional(),
    /** `step`: every few steps; `epoch`: at the end of one, or at a validation. */
    kind: z.enum(["step", "epoch"]),
    /** From 1; a fraction where validation takes place within an epoch. */
    epoch: amount,
    /** Steps taken so far in this stage. */
    step: z.int().min(0),
    /** Seconds of training so far in this stage. */
    seconds: amount,
    /** Slices (or code grids) seen so far in this stage. */
    images: amount.optional(),
    train: trainSchema,
    validation: validationSchema.optional(),
  })
  .readonly();

export type TrainMetrics = z.output<typeof trainSchema>;
export type ValidationMetrics = z.output<typeof validationSchema>;
export type MetricsRow = z.output<typeof metricsRowSchema>;
