import { checkSameLength, type Pixels } from "./image.ts";

/** The mean squared error between two images, in the square of their units. */
export function mse(original: Pixels, reconstruction: Pixels): number {
  checkSameLength("MSE", original, reconstruction);
  let sum = 0;
  for (let index = 0; index < original.length; index++) {
    sum += (original[index]! - reconstruction[index]!) ** 2;
  }
  return sum / original.length;
}

/** The mean absolute error between two images, in their units. */
export function meanAbsoluteError(original: Pixels, reconstruction: Pixels): number {
  checkSameLength("MAE", original, reconstruction);
  let sum = 0;
  for (let index = 0; index < original.length; index++)
    sum += Math.abs(original[index]! - reconstruction[index]!);
  return sum / original.length;
}

/**
 * The peak signal-to-noise ratio in decibels, 10 log₁₀(peak² / MSE); `Infinity` for equal images.
 *
 * `peak` is the largest possible value minus the smallest: 1 for images in [0, 1].
 */
export function psnr(original: Pixels, reconstruction: Pixels, peak = 1): number {
  return 10 * Math.log10(peak ** 2 / mse(original, reconstruction));
}
