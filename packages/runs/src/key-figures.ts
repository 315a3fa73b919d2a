import type { RunEvaluation } from "./evaluation-schema.ts";
import type { Evaluations } from "./evaluations.ts";
import type { Novelty } from "./novelty-schema.ts";

/** The figures of a run that tell most of it, by name, as far as they were measured. */
export function runFigures(
  { evaluation, prior }: Evaluations,
  novelty: Novelty | undefined,
): Record<string, number> {
  return {
    ...(evaluation && evaluationFigures(evaluation)),
    ...(prior && { bitsPerCode: prior.test.bitsPerCode }),
    ...sampleFigures(novelty),
  };
}

/** The figures of an evaluation that tell most of it, by name. */
export function evaluationFigures(evaluation: RunEvaluation): Record<string, number> {
  const { ssim, ssimDefault, msSsim, psnr, mse, perplexity, codesInUse, bitsPerPixel } = evaluation;
  return {
    ssim: ssim.mean,
    subjects: ssim.subjects,
    ...(ssim.ci95 === null ? {} : { ssimLow: ssim.ci95[0], ssimHigh: ssim.ci95[1] }),
    ssimDefault: ssimDefault.mean,
    msSsim: msSsim.mean,
    psnr: psnr.mean,
    mse: mse.mean,
    perplexity,
    codesInUse,
    bitsPerPixel: bitsPerPixel.prior ?? bitsPerPixel.entropy,
  };
}

/** The figures of samples' pixels that tell most of them, by name; as far as they were measured. */
function sampleFigures(novelty: Novelty | undefined): Record<string, number> {
  const { neighbours, slicedWasserstein, auc } = novelty?.pixels?.distances ?? {};
  return {
    ...(auc ? { samplesAuc: auc.samples } : {}),
    ...(neighbours
      ? { samplesCoverage: neighbours.coverage.samples, samplesDensity: neighbours.density.samples }
      : {}),
    ...(slicedWasserstein ? { samplesPatchDistance: slicedWasserstein.mean.samples } : {}),
  };
}
