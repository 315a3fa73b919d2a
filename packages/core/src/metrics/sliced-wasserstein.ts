import { random, SlicebookError } from "@slicebook/base";
import type { ImageSize } from "./image.ts";
import { laplacianPyramid, pyramidSizes } from "./laplacian-pyramid.ts";
import { countOf, type Points } from "./points.ts";

/** Pixels on a side of a patch. */
export const PATCH_SIDE = 7;

/** `count` directions of length 1 at random, drawn by the seed: [count, width]. */
export function randomDirections(width: number, count: number, seed: number): Points {
  const data = Float64Array.from(random(seed, "directions").normals(count * width));
  for (let from = 0; from < data.length; from += width) {
    const direction = data.subarray(from, from + width);
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    for (let at = 0; at < width; at++) direction[at]! /= length;
  }
  return { data, width };
}

/**
 * The sliced Wasserstein distance of two sets of as many points (Rabin et al., 2011): the mean, over directions, of the
 * distance of order 1 between the sets' projections. Throws `METRIC_INPUT_INVALID` for sets of different numbers or widths.
 */
export function slicedWasserstein(first: Points, second: Points, directions: Points): number {
  if (first.data.length !== second.data.length || first.width !== second.width) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `the sliced Wasserstein distance is of two sets of as many points of one width: found ${countOf(first)} of ` +
        `width ${first.width}, and ${countOf(second)} of width ${second.width}`,
    );
  }
  return betweenProjections(projections(first, directions), projections(second, directions));
}

/** The distance of each of some sets to a reference, in one level of the pyramid. */
export interface PyramidDistance {
  readonly size: ImageSize;
  /** In standard deviations of the reference's pixels in this level, a set each. */
  readonly distances: readonly number[];
}

export interface PyramidDistanceOptions {
  readonly size: ImageSize;
  /** Patches of each level, spread evenly over a set's images, at places drawn by the seed. */
  readonly patches: number;
  /** Directions that patches are projected on. */
  readonly directions: number;
  readonly seed: number;
}

/**
 * The sliced Wasserstein distance of 7×7 patches of sets of images to those of a reference, in each level of the Laplacian
 * pyramid that has room for a patch, the finest first (Karras et al., "Progressive growing of GANs for improved quality,
 * stability, and variation", 2018, section 5). Images are [n, height, width] of one scale.
 *
 * Unlike there, all sets are normalised by the mean and deviation of the reference: by its own, a set whose background is
 * grey, or whose detail is faint, would not differ.
 */
export function pyramidDistances(
  reference: Float32Array,
  sets: readonly Float32Array[],
  { size, patches, directions: count, seed }: PyramidDistanceOptions,
): PyramidDistance[] {
  const directions = randomDirections(PATCH_SIDE ** 2, count, seed);
  const real = patchesOf(reference, size, patches, seed);
  const others = sets.map((images) => patchesOf(images, size, patches, seed));
  return real.map(({ size: levelSize, data }, level) => {
    const normalise = normaliser(data);
    const sorted = (points: Float32Array) =>
      projections({ data: normalise(points), width: PATCH_SIDE ** 2 }, directions);
    const target = sorted(data);
    return {
      size: levelSize,
      distances: others.map((levels) => betweenProjections(sorted(levels[level]!.data), target)),
    };
  });
}

/** Patches of each level of the pyramids of images, [patches, 49] a level. */
function patchesOf(images: Float32Array, size: ImageSize, patches: number, seed: number) {
  const pixels = size.height * size.width;
  const count = images.length / pixels;
  if (count < 1 || !Number.isInteger(count)) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `patches are taken from one image of ${size.height}×${size.width} pixels at least: found ${images.length} values`,
    );
  }
  const levels = pyramidSizes(size)
    .filter(({ height, width }) => Math.min(height, width) >= PATCH_SIDE)
    .map((levelSize, level) => ({
      size: levelSize,
      data: new Float32Array(patches * PATCH_SIDE ** 2),
      places: random(seed, "patches", level),
    }));
  let patch = 0;
  for (let image = 0; image < count; image++) {
    const pyramid = laplacianPyramid(images.subarray(image * pixels, (image + 1) * pixels), size);
    const end = Math.floor(((image + 1) * patches) / count);
    for (; patch < end; patch++) {
      for (const [level, { size: levelSize, data, places }] of levels.entries()) {
        const { values } = pyramid[level]!;
        const row = places.integer(levelSize.height - PATCH_SIDE + 1);
        const column = places.integer(levelSize.width - PATCH_SIDE + 1);
        for (let line = 0; line < PATCH_SIDE; line++) {
          const from = (row + line) * levelSize.width + column;
          const to = patch * PATCH_SIDE ** 2 + line * PATCH_SIDE;
          for (let at = 0; at < PATCH_SIDE; at++) data[to + at] = values[from + at]!;
        }
      }
    }
  }
  return levels;
}

/** Takes the mean of `values` off others, and divides by their standard deviation unless it is 0. */
function normaliser(values: Float32Array): (others: Float32Array) => Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const deviation = square > 0 ? Math.sqrt(square) : 1;
  return (others) => others.map((value) => (value - mean) / deviation);
}

/** The projections of points on each direction, in ascending order. */
function projections({ data, width }: Points, directions: Points): Float64Array[] {
  return Array.from({ length: countOf(directions) }, (_, direction) => {
    const along = Array.from({ length: width }, (_, at) => directions.data[direction * width + at]!);
    const projected = new Float64Array(data.length / width);
    for (let point = 0, from = 0; point < projected.length; point++, from += width) {
      let sum = 0;
      for (let at = 0; at < width; at++) sum += along[at]! * data[from + at]!;
      projected[point] = sum;
    }
    return projected.sort();
  });
}

function betweenProjections(first: readonly Float64Array[], second: readonly Float64Array[]): number {
  let sum = 0;
  for (const [direction, projected] of first.entries()) {
    const other = second[direction]!;
    let apart = 0;
    for (let at = 0; at < projected.length; at++) apart += Math.abs(projected[at]! - other[at]!);
    sum += apart / projected.length;
  }
  return sum / first.length;
}
