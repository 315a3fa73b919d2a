import { checkImages, type ImageSize, type Pixels } from "./image.ts";
import { compareImages, GAUSSIAN_WINDOW, UNIFORM_WINDOW } from "./similarity.ts";
import { rangeOf } from "./unit-range.ts";

/**
 * The structural similarity of two images in [0, 1], by the one protocol in which Slicebook reports it: data range 1,
 * an 11×11 Gaussian window of σ = 1.5, population covariance, K1 = 0.01, K2 = 0.03, averaged over the windows that
 * lie inside the image. 1 for equal images; negative values occur where structures are inverted, and stay.
 *
 * Bring both images to [0, 1] with `toUnitRange`. Equals scikit-image's `structural_similarity(…, data_range=1,
 * gaussian_weights=True, sigma=1.5, use_sample_covariance=False)` on float64 images. Throws
 * `METRIC_INPUT_INVALID` where a side is under 11 or the values do not fill the size.
 */
export function ssim(original: Pixels, reconstruction: Pixels, size: ImageSize): number {
  checkImages("SSIM", original, reconstruction, size, GAUSSIAN_WINDOW.length);
  return compareImages(original, reconstruction, size, {
    window: GAUSSIAN_WINDOW,
    covarianceScale: 1,
    dataRange: 1,
  }).ssim;
}

/**
 * {@link ssim} where an image was filled in: over the windows that hold kept pixels, 1 in `kept` [height, width], and others.
 *
 * NaN where there is no such window.
 */
export function seamSsim(original: Pixels, filled: Pixels, kept: Uint8Array, size: ImageSize): number {
  const taps = GAUSSIAN_WINDOW.length;
  checkImages("SSIM", original, filled, size, taps);
  const { height, width } = size;
  const columns = width - taps + 1;
  const counted = Uint8Array.from({ length: (height - taps + 1) * columns }, (_, at) => {
    const first = Math.floor(at / columns) * width + (at % columns);
    const keptInRow = (row: number) =>
      kept.subarray(first + row * width, first + row * width + taps).reduce((sum, one) => sum + one, 0);
    const sum = Array.from({ length: taps }, (_, row) => keptInRow(row)).reduce((all, one) => all + one, 0);
    return Number(sum > 0 && sum < taps * taps);
  });
  return compareImages(original, filled, size, {
    window: GAUSSIAN_WINDOW,
    covarianceScale: 1,
    dataRange: 1,
    counted,
  }).ssim;
}

/**
 * The structural similarity with scikit-image's defaults, as many reports use them: a uniform 7×7 window, sample
 * covariance, and the original's maximum minus its minimum as the data range.
 *
 * Both images are in the original's units, the reconstruction as it is; the luminance term depends on where their
 * zero lies. A constant original has no range, which leaves nothing to steady the quotient: its data range is taken
 * as 1. Throws `METRIC_INPUT_INVALID` where a side is under 7 or the values do not fill the size.
 */
export function ssimDefault(original: Pixels, reconstruction: Pixels, size: ImageSize): number {
  checkImages("SSIM", original, reconstruction, size, UNIFORM_WINDOW.length);
  const samples = UNIFORM_WINDOW.length ** 2;
  const { range } = rangeOf(original);
  return compareImages(original, reconstruction, size, {
    window: UNIFORM_WINDOW,
    covarianceScale: samples / (samples - 1),
    dataRange: range === 0 ? 1 : range,
  }).ssim;
}
