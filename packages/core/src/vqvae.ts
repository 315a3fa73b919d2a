import {
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  random,
  type Signature,
  SlicebookError,
  sizeOf,
  specsOf,
  type TensorSpec,
} from "@slicebook/base";
import {
  reshape,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tidy,
} from "@tensorflow/tfjs-core";
import { CODEBOOK } from "./carry-names.ts";
import { type CodeLevel, gridSpecs } from "./code-space.ts";
import type { VqvaeConfig } from "./config.ts";
import { forward } from "./forward.ts";
import { layerWeights } from "./layers.ts";
import { gridSizes } from "./networks.ts";
import { initialTraining, trainedWeights, trainingSpecs } from "./optimizer.ts";
import { checkTensors, type Params, type TensorRecord, withoutPrefix, withPrefix } from "./params.ts";
import { partsOf } from "./parts.ts";
import { ofLevel } from "./per-level.ts";
import { type TrainStepOptions, trainStep } from "./train-step.ts";
import { drawWeights, type Weights } from "./weights.ts";

type Size = readonly [height: number, width: number];

/** The VQ-VAE for images of one size: pure functions over flat records, like a prior's. */
export interface BoundVqvae {
  readonly config: VqvaeConfig;
  /** Of the images, in pixels. */
  readonly size: Size;
  /** The levels of codes of an image, the coarsest and first quantized first. */
  readonly levels: readonly CodeLevel[];
  /** The number of trained values: weights of encoder and decoder, and codebooks. */
  readonly weightCount: number;

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
  initialCarry(seed: number): HostTensors;
  /**
   * Checks that a checkpoint's tensors are those of this architecture.
   *
   * Throws a `SlicebookError` (`CHECKPOINT_MISMATCH`) that names the first tensors that differ.
   */
  checkCarry(carry: HostTensors): void;
  /**
   * What {@link encode} and {@link decode} take, from a carry: the weights without their prefix, and
   * `codebook.<level>` [K, D].
   *
   * `average` takes the weights' moving averages, which are smoother than the weights while the learning rate is high;
   * an EMA codebook is one by itself and taken as it is.
   */
  parameters(carry: HostTensors, options: { readonly average: boolean }): HostTensors;
  /** The values of each level's codes, [K, D], among those parameters. */
  codebooks(parameters: HostTensors): HostTensor[];

  /** One step of training, as a pure function: see {@link trainStep}. */
  trainStep(options: TrainStepOptions): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];
  /** The shapes and types of a step's inputs: `images`, `progress` and the noise of {@link stepNoise}. */
  stepInputs(batch: number): Signature;
  /**
   * The noise of one step, which depends on the seed and the step only.
   *
   * `restarts.<level>` int32 [K]: for each code, which of the batch's encodings (in raster order, image after image) it
   * moves to if it is dead.
   */
  stepNoise(options: { readonly seed: number; readonly step: number; readonly batch: number }): HostTensors;

  /** Whether codes are to be in use in the next step, with `step` updates made and `progress` of the run (0 to 1) over. */
  codesDue(at: { readonly step: number; readonly progress: number }): boolean;
  /** Whether codes are in use in a carry. */
  codesActive(carry: HostTensors): boolean;
  /** Images whose encodings {@link withCodebook} needs; 0 if codes do not start from data. */
  readonly codebookImages: number;
  /**
   * The carry with codes in use from now on. Where they start from data, they are the k-means centres of `encodings`:
   * those of each grid, [..., D] (see {@link features}), by the weights as they are, without averages.
   *
   * Takes about a second for 512 codes; with many encodings, a random part of them is used.
   */
  withCodebook(
    carry: HostTensors,
    encodings: readonly HostTensor[],
    options: { readonly seed: number },
  ): HostTensors;

  /** The shape and type of images, [batch, height, width, 1]. */
  imageSpec(batch: number): TensorSpec;
  /** The shape and type of code indices, [batch, rows, columns], for each level. */
  codeSpecs(batch: number): TensorSpec[];
  /** The height and width of the picture that {@link decode} gives of the first levels. */
  pictureSize(levels: number): Size;

  /** From images [b, h, w, 1] to code indices, int32 [b, rows, columns] in raster order for each level. */
  readonly encode: (params: Params, images: Tensor) => Tensor[];
  /**
   * From images [b, h, w, 1], and the code indices of the first levels, int32 [b, rows, columns] each, to the squared
   * distance of what the next level encodes to each of its codes: [b, rows, columns, K].
   */
  readonly distances: (params: Params, images: Tensor, codes: readonly Tensor[]) => Tensor;
  /**
   * From code indices, int32 [b, rows, columns] for each level, to images [b, h, w, 1].
   *
   * Of the levels of the coarsest grids only, it gives the picture that these hold, at its own resolution.
   */
  readonly decode: (params: Params, codes: readonly Tensor[]) => Tensor;
  /** From images to what remains of them, `images` [b, h, w, 1], and their `codes` (see {@link encode}). */
  readonly reconstruct: (params: Params, images: Tensor) => { images: Tensor; codes: Tensor[] };
  /**
   * From images [b, h, w, 1] to the encodings of each grid, the coarsest first, as a plain autoencoder has them:
   * [b, rows, columns, D].
   */
  readonly features: (params: Params, images: Tensor) => Tensor[];
  /**
   * The function that reconstructs images and gives the loss of a training step on them: `reconstruction`, and
   * `quantization`, which adds to it once codes are in use.
   */
  measure(options: TrainStepOptions): (params: Params, images: Tensor) => Measured;
}

/** Images as reconstructed, and the loss of a training step on them. */
export type Measured = { images: Tensor; codes: Tensor[]; reconstruction: Scalar; quantization: Scalar };

/**
 * The VQ-VAE of a configuration for images of that size.
 *
 * Throws a `SlicebookError` (`IMAGE_SIZE`) if the size does not divide into codes.
 */
export function bind(config: VqvaeConfig, size: Size): BoundVqvae {
  const parts = partsOf(config);
  const { network, quantizers } = parts;
  const levels = gridSizes(config, size).flatMap(([rows, columns], grid) =>
    quantizers[grid]!.levels.map((): CodeLevel => ({ codes: ofLevel(config.codes, grid), rows, columns })),
  );
  const weights: Weights = Object.assign(
    layerWeights(network.layers),
    ...quantizers.map((quantizer) => quantizer.weights),
  );
  const state: Weights = Object.assign({}, ...quantizers.map((quantizer) => quantizer.state));
  const carrySpecs: Signature = {
    ...trainingSpecs(weights),
    ...withPrefix("quantizer.", state),
    "quantizer.active": SCALAR,
  };
  const trained = { ...weights, ...withoutPrefix("codebook.", state) };

  const imageSpec = (batch: number): TensorSpec => ({ shape: [batch, ...size, 1], dtype: "float32" });
  const codeSpecs = (batch: number): TensorSpec[] => gridSpecs(levels, batch);

  const stepNoise: BoundVqvae["stepNoise"] = ({ seed, step, batch }) => {
    const noise: Record<string, HostTensor> = {};
    for (const level of quantizers.flatMap(({ restarting }) => restarting)) {
      const { codes, rows, columns } = levels[level]!;
      const stream = random(seed, "restarts", level, step);
      const places = Int32Array.from({ length: codes }, () => stream.integer(batch * rows * columns));
      noise[`restarts.${level}`] = int32(places, [codes]);
    }
    return noise;
  };

  const encode: BoundVqvae["encode"] = (params, images) =>
    tidy(() => {
      checkSize(size, images);
      const codes: Tensor[] = [];
      network.encode(params, images as Tensor4D, (encodings, grid) => {
        const flat: Tensor2D = reshape(encodings, [-1, config.codeDimension]);
        const { indices, quantized } = quantizers[grid]!.quantize(params, flat, 1);
        codes.push(...indices.map((index) => reshape(index, encodings.shape.slice(0, 3))));
        return reshape(quantized, encodings.shape);
      });
      return codes;
    });

  const distances: BoundVqvae["distances"] = (params, images, codes) =>
    tidy(() => {
      checkSize(size, images);
      let measured: Tensor | undefined;
      network.encode(params, images as Tensor4D, (encodings, grid) => {
        const { levels: gridLevels, lookUp, distances } = quantizers[grid]!;
        const known = gridLevels.flatMap((level) => codes[level] ?? []);
        const indices = known.map((codes) => reshape(codes, [codes.size]) as Tensor1D);
        if (known.length === gridLevels.length) return reshape(lookUp(params, indices), encodings.shape);
        if (gridLevels.includes(codes.length)) {
          const flat: Tensor2D = reshape(encodings, [-1, config.codeDimension]);
          measured = reshape(distances(params, flat, indices), [...encodings.shape.slice(0, 3), -1]);
        }
        return encodings;
      });
      return measured!;
    });

  const decode: BoundVqvae["decode"] = (params, codes) =>
    tidy(() => {
      const known = quantizers.filter((quantizer) => quantizer.levels.every((level) => level < codes.length));
      const encodings = known.map((quantizer): Tensor4D => {
        const grids = quantizer.levels.map((level) => codes[level]!);
        const values = quantizer.lookUp(
          params,
          grids.map((grid) => reshape(grid, [grid.size]) as Tensor1D),
        );
        return reshape(values, [...(grids[0]!.shape as [number, number, number]), config.codeDimension]);
      });
      return network.decode(params, encodings).at(-1)!;
    });

  return {
    config,
    size,
    levels,
    weightCount: Object.values(trained).reduce((sum, { shape }) => sum + sizeOf(shape), 0),

    initialCarry: (seed) => ({
      ...initialTraining(drawWeights(weights, seed)),
      ...withPrefix("quantizer.", drawWeights(state, seed)),
      "quantizer.active": float32([0], []),
    }),
    checkCarry: (carry) => checkTensors("the VQ-VAE's checkpoint", carrySpecs, carry),
    parameters: (carry, options) => ({
      ...trainedWeights(carry, options),
      ...withPrefix("codebook.", withoutPrefix(CODEBOOK, carry)),
    }),
    codebooks: (parameters) => quantizers.flatMap((quantizer) => quantizer.codebooks(parameters)),

    trainStep: (options) => trainStep(parts, options),
    stepInputs: (batch) => ({
      images: imageSpec(batch),
      progress: SCALAR,
      ...specsOf(stepNoise({ seed: 0, step: 0, batch })),
    }),
    stepNoise,

    codesDue: ({ step, progress }) => step >= config.warmupSteps || progress >= config.warmupShare,
    codesActive: (carry) => carry["quantizer.active"]?.data[0] === 1,
    codebookImages: quantizers.some(({ fromData }) => fromData) ? config.quantizer.initialisationImages : 0,
    withCodebook(carry, encodings, { seed }) {
      const entries = quantizers
        .filter(({ fromData }) => fromData)
        .map((quantizer, grid) => quantizer.fromEncodings(Float32Array.from(encodings[grid]!.data), seed));
      return Object.assign({}, carry, ...entries, { "quantizer.active": float32([1], []) });
    },

    imageSpec,
    codeSpecs,
    pictureSize(count) {
      const grid = Math.floor(count / quantizers[0]!.levels.length) - 1;
      const factor = 2 ** (config.hierarchy - 1 - grid);
      return [size[0] / factor, size[1] / factor];
    },

    encode,
    distances,
    decode,
    reconstruct: (params, images) =>
      tidy(() => {
        const codes = encode(params, images);
        return { images: decode(params, codes), codes };
      }),
    features: (params, images) =>
      tidy(() => {
        checkSize(size, images);
        return network.encode(params, images as Tensor4D, (encodings) => encodings).quantized;
      }),
    measure({ dataVariance }) {
      const pass = forward(parts, dataVariance);
      return (params, images) =>
        tidy(() => {
          checkSize(size, images);
          const { decoded, grids, reconstruction, quantization } = pass(params, images as Tensor4D, 1);
          const specs = codeSpecs(images.shape[0]!);
          const indices = grids.flatMap((grid) => grid.indices);
          const codes = indices.map((index, level): Tensor => reshape(index, [...specs[level]!.shape]));
          return { images: decoded, codes, reconstruction, quantization };
        });
    },
  };
}

const SCALAR: TensorSpec = { shape: [], dtype: "float32" };

function checkSize([height, width]: Size, { shape: [, rows, columns] }: Tensor): void {
  if (rows === height && columns === width) return;
  throw new SlicebookError(
    "IMAGE_SIZE",
    `images of ${rows}×${columns} (height × width) are given to a model for ${height}×${width}`,
    { remedy: "Bind the model to the images' size." },
  );
}
