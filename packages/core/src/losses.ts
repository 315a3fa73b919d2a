import { SlicebookError } from "@slicebook/base";
import {
  abs,
  add,
  addN,
  clipByValue,
  concat,
  div,
  equal,
  matMul,
  max,
  maximum,
  mean,
  min,
  mul,
  onesLike,
  pow,
  reshape,
  type Scalar,
  slice,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor2d,
  transpose,
  where,
} from "@tensorflow/tfjs-core";
import { scaleWeights } from "./metrics/ms-ssim.ts";
import { C1, C2, GAUSSIAN_WINDOW } from "./metrics/similarity.ts";

/** The terms of the reconstruction's loss, by name. */
export const LOSS_TERMS = ["mse", "l1", "ssim", "msSsim", "edges", "spectrum"] as const;
export type LossTerm = (typeof LOSS_TERMS)[number];

/**
 * Windows are compared at every second pixel, which is a third of the work, and lets every pixel take part all the
 * same.
 */
const WINDOW_STRIDE = 2;

/**
 * The weighted terms of the loss of a reconstruction, each a scalar; those of weight 0 are left out.
 *
 * Images are [b, h, w, 1] in preprocessed units, `dataVariance` is theirs over the training slices. `ssim` and
 * `msSsim` are 1 minus the similarity, on the scale of the evaluation: each image's own range mapped to [0, 1], the
 * reconstruction by the same map and clipped. To be darker than an image's black costs nothing there, as nothing of it
 * comes out: what a model makes is held among the values of the training slices. `mse` and `l1` see it. Throws a `SlicebookError` (`IMAGE_SIZE`) if a side is too small for
 * their window.
 */
export function reconstructionTerms(
  images: Tensor4D,
  decoded: Tensor4D,
  weights: Readonly<Record<LossTerm, number>>,
  dataVariance: number,
): Partial<Record<LossTerm, Scalar>> {
  const deviation = Math.sqrt(dataVariance);
  const error: Tensor4D = sub(decoded, images);
  const pair = () => unitPair(images, decoded);
  const terms: Readonly<Record<LossTerm, () => Scalar>> = {
    mse: () => div(mean(square(error)), dataVariance),
    l1: () => div(mean(abs(error)), deviation),
    ssim: () => sub(1, mean(similarity(...pair(), { stride: WINDOW_STRIDE }).ssim)),
    msSsim: () => sub(1, mean(multiScaleSimilarity(...pair(), { stride: WINDOW_STRIDE }))),
    edges: () => div(edgeError(error), deviation),
    spectrum: () => div(spectralError(error), deviation),
  };
  return Object.fromEntries(
    LOSS_TERMS.filter((name) => weights[name] > 0).map((name) => [name, mul(terms[name](), weights[name])]),
  );
}

/** Those weights without the terms whose windows are larger than the images [b, h, w, 1]. */
export function fittingTerms(
  weights: Readonly<Record<LossTerm, number>>,
  { shape: [, height, width] }: Tensor4D,
): Readonly<Record<LossTerm, number>> {
  return Math.min(height, width) < GAUSSIAN_WINDOW.length ? { ...weights, ssim: 0, msSsim: 0 } : weights;
}

/** Images [b, h, w, 1] and their reconstructions on the scale of `toUnitRange`, both [b, h, w]. */
export function unitPair(images: Tensor4D, decoded: Tensor4D): [Tensor3D, Tensor3D] {
  const low = min(images, [1, 2, 3], true);
  const range = sub(max(images, [1, 2, 3], true), low);
  // A constant image has no range to divide by.
  const divisor = where(equal(range, 0), onesLike(range), range);
  const shape = images.shape.slice(0, 3) as [number, number, number];
  const unit = (values: Tensor4D): Tensor3D => reshape(div(sub(values, low), divisor), shape);
  return [unit(images), clipByValue(unit(decoded), 0, 1)];
}

/**
 * The mean SSIM and the mean of its contrast × structure part, [b] each, of images [b, h, w] in [0, 1], as the metric
 * `ssim` has them, over the windows at every `stride`-th pixel.
 *
 * A Gaussian filter along a side is a product with a banded matrix, which is as fast as a convolution of one channel
 * is slow.
 */
export function similarity(
  x: Tensor3D,
  y: Tensor3D,
  { stride }: { stride: number },
): { ssim: Tensor1D; contrastStructure: Tensor1D } {
  const [batch, height, width] = x.shape;
  const [rows, columns] = [windows(height, stride), windows(width, stride)];
  const [down, across] = [rows.shape[1], columns.shape[1]];
  const filter = (image: Tensor): Tensor => {
    const alongRows = matMul(reshape(image, [batch * height, width]), columns);
    const turned = transpose(reshape(alongRows, [batch, height, across]), [0, 2, 1]);
    return reshape(matMul(reshape(turned, [batch * across, height]), rows), [batch, across * down]);
  };
  const [meanX, meanY] = [filter(x), filter(y)];
  const product = mul(meanX, meanY);
  const squares = add(square(meanX), square(meanY));
  const covariance = sub(filter(mul(x, y)), product);
  const variances = sub(filter(add(square(x), square(y))), squares);
  const contrast = div(add(mul(covariance, 2), C2), add(variances, C2));
  const luminance = div(add(mul(product, 2), C1), add(squares, C1));
  return { ssim: mean(mul(contrast, luminance), 1), contrastStructure: mean(contrast, 1) };
}

/** The multi-scale SSIM [b] of images [b, h, w] in [0, 1], as the metric `msSsim` has it but for the stride. */
export function multiScaleSimilarity(x: Tensor3D, y: Tensor3D, { stride }: { stride: number }): Tensor1D {
  const [, height, width] = x.shape;
  const weights = scaleWeights({ height, width });
  let [first, second] = [x, y];
  let product: Tensor | undefined;
  for (const [scale, weight] of weights.entries()) {
    if (scale > 0) [first, second] = [halved(first), halved(second)];
    const { ssim, contrastStructure } = similarity(first, second, { stride });
    // Above 0, where a power has a gradient.
    const factor = pow(maximum(scale === weights.length - 1 ? ssim : contrastStructure, 1e-4), weight);
    product = product === undefined ? factor : mul(product, factor);
  }
  return product as Tensor1D;
}

/** Means of 2×2 pixels; the last row or column of an odd side is averaged with itself. */
function halved(images: Tensor3D): Tensor3D {
  const [batch, height, width] = images.shape;
  const taller = height % 2 === 0 ? images : concat([images, slice(images, [0, height - 1, 0])], 1);
  const whole = width % 2 === 0 ? taller : concat([taller, slice(taller, [0, 0, width - 1])], 2);
  const [rows, columns] = [whole.shape[1] / 2, whole.shape[2] / 2];
  return mean(reshape(whole, [batch, rows, 2, columns, 2]), [2, 4]) as Tensor3D;
}

/** The mean absolute difference of neighbours, down and across, of errors [b, h, w, 1]. */
function edgeError(error: Tensor4D): Scalar {
  const [, height, width] = error.shape;
  const part = (y: number, x: number, h: number, w: number) => slice(error, [0, y, x, 0], [-1, h, w, -1]);
  const down = mean(abs(sub(part(1, 0, height - 1, width), part(0, 0, height - 1, width))));
  const across = mean(abs(sub(part(0, 1, height, width - 1), part(0, 0, height, width - 1))));
  return div(addN([down, across]), 2) as Scalar;
}

/** The mean absolute coefficient of the orthonormal discrete cosine transform of errors [b, h, w, 1]. */
function spectralError(error: Tensor4D): Scalar {
  const [batch, height, width] = error.shape;
  const across = matMul(reshape(error, [batch * height, width]), cosines(width));
  const turned = reshape(transpose(reshape(across, [batch, height, width]), [0, 2, 1]), [
    batch * width,
    height,
  ]);
  return mean(abs(matMul(turned, cosines(height))));
}

/** The Gaussian windows along a side, one a column, centred: [side, windows]. */
function windows(side: number, stride: number): Tensor2D {
  const taps = GAUSSIAN_WINDOW.length;
  if (side < taps) {
    throw new SlicebookError(
      "IMAGE_SIZE",
      `the loss's SSIM compares windows of ${taps}×${taps} pixels, and a side of the images is ${side}`,
      { remedy: "Set model.loss.ssim and model.loss.msSsim to 0, or take larger images." },
    );
  }
  const count = Math.floor((side - taps) / stride) + 1;
  const first = Math.floor((side - taps - (count - 1) * stride) / 2);
  const band = new Float32Array(side * count);
  for (let window = 0; window < count; window++) {
    for (const [tap, weight] of GAUSSIAN_WINDOW.entries()) {
      band[(first + window * stride + tap) * count + window] = weight;
    }
  }
  return tensor2d(band, [side, count]);
}

/** The orthonormal DCT-II of a side, [side, frequencies]. */
function cosines(side: number): Tensor2D {
  const matrix = Float32Array.from({ length: side * side }, (_, index) => {
    const [position, frequency] = [Math.floor(index / side), index % side];
    const scale = Math.sqrt((frequency === 0 ? 1 : 2) / side);
    return scale * Math.cos((Math.PI * frequency * (position + 0.5)) / side);
  });
  return tensor2d(matrix, [side, side]);
}
