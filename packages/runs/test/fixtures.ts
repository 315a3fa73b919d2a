const estimate = { mean: 0.5, sd: 0.1, n: 4, subjects: 3, ci95: [0.4, 0.6] as const };
const slice = { ssim: 0.9, ssimDefault: 0.9, msSsim: 0.9, psnr: 30, mse: 0.001 };

/** An evaluation as the first version wrote it. */
export const earlyEvaluation = {
  schema: 1,
  split: "test",
  dataset: { adapter: "phantom", size: [32, 32], fingerprint: "" },
  ssim: estimate,
  ssimDefault: estimate,
  msSsim: { ...estimate, scales: 2 },
  psnr: estimate,
  mse: estimate,
  perplexity: 8,
  codesInUse: 12,
  codes: 16,
  levels: [],
  bitsPerPixel: { fixed: 0.5, entropy: 0.4 },
  best: [{ name: "a", subject: "1", ...slice }],
  worst: [],
  subjects: [{ subject: "1", n: 4, ...slice }],
};
