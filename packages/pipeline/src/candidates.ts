import type { HostTensors } from "@slicebook/base";
import { areaMeans, REDUCED_SIDE, reducedSize, vqvae } from "@slicebook/core";
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
  const pictures = async (levels: readonly LevelGrids[]) =>
    reducedPictures(
      await decodeCodes(engine, parameters, levels, options),
      vqvae.pictureSize(options.model, options.size, levels.length),
    );
  return typical({
    candidates: await pictures(codes.candidates),
    each,
    training: await pictures(codes.training),
    heldOut: await pictures(codes.heldOut),
  });
}

/** Pictures of one size, a row of pixels each. */
type Pictures = readonly ArrayLike<number>[];

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
  readonly candidates: Pictures;
  readonly each: number;
  readonly training: Pictures;
  readonly heldOut: Pictures;
}): number[] {
  const usual = heldOut.map((picture) => distanceFrom(training, picture)).sort((a, b) => a - b);
  const at = (part: number) => usual[Math.floor(part * (usual.length - 1))]!;
  const [lowest, highest] = [at(BAND.from), at(BAND.to)];
  const outside = candidates.map((picture) => {
    const distance = distanceFrom(training, picture);
    return Math.max(lowest - distance, distance - highest, 0);
  });
  return Array.from({ length: candidates.length / each }, (_, sample) => {
    const own = outside.slice(sample * each, (sample + 1) * each);
    return sample * each + own.indexOf(Math.min(...own));
  });
}

function reducedPictures(
  images: Float32Array,
  [height, width]: readonly [height: number, width: number],
): Float64Array[] {
  const size = { height, width };
  const target = reducedSize(size, REDUCED_SIDE);
  const pixels = height * width;
  return Array.from({ length: images.length / pixels }, (_, index) =>
    areaMeans(images.subarray(index * pixels, (index + 1) * pixels), size, target),
  );
}

/** The root of the mean squared distance to the nearest training slices. */
function distanceFrom(training: Pictures, picture: ArrayLike<number>): number {
  const squares = Float64Array.from(training, (known) => {
    let sum = 0;
    for (let at = 0; at < known.length; at++) sum += (known[at]! - picture[at]!) ** 2;
    return sum;
  });
  const nearest = squares.sort().slice(0, NEAREST);
  return Math.sqrt(nearest.reduce((sum, square) => sum + square, 0) / nearest.length);
}
