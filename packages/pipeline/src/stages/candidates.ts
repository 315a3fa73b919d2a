import type { HostTensors } from "@slicebook/base";
import { countOf, type Points, reducedPictures, squaredDistance } from "@slicebook/core";
import type { Engine } from "@slicebook/engine";
import { type CodecOptions, decodeCodes } from "@slicebook/model";
import type { LevelGrids } from "@slicebook/runs/tensors";

/** Training slices to which a picture's distance is taken. */
const NEAREST = 5;
/** The share of a sample's candidates among which the one that is kept lies the farthest from training slices. */
const KEPT = 1 / 4;

/**
 * Between the numbers of two candidates for a sample, more than there can be samples: successive numbers are drawn evenly over
 * all kinds, and of candidates of every kind the same one would always be kept.
 */
export const CANDIDATES_APART = 2 ** 20;

/** Codes of the coarsest picture, int32 [n, rows, columns] for each of its levels. */
export interface CandidateCodes {
  /** `each` for each sample, the first sample's first. */
  readonly candidates: readonly LevelGrids[];
  readonly each: number;
  readonly training: readonly LevelGrids[];
}

/** Decodes coarse pictures, and gives the number of the candidate that is kept for each sample: see {@link plausible}. */
export async function plausibleCandidates(
  engine: Engine,
  parameters: HostTensors,
  { each, ...codes }: CandidateCodes,
  options: CodecOptions,
): Promise<number[]> {
  const pictures = async (levels: readonly LevelGrids[]) => {
    const [height, width] = options.model.pictureSize(levels.length);
    return reducedPictures(await decodeCodes(engine, parameters, levels, options), { height, width });
  };
  return plausible({
    candidates: await pictures(codes.candidates),
    each,
    training: await pictures(codes.training),
  });
}

/**
 * The number of the candidate that is kept for each sample: of the quarter of its `each` candidates that lie the nearest to
 * training slices, the farthest, so that what is like nothing that was seen is left out, and copies are not preferred.
 *
 * The distance is that from the five nearest training slices, as the root of the mean square. Held-out slices are not a measure
 * of it: those of a few subjects may be farther from training slices than most slices are.
 */
export function plausible({
  candidates,
  each,
  training,
}: {
  readonly candidates: Points;
  readonly each: number;
  readonly training: Points;
}): number[] {
  const distances = distancesFrom(training, candidates);
  const rank = Math.ceil(KEPT * each) - 1;
  return Array.from({ length: distances.length / each }, (_, sample) => {
    const numbers = Array.from({ length: each }, (_, candidate) => sample * each + candidate);
    return numbers.sort((a, b) => distances[a]! - distances[b]! || a - b)[rank]!;
  });
}

/** Of each picture the root of the mean squared distance to its nearest training slices. */
function distancesFrom(training: Points, pictures: Points): Float64Array {
  return Float64Array.from({ length: countOf(pictures) }, (_, picture) => {
    const squares = Float64Array.from({ length: countOf(training) }, (_, slice) =>
      squaredDistance(training, slice, pictures, picture),
    );
    const nearest = squares.sort().subarray(0, NEAREST);
    return Math.sqrt(nearest.reduce((sum, square) => sum + square, 0) / nearest.length);
  });
}
