import { type Evaluation, evaluationSchema, type RunEvaluation } from "./evaluation-schema.ts";
import { hashOfFile, readJsonIfThere } from "./files.ts";
import { type PriorEvaluation, priorEvaluationSchema } from "./prior-evaluation.ts";
import type { RunPaths } from "./run-paths.ts";

/** What was measured of a run on its test split, as far as it was. */
export interface Evaluations {
  readonly evaluation: RunEvaluation | undefined;
  /** That of the prior for the codes of the model that was evaluated. */
  readonly prior: PriorEvaluation | undefined;
}

/** Reads `evaluation.json` and `prior/evaluation.json`, and joins them. */
export async function readEvaluations(paths: RunPaths): Promise<Evaluations> {
  const evaluation = readJsonIfThere(paths.evaluation, evaluationSchema);
  const priorEvaluation = readJsonIfThere(paths.prior.evaluation, priorEvaluationSchema);
  const prior =
    priorEvaluation && (await isOfModel(paths, priorEvaluation, evaluation)) ? priorEvaluation : undefined;
  return { evaluation: evaluation && withPrior(evaluation, prior), prior };
}

/** An evaluation with the bits per pixel of a prior, if there is one. */
export function withPrior(evaluation: Evaluation, prior: PriorEvaluation | undefined): RunEvaluation {
  const bits = prior?.test.bitsPerPixel ?? null;
  return { ...evaluation, bitsPerPixel: { ...evaluation.bitsPerPixel, prior: bits } };
}

/** Whether a prior is for the codes of the model that was evaluated. */
async function isOfModel(
  { best, last }: RunPaths,
  prior: PriorEvaluation,
  { model }: Partial<Evaluation> = {},
): Promise<boolean> {
  if (model === undefined || model === prior.model) return true;
  // Earlier versions hashed the checkpoint.
  return [await hashOfFile(best), await hashOfFile(last)].includes(prior.model);
}
