import { float32, type HostTensor, type HostTensors, int32, random, sizeOf } from "@slicebook/base";
import { reshape, type Tensor, type Tensor2D, type Tensor4D, tidy } from "@tensorflow/tfjs-core";
import type { VqvaeConfig } from "./config.ts";
import { kmeans } from "./kmeans.ts";
import { applyLayers, countValues, initialWeights, weightShapes } from "./layers.ts";
import { decoderLayers, encoderLayers, gridSize } from "./networks.ts";
import { initialTraining, trainedWeights } from "./optimizer.ts";
import { checkTensors, type Params, param, type Signature, specsOf, type TensorSpec } from "./params.ts";
import { lookUp, nearestCodes } from "./quantizer.ts";

export { gridSize } from "./networks.ts";
export { type TrainStepOptions, trainStep } from "./train-step.ts";

/** The images of a step or a call: how many, and their height and width in pixels. */
export interface ImageBatch {
  readonly batch: number;
  readonly size: readonly [height: number, width: number];
}

/**
 * What training starts from, by names such as `weights.encoder.stem.kernel`.
 *
 * - `weights.*`, `adam.first.*`, `adam.second.*`, `average.*`: weights, Adam's moments and the weights' average;
 * - `quantizer.usage` [K]: the moving average of each code's share of the encodings; with the EMA quantizer also
 *   `quantizer.codebook` and `quantizer.sums`, [K, D]. The codebook-loss quantizer's codes are `weights.codebook`;
 * - `step` []: updates made.
 */
export function initialCarry(config: VqvaeConfig, { seed }: { seed: number }): HostTensors {
  const { codes, codeDimension, quantizer } = config;
  const shape = [codes, codeDimension];
  const codebook = float32(random(seed, "codebook").normals(sizeOf(shape)), shape);
  const share = 1 / codes;
  const usage = float32(new Float32Array(codes).fill(share), [codes]);
  const network = initialWeights([...encoderLayers(config), ...decoderLayers(config)], seed);
  if (quantizer.kind === "codebook-loss") {
    return { ...initialTraining({ ...network, codebook }), "quantizer.usage": usage };
  }
  return {
    ...initialTraining(network),
    "quantizer.usage": usage,
    "quantizer.codebook": codebook,
    "quantizer.sums": float32(
      codebook.data.map((value) => value * share),
      shape,
    ),
  };
}

/** The shapes and types of a step's inputs: `images`, `progress` and `restarts`. */
export function stepInputs(config: VqvaeConfig, { batch, size }: ImageBatch): Signature {
  return {
    images: imageSpec(config, { batch, size }),
    progress: { shape: [], dtype: "float32" },
    restarts: { shape: [config.codes], dtype: "int32" },
  };
}

/**
 * The noise of one step, which depends on the seed and the step only.
 *
 * `restarts` int32 [K]: for each code, which of the batch's encodings (in raster order, image after image) it moves to
 * if it is dead.
 */
export function stepNoise(
  config: VqvaeConfig,
  { seed, step, batch, size }: ImageBatch & { seed: number; step: number },
): HostTensors {
  const [rows, columns] = gridSize(config, size);
  const stream = random(seed, "restarts", step);
  const restarts = Int32Array.from({ length: config.codes }, () => stream.integer(batch * rows * columns));
  return { restarts: int32(restarts, [config.codes]) };
}

/** The shape and type of images [b, h, w, 1]; throws if the size does not divide into codes. */
export function imageSpec(config: VqvaeConfig, { batch, size }: ImageBatch): TensorSpec {
  gridSize(config, size);
  return { shape: [batch, ...size, 1], dtype: "float32" };
}

/** The shape and type of code indices [b, rows, columns] of images of that size. */
export function codeSpec(config: VqvaeConfig, { batch, size }: ImageBatch): TensorSpec {
  return { shape: [batch, ...gridSize(config, size)], dtype: "int32" };
}

/**
 * What `encode` and `decode` take, from a carry: the weights without their prefix, and `codebook` [K, D].
 *
 * `average` takes the weights' moving averages, which are smoother than the weights while the learning rate is high;
 * an EMA codebook is one by itself and taken as it is.
 */
export function parameters(carry: HostTensors, { average }: { average: boolean }): HostTensors {
  const weights = trainedWeights(carry, { average });
  const codebook = carry["quantizer.codebook"];
  return codebook === undefined ? weights : { ...weights, codebook };
}

/** The function from images [b, h, w, 1] to the indices of their codes, int32 [b, rows, columns] in raster order. */
export function encode(config: VqvaeConfig): (params: Params, images: Tensor) => Tensor {
  const encodings = features(config);
  return (params, images) =>
    tidy(() => {
      const vectors = encodings(params, images);
      const flat = reshape(vectors, [-1, config.codeDimension]) as Tensor2D;
      return reshape(nearestCodes(flat, param(params, "codebook") as Tensor2D), vectors.shape.slice(0, 3));
    });
}

/** The function from code indices int32 [b, rows, columns] to images [b, h, w, 1]. */
export function decode(config: VqvaeConfig): (params: Params, indices: Tensor) => Tensor {
  const layers = decoderLayers(config);
  return (params, indices) =>
    tidy(() => {
      const codes = lookUp(param(params, "codebook") as Tensor2D, indices);
      return applyLayers(layers, params, codes as Tensor4D);
    });
}

/** The function from images to what remains of them: `images` [b, h, w, 1], and their `indices` [b, rows, columns]. */
export function reconstruct(
  config: VqvaeConfig,
): (params: Params, images: Tensor) => { images: Tensor; indices: Tensor } {
  const toIndices = encode(config);
  const toImages = decode(config);
  return (params, images) =>
    tidy(() => {
      const indices = toIndices(params, images);
      return { images: toImages(params, indices), indices };
    });
}

/** The function from images [b, h, w, 1] to their encodings before quantization, [b, rows, columns, D]. */
export function features(config: VqvaeConfig): (params: Params, images: Tensor) => Tensor {
  const layers = encoderLayers(config);
  return (params, images) =>
    tidy(() => {
      const [, height, width] = images.shape;
      gridSize(config, [height!, width!]);
      return applyLayers(layers, params, images as Tensor4D);
    });
}

/**
 * When the codebook is to be made from data: right before the step of that number (with `step` updates made), from
 * the encodings of that many images by the weights as they are (`parameters(carry, { average: false })`); undefined
 * if it is not.
 */
export function codebookInit({
  quantizer,
  warmupSteps,
}: VqvaeConfig): { step: number; images: number } | undefined {
  if (quantizer.initialisation !== "data") return undefined;
  return { step: warmupSteps, images: quantizer.initialisationImages };
}

/**
 * The carry with a codebook of the k-means centres of encodings [..., D] (see `features`).
 *
 * Takes about a second for 512 codes; with many encodings, a random part of them is used.
 */
export function withCodebook(
  config: VqvaeConfig,
  carry: HostTensors,
  encodings: HostTensor,
  { seed }: { seed: number },
): HostTensors {
  const { codes, codeDimension, quantizer } = config;
  const { centres, sizes } = kmeans(Float32Array.from(encodings.data), {
    count: codes,
    dimension: codeDimension,
    seed,
  });
  const shape = [codes, codeDimension];
  const codebook = float32(centres, shape);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  // A rare code is no dead one: it starts where a restarted one does.
  const least = (2 * quantizer.restartBelow) / codes;
  const usage = Float32Array.from(sizes, (size) => Math.max(size / total, least));
  const sums = centres.map((value, index) => value * usage[Math.floor(index / codeDimension)]!);
  const shared = { ...carry, "quantizer.usage": float32(usage, [codes]) };
  if (quantizer.kind === "codebook-loss") {
    const moments = float32(new Float32Array(centres.length), shape);
    return {
      ...shared,
      "weights.codebook": codebook,
      "average.codebook": codebook,
      "adam.first.codebook": moments,
      "adam.second.codebook": moments,
    };
  }
  return {
    ...shared,
    "quantizer.codebook": codebook,
    "quantizer.sums": float32(sums, shape),
  };
}

/**
 * Checks that a checkpoint's tensors are those of this architecture.
 *
 * Throws a `SlicebookError` (`CHECKPOINT_MISMATCH`) that names the first tensors that differ.
 */
export function checkCarry(config: VqvaeConfig, tensors: HostTensors): void {
  checkTensors("the VQ-VAE's checkpoint", specsOf(initialCarry(config, { seed: 0 })), tensors);
}

/** The number of trained values: weights of encoder and decoder, and codebook. */
export function countWeights(config: VqvaeConfig): number {
  const network = countValues(weightShapes([...encoderLayers(config), ...decoderLayers(config)]));
  return network + config.codes * config.codeDimension;
}
