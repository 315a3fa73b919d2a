import { SlicebookError } from "@slicebook/base";
import type { ImageSize } from "./metrics/image.ts";

/** ln p of the codes of one level, [rows, columns] row-major, as a prior's `logLikelihood` gives it. */
export interface LevelLikelihood {
  readonly logLikelihood: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Where a slice holds what a prior does not expect: bits per pixel, [height, width] row-major.
 *
 * Each code's bits, −log2 p, are spread evenly over the pixels that it stands for; those of all levels add up, so the
 * map's sum is what the whole slice costs. Throws `METRIC_INPUT_INVALID` where a level does not divide the image.
 */
export function likelihoodMap(
  levels: readonly LevelLikelihood[],
  { height, width }: ImageSize,
): Float32Array {
  const map = new Float32Array(height * width);
  for (const { logLikelihood, rows, columns } of levels) {
    const [high, wide] = [height / rows, width / columns];
    if (!Number.isInteger(high) || !Number.isInteger(wide) || logLikelihood.length !== rows * columns) {
      throw new SlicebookError(
        "METRIC_INPUT_INVALID",
        `${logLikelihood.length} likelihoods on a grid of ${rows}×${columns} do not cover an image of ${height}×${width}`,
      );
    }
    for (let at = 0; at < map.length; at++) {
      const [row, column] = [Math.floor(at / width / high), Math.floor((at % width) / wide)];
      map[at]! -= logLikelihood[row * columns + column]! / Math.LN2 / (high * wide);
    }
  }
  return map;
}
