import type { HostTensors } from "@slicebook/base";
import { countOf, type Points, reducedPictures, squaredDistance } from "@slicebook/core";
import type { Engine } from "@slicebook/engine";
import type { LevelGrids } from "./code-grids.ts";
import { type CodecOptions, decodeCodes } from "./codec.ts";

/** Training slices to which a picture's distance is taken. */
const NEAREST = 5;
/** The part of held-out slices, in the order of their distances, among which a sample's is to be. */
const BAND = { from: 0.1, to: 0.5 };

/** Codes of the coarsest picture, int32 [n, rows, columns] for each of its levels. */
export interface CandidateCodes {
  /** `each` for each sample, the first sample's first. */
  readonly candidates: readonly LevelGrids[];
  readonly each: number;
  readonly training: readonly LevelGrids[];
  /** Of slices that neither the tokenizer nor the prior was trained on. */
  readonly heldOut: readonly LevelGrids[];
}

/** Decodes coarse pictures, and gives the number of the candidate that is kept for each sample: see {@link typical}. */
export async function typicalCandidates(
  engine: Engine,
  parameters: HostTensors,
  { each, ...codes }: CandidateCodes,
  options: CodecOptions,
): Promise<number[]> {
  const pictures = async (levels: readonly LevelGrids[]) => {
    const [height, width] = options.model.pictureSize(levels.length);
    return reducedPictures(await decodeCodes(engine, parameters, levels, options), { height, width });
  };
  return typical({
    candidates: await pictures(codes.candidates),
    each,
    training: await pictures(codes.training),
    heldOut: await pictures(codes.heldOut),
  });
}

/**
 * The number of the candidate that is kept for each sample: of `each` the first that is typical, else the one nearest to
 * that.
 *
 * Typical is a picture whose distance from its five nearest training slices is among the lower half of held-out slices'
 * distances, but not among the lowest tenth: neither unlike all that was seen, nor a copy.
 */
export function typical({
  candidates,
  each,
  training,
  heldOut,
}: {
  readonly candidates: Points;
  readonly each: number;
  readonly training: Points;
  readonly heldOut: Points;
}): number[] {
  const usual = distancesFrom(training, heldOut).sort();
  const at = (part: number) => usual[Math.floor(part * (usual.length - 1))]!;
  const [lowest, highest] = [at(BAND.from), at(BAND.to)];
  const outside = distancesFrom(training, candidates).map((distance) =>
    Math.max(lowest - distance, distance - highest, 0),
  );
  return Array.from({ length: outside.length / each }, (_, sample) => {
    const own = outside.subarray(sample * each, (sample + 1) * each);
    return sample * each + own.indexOf(Math.min(...own));
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
