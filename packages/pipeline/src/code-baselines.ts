import type { CodeGrids } from "./code-grids.ts";

/** What it costs to write codes by counting alone: the least that a prior has to beat. */
export interface CodeBaselines {
  /** Bits per code by how often each code is used in training, wherever it is. */
  readonly unigram: number;
  /** Bits per code by how often each is used at its position, smoothed towards the unigram. */
  readonly position: number;
  /** The counts that the unigram weighs at each position: the best of {@link WEIGHTS} on these very grids. */
  readonly smoothing: number;
}

/** Tried for the smoothing; choosing on the grids that are measured favours the baseline, not the prior. */
const WEIGHTS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Measures grids with the histograms of the training grids; every code of the codebook counts once more (Laplace). */
export function codeBaselines(train: CodeGrids, measured: CodeGrids, codes: number): CodeBaselines {
  const each = train.shape[1] * train.shape[2];
  const share = new Float64Array(codes).fill(1 / (train.codes.length + codes));
  const counts = new Float64Array(each * codes);
  for (const [index, code] of train.codes.entries()) {
    share[code]! += 1 / (train.codes.length + codes);
    counts[(index % each) * codes + code]! += 1;
  }
  const meanBits = (probability: (code: number, index: number) => number) => {
    let sum = 0;
    for (const [index, code] of measured.codes.entries()) sum -= Math.log2(probability(code, index));
    return sum / measured.codes.length;
  };
  const smoothed = WEIGHTS.map((smoothing) => ({
    smoothing,
    position: meanBits(
      (code, index) =>
        (counts[(index % each) * codes + code]! + smoothing * share[code]!) / (train.shape[0] + smoothing),
    ),
  }));
  const best = smoothed.reduce((least, one) => (one.position < least.position ? one : least));
  return { unigram: meanBits((code) => share[code]!), ...best };
}
