import type { CodeLevel } from "@slicebook/core";
import type { CodeGrids, LevelGrids } from "@slicebook/runs/tensors";

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

/**
 * Measures codes with the histograms of the training codes, each level with its own; every code of a codebook counts
 * once more (Laplace).
 */
export function codeBaselines(
  train: CodeGrids,
  measured: CodeGrids,
  spaces: readonly Pick<CodeLevel, "codes">[],
): CodeBaselines {
  const levels = train.levels.map((grid, level) =>
    levelBits(grid, measured.levels[level]!, spaces[level]!.codes),
  );
  const total = measured.levels.reduce((sum, { data }) => sum + data.length, 0);
  const perCode = (bits: (level: LevelBits) => number) =>
    levels.reduce((sum, level) => sum + bits(level), 0) / total;
  const smoothed = WEIGHTS.map((smoothing, index) => ({
    smoothing,
    position: perCode(({ position }) => position[index]!),
  }));
  const best = smoothed.reduce((least, one) => (one.position < least.position ? one : least));
  return { unigram: perCode(({ unigram }) => unigram), ...best };
}

/** The bits of all codes of a level: by the unigram, and by the position with each of the weights. */
interface LevelBits {
  readonly unigram: number;
  readonly position: readonly number[];
}

function levelBits(train: LevelGrids, measured: LevelGrids, codes: number): LevelBits {
  const [grids, rows, columns] = train.shape as [number, number, number];
  const each = rows * columns;
  const share = new Float64Array(codes).fill(1 / (train.data.length + codes));
  const counts = new Float64Array(each * codes);
  for (const [index, code] of train.data.entries()) {
    share[code]! += 1 / (train.data.length + codes);
    counts[(index % each) * codes + code]! += 1;
  }
  const bits = (probability: (code: number, index: number) => number) => {
    let sum = 0;
    for (const [index, code] of measured.data.entries()) sum -= Math.log2(probability(code, index));
    return sum;
  };
  return {
    unigram: bits((code) => share[code]!),
    position: WEIGHTS.map((smoothing) =>
      bits(
        (code, index) =>
          (counts[(index % each) * codes + code]! + smoothing * share[code]!) / (grids + smoothing),
      ),
    ),
  };
}
