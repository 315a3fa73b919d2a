import { clippedToUnit, ownUnitRange, type SliceRecord, toUnitRange } from "@slicebook/core";
import { greysOf, type Preprocessing } from "@slicebook/datasets";
import type { SliceSet } from "@slicebook/datasets/node";

/** Grey images in [0, 1]. */
export interface Greys {
  readonly data: Float32Array;
  readonly shape: readonly [images: number, height: number, width: number];
}

/** Slices and their reconstructions on one scale: each original's own range mapped to [0, 1], clipped. */
export interface PicturePairs {
  readonly originals: Greys;
  readonly reconstructions: Greys;
}

/**
 * Brings slices of a set, and reconstructions [n, h, w] of them in preprocessed units, to a picture's scale.
 */
export function picturePairs(
  set: SliceSet,
  indices: readonly number[],
  reconstructions: Float32Array,
  [height, width]: readonly [number, number],
): PicturePairs {
  const pixels = height * width;
  const originals = set.originals(indices);
  const unit = {
    original: new Float32Array(originals.length),
    reconstruction: new Float32Array(originals.length),
  };
  for (const [position, index] of indices.entries()) {
    const [from, to] = [position * pixels, (position + 1) * pixels];
    const pair = toUnitRange(
      originals.subarray(from, to),
      set.toOriginal(index, reconstructions.subarray(from, to)),
    );
    unit.original.set(pair.original, from);
    unit.reconstruction.set(pair.reconstruction, from);
  }
  const shape = [indices.length, height, width] as const;
  return { originals: { data: unit.original, shape }, reconstructions: { data: unit.reconstruction, shape } };
}

/**
 * Decoded images [n, h, w] that have no original to give them a scale, such as samples, in preprocessed units: brought
 * to [0, 1] as the training slices are, all alike. In runs of earlier versions, which know of no range, each is mapped
 * from its own.
 */
export function sampleGreys(
  images: Float32Array,
  {
    size,
    preprocessing,
  }: { readonly size: readonly [number, number]; readonly preprocessing: Preprocessing },
): Greys {
  return eachScaled(images, size, (image) => greysOf(preprocessing, image));
}

/**
 * A slice that was restored from a compressed file, in its own units, as greys in [0, 1]: from the least to the greatest value of its
 * original, or where its record does not keep these, of itself.
 */
export function restoredGreys(
  restored: Float32Array,
  { original: { range } }: Pick<SliceRecord, "original">,
): Float32Array {
  if (range === undefined) return Float32Array.from(ownUnitRange(restored));
  const [minimum, greatest] = range;
  return Float32Array.from(clippedToUnit(restored, { minimum, range: greatest - minimum }));
}

/** Images [n, h, w] each mapped from its own range to [0, 1]. */
export function ownRange(images: Float32Array, size: readonly [number, number]): Greys {
  return eachScaled(images, size, ownUnitRange);
}

function eachScaled(
  images: Float32Array,
  [height, width]: readonly [number, number],
  scaled: (image: Float32Array) => ArrayLike<number>,
): Greys {
  const pixels = height * width;
  const data = new Float32Array(images.length);
  for (let from = 0; from < images.length; from += pixels) {
    data.set(scaled(images.subarray(from, from + pixels)), from);
  }
  return { data, shape: [images.length / pixels, height, width] };
}
