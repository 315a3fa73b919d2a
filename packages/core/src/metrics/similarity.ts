import type { ImageSize, Pixels } from "./image.ts";

const K1 = 0.01;
const K2 = 0.03;

/** What steadies the quotients of images in [0, 1]. */
export const C1: number = K1 ** 2;
export const C2: number = K2 ** 2;

/** The window in which two images are compared, and what the comparison is scaled by. */
export interface SimilarityOptions {
  /** The weights of a separable, symmetric window along one side; odd in number, their sum is 1. */
  readonly window: Float64Array;
  /** What a window's variances and covariance are multiplied by: 1 for those of the population. */
  readonly covarianceScale: number;
  /** The distance from the darkest to the brightest possible value. */
  readonly dataRange: number;
  /** The windows that count, 1 or 0, by the rows and columns that they begin at; all unless given. */
  readonly counted?: Uint8Array;
}

/** Means over the positions at which the window lies wholly inside the image. */
export interface Similarity {
  /** The mean of the SSIM map: luminance × contrast × structure. */
  readonly ssim: number;
  /** The mean of the contrast × structure map: SSIM without its luminance term. */
  readonly contrastStructure: number;
}

/** The Gaussian window of Wang et al. (2004): 11 weights, σ = 1.5, sum 1. */
export const GAUSSIAN_WINDOW: Float64Array = normalised(
  Float64Array.from({ length: 11 }, (_, index) => Math.exp(-0.5 * ((index - 5) / 1.5) ** 2)),
);

/** The window of scikit-image's defaults: 7 equal weights, sum 1. */
export const UNIFORM_WINDOW: Float64Array = normalised(new Float64Array(7).fill(1));

/** Row buffers and filtered planes, kept from call to call: a data set's images mostly have one size. */
let rows = fourArrays(0);
let planes = fourArrays(0);

/**
 * Compares two images of the same size window by window (Wang, Bovik, Sheikh and Simoncelli, "Image quality
 * assessment: from error visibility to structural similarity", 2004, equations 6 and 13).
 *
 * scikit-image crops half a window from each side before it averages, so only windows inside the image count and no
 * boundary rule matters. Both variances occur only as their sum, so four filtered planes are enough: x, y, x² + y²
 * and xy. The sizes are the caller's to check.
 */
export function compareImages(
  first: Pixels,
  second: Pixels,
  { height, width }: ImageSize,
  { window, covarianceScale, dataRange, counted }: SimilarityOptions,
): Similarity {
  const taps = window.length;
  const columns = width - taps + 1;
  if (rows[0].length < width) rows = fourArrays(width);
  if (planes[0].length < height * columns) planes = fourArrays(height * columns);
  filterRows(first, second, height, width, window);

  const c1 = C1 * dataRange ** 2;
  const c2 = C2 * dataRange ** 2;
  let ssimSum = 0;
  let contrastSum = 0;
  let positions = 0;
  for (let row = 0; row + taps <= height; row++) {
    filterColumns(row, columns, window);
    const [x, y, squares, product] = rows;
    for (let column = 0; column < columns; column++) {
      if (counted !== undefined && counted[row * columns + column] === 0) continue;
      positions += 1;
      const meanX = x[column]!;
      const meanY = y[column]!;
      const meanProduct = meanX * meanY;
      const meanSquares = meanX * meanX + meanY * meanY;
      const covariance = covarianceScale * (product[column]! - meanProduct);
      const variances = covarianceScale * (squares[column]! - meanSquares);
      const contrast = (2 * covariance + c2) / (variances + c2);
      contrastSum += contrast;
      ssimSum += (contrast * (2 * meanProduct + c1)) / (meanSquares + c1);
    }
  }
  return { ssim: ssimSum / positions, contrastStructure: contrastSum / positions };
}

/** Filters x, y, x² + y² and xy along each image row, into `planes` of `width - taps + 1` columns. */
function filterRows(
  first: Pixels,
  second: Pixels,
  height: number,
  width: number,
  window: Float64Array,
): void {
  const columns = width - window.length + 1;
  const radius = (window.length - 1) / 2;
  const [x, y, squares, product] = rows;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const a = first[row * width + column]!;
      const b = second[row * width + column]!;
      x[column] = a;
      y[column] = b;
      squares[column] = a * a + b * b;
      product[column] = a * b;
    }
    for (let plane = 0; plane < 4; plane++) {
      const source = rows[plane]!;
      const target = planes[plane]!;
      for (let column = 0; column < columns; column++) {
        let sum = window[radius]! * source[column + radius]!;
        for (let tap = 0; tap < radius; tap++) {
          sum += window[tap]! * (source[column + tap]! + source[column + 2 * radius - tap]!);
        }
        target[row * columns + column] = sum;
      }
    }
  }
}

/** Filters the rows of `planes` from `row` on into the four row buffers: the means of one row of windows. */
function filterColumns(row: number, columns: number, window: Float64Array): void {
  const radius = (window.length - 1) / 2;
  for (let plane = 0; plane < 4; plane++) {
    const source = planes[plane]!;
    const target = rows[plane]!;
    const centre = (row + radius) * columns;
    for (let column = 0; column < columns; column++)
      target[column] = window[radius]! * source[centre + column]!;
    for (let tap = 0; tap < radius; tap++) {
      const weight = window[tap]!;
      const above = (row + tap) * columns;
      const below = (row + 2 * radius - tap) * columns;
      for (let column = 0; column < columns; column++) {
        target[column]! += weight * (source[above + column]! + source[below + column]!);
      }
    }
  }
}

function fourArrays(length: number): [Float64Array, Float64Array, Float64Array, Float64Array] {
  return [
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
  ];
}

function normalised(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
