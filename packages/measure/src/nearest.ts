import { ssim } from "@slicebook/core";
import { type CodeGrids, codesOf } from "@slicebook/runs/tensors";
import type { Decoded } from "./decoded.ts";

/** One of the training slices, by number, and how far it is. */
export interface Neighbour {
  readonly index: number;
  readonly distance: number;
}

/** Slices that SSIM is worked out for: this many of the nearest by codes, and this many by pixels of small copies. */
const BY_CODES = 2;
const BY_THUMBNAIL = 6;

/** The share of codes in which two slices differ. */
function hamming(first: Int32Array, second: Int32Array): number {
  let different = 0;
  for (let at = 0; at < first.length; at++) if (first[at] !== second[at]) different += 1;
  return different / first.length;
}

/** All codes of slice `index` of some, level after level. */
function allCodesOf({ levels }: CodeGrids, index: number): Int32Array {
  const parts = codesOf(levels, index);
  const codes = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let from = 0;
  for (const part of parts) {
    codes.set(part, from);
    from += part.length;
  }
  return codes;
}

/** The nearest slices of `training` by codes, nearest first; equal ones in their order. */
function nearestByCodes(codes: Int32Array, training: CodeGrids, most: number): Neighbour[] {
  const all = Array.from({ length: training.labels.length }, (_, index) => ({
    index,
    distance: hamming(codes, allCodesOf(training, index)),
  }));
  return nearestOf(all, most);
}

/** What the nearest training slices of each of some slices are. */
export interface Nearest {
  readonly byCodes: Neighbour;
  /** The distance is 1 − SSIM; the number is one of the decoded training slices. */
  readonly bySsim: Neighbour;
}

/**
 * The nearest training slice of slice `index` of some, by codes and by SSIM.
 *
 * SSIM is worked out for the nearest by codes and for the nearest by mean squared difference of small copies.
 */
export function nearestOfSlice(
  index: number,
  set: { readonly grids: CodeGrids; readonly decoded: Decoded },
  training: { readonly grids: CodeGrids; readonly decoded: Decoded },
): Nearest {
  const near = nearestByCodes(allCodesOf(set.grids, index), training.grids, BY_CODES);
  const thumbnail = set.decoded.thumbnail(index);
  const alike = nearestOf(
    training.decoded.numbers.map((_, position) => ({
      index: position,
      distance: meanSquare(thumbnail, training.decoded.thumbnail(position)),
    })),
    BY_THUMBNAIL,
  );
  const positions = new Set(alike.map((one) => one.index));
  for (const one of near) {
    const position = training.decoded.numbers.indexOf(one.index);
    if (position >= 0) positions.add(position);
  }
  const { size } = set.decoded;
  const image = set.decoded.image(index);
  const compared = [...positions].map((position) => ({
    index: training.decoded.numbers[position]!,
    distance: 1 - ssim(training.decoded.image(position), image, size),
  }));
  return { byCodes: near[0]!, bySsim: nearestOf(compared, 1)[0]! };
}

function nearestOf(all: readonly Neighbour[], most: number): Neighbour[] {
  return [...all].sort((a, b) => a.distance - b.distance || a.index - b.index).slice(0, most);
}

function meanSquare(first: Float32Array, second: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < first.length; at++) sum += (first[at]! - second[at]!) ** 2;
  return sum / first.length;
}
