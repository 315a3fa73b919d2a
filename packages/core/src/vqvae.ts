import { float32, type HostTensor, type HostTensors, int32, random } from "@slicebook/base";
import {
  reshape,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tidy,
} from "@tensorflow/tfjs-core";
import type { CodeLevel } from "./code-space.ts";
import type { VqvaeConfig } from "./config.ts";
import { forward } from "./forward.ts";
import { initialWeights } from "./layers.ts";
import { gridSizes, network } from "./networks.ts";
import { initialTraining, trainedWeights } from "./optimizer.ts";
import {
  checkTensors,
  type Params,
  type Signature,
  specsOf,
  type TensorSpec,
  withoutPrefix,
  withPrefix,
} from "./params.ts";
import { ofLevel } from "./per-level.ts";
import { quantizers } from "./quantizers/index.ts";
import type { TrainStepOptions } from "./train-step.ts";

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
 * - `quantizer.active` []: 0 while the model is a plain autoencoder, 1 once codes are in use;
 * - for each level of codes, `quantizer.usage.<level>` [K], the moving average of each code's share of the encodings,
 *   and with the EMA quantizer `quantizer.codebook.<level>` and `quantizer.sums.<level>`, [K, D]. Codes that are
 *   trained by gradient are `weights.codebook.<level>`;
 * - `step` []: updates made.
 */
export function initialCarry(config: VqvaeConfig, { seed }: { seed: number }): HostTensors {
  const starts = quantizers(config).map((quantizer) => quantizer.start(seed));
  const weights = Object.assign(
    initialWeights(network(config).layers, seed),
    ...starts.map((start) => start.weights),
  );
  const state: HostTensors = Object.assign({}, ...starts.map((start) => start.state));
  return {
    ...initialTraining(weights),
    ...withPrefix("quantizer.", state),
    "quantizer.active": float32([0], []),
  };
}

/** The levels of codes of images of that size, the coarsest and first quantized first. */
export function codeLevels(config: VqvaeConfig, size: ImageBatch["size"]): CodeLevel[] {
  return gridSizes(config, size).flatMap(([rows, columns], grid) =>
    quantizers(config)[grid]!.levels.map(() => ({ codes: ofLevel(config.codes, grid), rows, columns })),
  );
}

/** The shapes and types of a step's inputs: `images`, `progress` and the noise of {@link stepNoise}. */
export function stepInputs(config: VqvaeConfig, { batch, size }: ImageBatch): Signature {
  return {
    images: imageSpec(config, { batch, size }),
    progress: { shape: [], dtype: "float32" },
    ...specsOf(stepNoise(config, { seed: 0, step: 0, batch, size })),
  };
}

/**
 * The noise of one step, which depends on the seed and the step only.
 *
 * `restarts.<level>` int32 [K]: for each code, which of the batch's encodings (in raster order, image after image) it
 * moves to if it is dead.
 */
export function stepNoise(
  config: VqvaeConfig,
  { seed, step, batch, size }: ImageBatch & { seed: number; step: number },
): HostTensors {
  const levels = codeLevels(config, size);
  const noise: Record<string, HostTensor> = {};
  for (const level of quantizers(config).flatMap(({ restarting }) => restarting)) {
    const { codes, rows, columns } = levels[level]!;
    const stream = random(seed, "restarts", level, step);
    const places = Int32Array.from({ length: codes }, () => stream.integer(batch * rows * columns));
    noise[`restarts.${level}`] = int32(places, [codes]);
  }
  return noise;
}

/** The shape and type of images [b, h, w, 1]; throws if the size does not divide into codes. */
export function imageSpec(config: VqvaeConfig, { batch, size }: ImageBatch): TensorSpec {
  gridSizes(config, size);
  return { shape: [batch, ...size, 1], dtype: "float32" };
}

/** The shape and type of code indices [b, rows, columns], for each level, of images of that size. */
export function codeSpecs(config: VqvaeConfig, { batch, size }: ImageBatch): TensorSpec[] {
  return codeLevels(config, size).map(({ rows, columns }) => ({
    shape: [batch, rows, columns],
    dtype: "int32",
  }));
}

/**
 * What `encode` and `decode` take, from a carry: the weights without their prefix, and `codebook.<level>` [K, D].
 *
 * `average` takes the weights' moving averages, which are smoother than the weights while the learning rate is high;
 * an EMA codebook is one by itself and taken as it is.
 */
export function parameters(carry: HostTensors, { average }: { average: boolean }): HostTensors {
  const codebooks = withPrefix("codebook.", withoutPrefix("quantizer.codebook.", carry));
  return { ...trainedWeights(carry, { average }), ...codebooks };
}

/** The values of each level's codes, [K, D], among those parameters. */
export function codebooks(config: VqvaeConfig, params: HostTensors): HostTensor[] {
  return quantizers(config).flatMap((quantizer) => quantizer.codebooks(params));
}

/** The function from images [b, h, w, 1] to code indices, int32 [b, rows, columns] in raster order for each level. */
export function encode(config: VqvaeConfig): (params: Params, images: Tensor) => Tensor[] {
  const { encode: toEncodings } = network(config);
  const own = quantizers(config);
  return (params, images) =>
    tidy(() => {
      checkSize(config, images);
      const levels: Tensor[] = [];
      toEncodings(params, images as Tensor4D, (encodings, grid) => {
        const { indices, quantized } = own[grid]!.quantize(params, flat(config, encodings), 1);
        levels.push(...indices.map((index) => reshape(index, encodings.shape.slice(0, 3))));
        return reshape(quantized, encodings.shape);
      });
      return levels;
    });
}

/**
 * The function from code indices, int32 [b, rows, columns] for each level, to images [b, h, w, 1].
 *
 * Of the levels of the coarsest grids only, it gives the picture that these hold, at its own resolution.
 */
export function decode(config: VqvaeConfig): (params: Params, codes: readonly Tensor[]) => Tensor {
  const { decode: toImages } = network(config);
  const own = quantizers(config);
  return (params, codes) =>
    tidy(() => {
      const known = own.filter((quantizer) => quantizer.levels.every((level) => level < codes.length));
      const encodings = known.map((quantizer): Tensor4D => {
        const grids = quantizer.levels.map((level) => codes[level]!);
        const values = quantizer.lookUp(
          params,
          grids.map((grid) => reshape(grid, [grid.size]) as Tensor1D),
        );
        return reshape(values, [...(grids[0]!.shape as [number, number, number]), config.codeDimension]);
      });
      return toImages(params, encodings).at(-1)!;
    });
}

/** The height and width of the picture that {@link decode} gives of the first levels of images of that size. */
export function pictureSize(
  config: VqvaeConfig,
  [height, width]: ImageBatch["size"],
  levels: number,
): readonly [height: number, width: number] {
  const grid = Math.floor(levels / quantizers(config)[0]!.levels.length) - 1;
  const factor = 2 ** (config.hierarchy - 1 - grid);
  return [height / factor, width / factor];
}

/** The function from images to what remains of them, `images` [b, h, w, 1], and their `codes` (see {@link encode}). */
export function reconstruct(
  config: VqvaeConfig,
): (params: Params, images: Tensor) => { images: Tensor; codes: Tensor[] } {
  const toCodes = encode(config);
  const toImages = decode(config);
  return (params, images) =>
    tidy(() => {
      const codes = toCodes(params, images);
      return { images: toImages(params, codes), codes };
    });
}

/**
 * The function that reconstructs images and gives the loss of a training step on them: `reconstruction`, and
 * `quantization`, which adds to it once codes are in use.
 */
export function measure(
  config: VqvaeConfig,
  { dataVariance }: TrainStepOptions,
): (
  params: Params,
  images: Tensor,
) => { images: Tensor; codes: Tensor[]; reconstruction: Scalar; quantization: Scalar } {
  const pass = forward(config, dataVariance);
  return (params, images) =>
    tidy(() => {
      const [batch, ...size] = images.shape.slice(0, 3) as [number, number, number];
      const { decoded, grids, reconstruction, quantization } = pass(params, images as Tensor4D, 1);
      const specs = codeSpecs(config, { batch, size });
      const indices = grids.flatMap((grid) => grid.indices);
      const codes = indices.map((index, level) =>
        reshape(index, specs[level]!.shape as [number, number, number]),
      );
      return { images: decoded, codes, reconstruction, quantization };
    });
}

/**
 * The function from images [b, h, w, 1] to the encodings of each grid, the coarsest first, as a plain autoencoder has
 * them: [b, rows, columns, D].
 */
export function features(config: VqvaeConfig): (params: Params, images: Tensor) => Tensor[] {
  const { encode: toEncodings } = network(config);
  return (params, images) =>
    tidy(() => {
      checkSize(config, images);
      return toEncodings(params, images as Tensor4D, (encodings) => encodings).quantized;
    });
}

function flat({ codeDimension }: VqvaeConfig, encodings: Tensor): Tensor2D {
  return reshape(encodings, [-1, codeDimension]);
}

function checkSize(config: VqvaeConfig, { shape: [, height, width] }: Tensor): void {
  gridSizes(config, [height!, width!]);
}

/** Whether codes are to be in use in the next step, with `step` updates made and `progress` of the run (0 to 1) over. */
export function codesDue(
  { warmupSteps, warmupShare }: VqvaeConfig,
  { step, progress }: { step: number; progress: number },
): boolean {
  return step >= warmupSteps || progress >= warmupShare;
}

/** Whether codes are in use in a carry. */
export function codesActive(carry: HostTensors): boolean {
  return carry["quantizer.active"]?.data[0] === 1;
}

/** Images whose encodings {@link withCodebook} needs; 0 if codes do not start from data. */
export function codebookImages(config: VqvaeConfig): number {
  return quantizers(config).some(({ fromData }) => fromData) ? config.quantizer.initialisationImages : 0;
}

/**
 * The carry with codes in use from now on. Where they start from data, they are the k-means centres of `encodings`: those
 * of each grid, [..., D] (see {@link features}), by the weights as they are (`parameters(carry, { average: false })`).
 *
 * Takes about a second for 512 codes; with many encodings, a random part of them is used.
 */
export function withCodebook(
  config: VqvaeConfig,
  carry: HostTensors,
  encodings: readonly HostTensor[],
  { seed }: { seed: number },
): HostTensors {
  const entries = quantizers(config)
    .filter(({ fromData }) => fromData)
    .map((quantizer, grid) => quantizer.fromEncodings(Float32Array.from(encodings[grid]!.data), seed));
  return Object.assign({}, carry, ...entries, { "quantizer.active": float32([1], []) });
}

/**
 * Checks that a checkpoint's tensors are those of this architecture.
 *
 * Throws a `SlicebookError` (`CHECKPOINT_MISMATCH`) that names the first tensors that differ.
 */
export function checkCarry(config: VqvaeConfig, tensors: HostTensors): void {
  checkTensors("the VQ-VAE's checkpoint", specsOf(initialCarry(config, { seed: 0 })), tensors);
}

/** The number of trained values: weights of encoder and decoder, and codebooks. */
export function countWeights(config: VqvaeConfig): number {
  const params = parameters(initialCarry(config, { seed: 0 }), { average: false });
  return Object.values(params).reduce((total, { data }) => total + data.length, 0);
}
