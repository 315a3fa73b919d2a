import { checkImages, type ImageSize, type Pixels } from "./image.ts";
import { compareImages, GAUSSIAN_WINDOW } from "./similarity.ts";

/** The exponents of the five scales, finest first (Wang, Simoncelli and Bovik, 2003, section 3.2). */
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;

/** What {@link msSsim} returns. */
export interface MultiScaleSimilarity {
  readonly msSsim: number;
  /** How many scales were compared: 5, or fewer where an image is too small for the window at the coarsest. */
  readonly scales: number;
}

/**
 * The multi-scale structural similarity of two images in [0, 1] (Wang, Simoncelli and Bovik, "Multiscale structural
 * similarity for image quality assessment", 2003, equation 7): the product over scales of the mean contrast ×
 * structure, and at the coarsest of the mean SSIM, each raised to its scale's weight.
 *
 * Each scale is compared as `ssim` compares images, and halved for the next by averaging 2×2 pixels; the last row or
 * column of an odd side is averaged with itself. A mean below zero has no real power and counts as 0. Five scales
 * need a short side of 161; a smaller image gets 4 (from 81), 3 (41), 2 (21) or 1 (11) of them, whose weights are
 * divided by their sum. Throws `METRIC_INPUT_INVALID` where a side is under 11 or the values do not fill the size.
 */
export function msSsim(original: Pixels, reconstruction: Pixels, size: ImageSize): MultiScaleSimilarity {
  checkImages("MS-SSIM", original, reconstruction, size, GAUSSIAN_WINDOW.length);
  const weights = scaleWeights(size);
  const scales = weights.length;
  let [first, second, { height, width }] = [original, reconstruction, size];
  let product = 1;
  for (let scale = 0; scale < scales; scale++) {
    if (scale > 0) {
      first = halved(first, height, width);
      second = halved(second, height, width);
      [height, width] = [Math.ceil(height / 2), Math.ceil(width / 2)];
    }
    const similarity = compareImages(
      first,
      second,
      { height, width },
      { window: GAUSSIAN_WINDOW, covarianceScale: 1, dataRange: 1 },
    );
    const mean = scale === scales - 1 ? similarity.ssim : similarity.contrastStructure;
    product *= Math.max(0, mean) ** weights[scale]!;
  }
  return { msSsim: product, scales };
}

/** The exponents of the scales at which images of that size can be compared, finest first; their sum is 1. */
export function scaleWeights(size: ImageSize): number[] {
  const weights = WEIGHTS.slice(0, scaleCount(size));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** How often, and once, the short side can be halved (rounding up) while the window still fits; 5 at most. */
function scaleCount({ height, width }: ImageSize): number {
  let side = Math.min(height, width);
  let scales = 0;
  while (scales < WEIGHTS.length && side >= GAUSSIAN_WINDOW.length) {
    scales += 1;
    side = Math.ceil(side / 2);
  }
  return scales;
}

function halved(image: Pixels, height: number, width: number): Float64Array {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const half = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const top = 2 * row * width;
    const bottom = Math.min(2 * row + 1, height - 1) * width;
    for (let column = 0; column < columns; column++) {
      const left = 2 * column;
      const right = Math.min(left + 1, width - 1);
      const sum = image[top + left]! + image[top + right]! + image[bottom + left]! + image[bottom + right]!;
      half[row * columns + column] = sum / 4;
    }
  }
  return half;
}
