import { writeFileAtomic } from "@slicebook/base/node";
import { ownUnitRange, toUnitRange } from "@slicebook/core";
import { greysOf, type Preprocessing } from "@slicebook/datasets";
import type { SliceSet } from "@slicebook/datasets/node";
import { greyPng, type ImageStack, tall } from "@slicebook/report";
import type { PairedSlices, PairFiles } from "@slicebook/runs";

/** Slices and their reconstructions on one scale: each original's own range mapped to [0, 1], clipped. */
export interface PicturePairs {
  readonly originals: ImageStack;
  readonly reconstructions: ImageStack;
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
  for (const [place, index] of indices.entries()) {
    const [from, to] = [place * pixels, (place + 1) * pixels];
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
): ImageStack {
  return eachScaled(images, size, (image) => greysOf(preprocessing, image));
}

/** Images [n, h, w] each mapped from its own range to [0, 1]. */
export function ownRange(images: Float32Array, size: readonly [number, number]): ImageStack {
  return eachScaled(images, size, ownUnitRange);
}

function eachScaled(
  images: Float32Array,
  [height, width]: readonly [number, number],
  scaled: (image: Float32Array) => ArrayLike<number>,
): ImageStack {
  const pixels = height * width;
  const data = new Float32Array(images.length);
  for (let from = 0; from < images.length; from += pixels) {
    data.set(scaled(images.subarray(from, from + pixels)), from);
  }
  return { data, shape: [images.length / pixels, height, width] };
}

/** Keeps slices and their reconstructions as two tall grey pictures with the slices' names and SSIM, for the viewer. */
export async function savePairs(
  files: PairFiles,
  { originals, reconstructions }: PicturePairs,
  slices: PairedSlices,
): Promise<void> {
  await writeFileAtomic(files.originals, await greyPng(tall(originals), 0));
  await writeFileAtomic(files.reconstructions, await greyPng(tall(reconstructions), 0));
  await writeFileAtomic(files.slices, `${JSON.stringify({ slices }, undefined, 2)}\n`);
}
