import type { Samples, Size } from "./types.ts";

/**
 * Resizes a row-major image by antialiased bilinear interpolation.
 *
 * The triangle filter is widened by the reduction factor when shrinking, so that every source pixel counts;
 * when enlarging it is plain bilinear. Pixel centres are at half integers and the image's edge values are not
 * repeated, as in Pillow's `resize(BILINEAR)` of a float image and PyTorch's `interpolate(antialias=True)`.
 */
export function resizeBilinear(
  values: Samples,
  [height, width]: Size,
  [newHeight, newWidth]: Size,
): Float32Array {
  // One type, since a loop over several is some times as slow.
  const source = values instanceof Float64Array ? values : new Float64Array(values);
  const columns = triangleWeights(width, newWidth);
  const rows = triangleWeights(height, newHeight);
  const across = new Float64Array(height * newWidth);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < newWidth; column++) {
      const { start, weights } = columns[column]!;
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++)
        sum += weights[tap]! * source[row * width + start + tap]!;
      across[row * newWidth + column] = sum;
    }
  }
  const out = new Float32Array(newHeight * newWidth);
  for (let row = 0; row < newHeight; row++) {
    const { start, weights } = rows[row]!;
    for (let column = 0; column < newWidth; column++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        sum += weights[tap]! * across[(start + tap) * newWidth + column]!;
      }
      out[row * newWidth + column] = sum;
    }
  }
  return out;
}

interface Taps {
  readonly start: number;
  readonly weights: Float64Array;
}

/** For each output pixel of one axis, the source pixels it is made of; the weights sum to 1. */
function triangleWeights(length: number, newLength: number): Taps[] {
  const step = length / newLength;
  const support = Math.max(step, 1);
  return Array.from({ length: newLength }, (_, index) => {
    const centre = (index + 0.5) * step;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(length, Math.floor(centre + support + 0.5));
    const weights = new Float64Array(end - start);
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap++) {
      const weight = Math.max(0, 1 - Math.abs((start + tap + 0.5 - centre) / support));
      weights[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < weights.length; tap++) weights[tap]! /= sum;
    return { start, weights };
  });
}
