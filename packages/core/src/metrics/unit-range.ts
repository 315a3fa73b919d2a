import { checkSameLength, type Pixels } from "./image.ts";

/** An original and its reconstruction on the scale that {@link toUnitRange} gives them, in float64. */
export interface UnitPair {
  /** Spans [0, 1]; all 0 where the original is constant. */
  readonly original: Float64Array;
  /** Clipped to [0, 1]. */
  readonly reconstruction: Float64Array;
}

/**
 * Maps an original to [0, 1] by its own minimum and maximum, and its reconstruction by the same map, clipped: the
 * scale on which SSIM, MS-SSIM, PSNR and MSE are reported.
 *
 * Both images are in the original's units. A constant original has no range to divide by: its minimum is taken off
 * both images and nothing is divided, so that an equal reconstruction is perfect, one that is brighter by 1 unit or
 * more is as wrong as can be, and one that is darker is clipped. NaN stays NaN.
 */
export function toUnitRange(original: Pixels, reconstruction: Pixels): UnitPair {
  checkSameLength("toUnitRange", original, reconstruction);
  const range = rangeOf(original);
  return { original: clippedToUnit(original, range), reconstruction: clippedToUnit(reconstruction, range) };
}

/** An image by itself on that scale. */
export function ownUnitRange(image: Pixels): Float64Array {
  return clippedToUnit(image, rangeOf(image));
}

/** A reconstruction on that scale, where of its original only the range is known. */
export function clippedToUnit(
  reconstruction: Pixels,
  { minimum, range }: { readonly minimum: number; readonly range: number },
): Float64Array {
  const divisor = range === 0 ? 1 : range;
  const unit = new Float64Array(reconstruction.length);
  for (let index = 0; index < unit.length; index++) {
    unit[index] = Math.min(1, Math.max(0, (reconstruction[index]! - minimum) / divisor));
  }
  return unit;
}

/** The smallest value of an image, and its distance to the largest. */
export function rangeOf(image: Pixels): { minimum: number; range: number } {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (const value of image) {
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return { minimum, range: maximum - minimum };
}
