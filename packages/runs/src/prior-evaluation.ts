import { writeFileAtomic } from "@slicebook/base/node";
import { z } from "zod";
import { hashSchema } from "./evaluation-schema.ts";
import type { RunPaths } from "./run-paths.ts";

const likelihoodSchema = z.object({
  /** Mean −ln p of a code. */
  natsPerCode: z.number(),
  bitsPerCode: z.number(),
  bitsPerPixel: z.number(),
  /** The share of codes that the prior finds the likeliest. */
  accuracy: z.number(),
  /** Of each level of codes, the coarsest first; files of earlier versions have none. */
  levels: z.array(z.object({ bitsPerCode: z.number(), accuracy: z.number() })).default([]),
  /** Code grids. */
  grids: z.int(),
});

/** Beside them, what counting the codes of the training grids gives: see `codeBaselines`. */
const heldOutSchema = likelihoodSchema.extend({
  baselines: z.object({
    unigramBitsPerCode: z.number(),
    positionBitsPerCode: z.number(),
    /** How strongly the histogram of each position is smoothed. */
    smoothing: z.number(),
  }),
  /** Of a prior that takes covariates: where it is not told them. */
  bitsPerCodeUntold: z.number().optional(),
});

export const priorEvaluationSchema = z.object({
  schema: z.literal(2),
  /** The hash of the model whose codes these are. */
  model: hashSchema,
  /** Of training grids as many as there are for validation: far below `validate`, the prior has memorised them. */
  train: likelihoodSchema,
  validate: heldOutSchema,
  test: heldOutSchema,
});

export type Likelihood = z.output<typeof likelihoodSchema>;
export type HeldOutLikelihood = z.output<typeof heldOutSchema>;

/** `prior/evaluation.json`: how likely the prior finds the code grids of slices that it has not seen. */
export type PriorEvaluation = z.output<typeof priorEvaluationSchema>;

export async function writePriorEvaluation({ prior }: RunPaths, evaluation: PriorEvaluation): Promise<void> {
  await writeFileAtomic(prior.evaluation, `${JSON.stringify(evaluation, undefined, 2)}\n`);
}
