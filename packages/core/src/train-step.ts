import {
  abs,
  add,
  cast,
  clone,
  div,
  expandDims,
  gather,
  greaterEqual,
  mean,
  mul,
  reshape,
  type Scalar,
  square,
  sub,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import { movingAverage } from "./adam.ts";
import type { VqvaeConfig } from "./config.ts";
import { type LossAndMore, lossAndGradients, withoutGradient } from "./gradients.ts";
import { applyLayers } from "./layers.ts";
import { decoderLayers, encoderLayers } from "./networks.ts";
import { trainingUpdate } from "./optimizer.ts";
import { mapRecord, type Params, param, type TensorRecord, withoutPrefix, withPrefix } from "./params.ts";
import {
  type Assignments,
  codebookLoss,
  codesInUse,
  countAssignments,
  deadCodes,
  lookUp,
  moveCodes,
  nearestCodes,
  perplexity,
  replaceRows,
  revivedUsage,
  straightThrough,
} from "./quantizer.ts";

export interface TrainStepOptions {
  /** Variance of the training slices' pixels after preprocessing: 1 if they are standardised. */
  readonly dataVariance: number;
}

/**
 * One step of training, as a pure function `(carry, inputs) => [carry, metrics]`.
 *
 * Inputs: `images` [b, h, w, 1], `progress` [] from 0 to 1 of the run, `restarts` int32 [K] (see `stepNoise`).
 * Metrics, all scalars: `loss`, its parts `reconstruction` and `commitment` (before its weight), `mse` (of pixels, in
 * the images' units), `perplexity` and `codesInUse` of the batch, `learningRate`, and `gradientNorm` before clipping.
 * While the model is a plain autoencoder, `commitment`, `perplexity` and `codesInUse` are 0.
 */
export function trainStep(
  config: VqvaeConfig,
  { dataVariance }: TrainStepOptions,
): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  const lossOf = lossFunction(config, dataVariance);
  return (carry, inputs) =>
    tidy(() => {
      const images = param(inputs, "images") as Tensor4D;
      const quantizing = greaterEqual(param(carry, "step"), config.warmupSteps);
      const share = cast(quantizing, "float32") as Scalar;
      const { loss, gradients, more } = lossAndGradients(
        (weights) => lossOf({ ...carry, ...withPrefix("weights.", weights) }, images, share),
        withoutPrefix("weights.", carry),
      );
      const update = trainingUpdate(carry, gradients, param(inputs, "progress") as Scalar, config.optimizer);
      const updated = { ...carry, ...update.carry };
      const batch = {
        encodings: param(more, "encodings") as Tensor2D,
        assignments: { shares: param(more, "shares") as Tensor1D, sums: param(more, "sums") as Tensor2D },
        restarts: param(inputs, "restarts") as Tensor1D,
      };
      const quantizer = mapRecord(moveQuantizer(config, updated, batch), (value, name) =>
        where(quantizing, value, param(updated, name)),
      );
      const metrics = {
        loss,
        reconstruction: param(more, "reconstruction"),
        commitment: mul(param(more, "commitment"), share),
        mse: param(more, "mse"),
        perplexity: mul(perplexity(batch.assignments.shares), share),
        codesInUse: mul(codesInUse(batch.assignments.shares), share),
        learningRate: update.learningRate,
        gradientNorm: update.gradientNorm,
      };
      return [{ ...updated, ...quantizer }, metrics];
    });
}

/** The loss of a batch, and what the metrics and the codebook need of its forward pass. */
function lossFunction(
  config: VqvaeConfig,
  dataVariance: number,
): (carry: Params, images: Tensor4D, share: Scalar) => LossAndMore {
  const encoder = encoderLayers(config);
  const decoder = decoderLayers(config);
  const { kind, commitment: beta } = config.quantizer;
  return (carry, images, share) => {
    const weights = withoutPrefix("weights.", carry);
    const encoded = applyLayers(encoder, weights, images);
    const trained = param(carry, codebookName(config)) as Tensor2D;
    const codebook = withoutGradient(() => clone(trained)) as Tensor2D;
    const encodings = withoutGradient(() => reshape(encoded, [-1, config.codeDimension])) as Tensor2D;
    const indices = nearestCodes(encodings, codebook);
    const assignments = countAssignments(encodings, indices, config.codes);
    const quantized = reshape(lookUp(codebook, indices), encoded.shape);
    const decoded = applyLayers(decoder, weights, straightThrough(encoded, quantized, share));

    const error = sub(decoded, images);
    const mse: Scalar = mean(square(error));
    const reconstruction: Scalar =
      config.reconstruction === "l1"
        ? div(mean(abs(error)), Math.sqrt(dataVariance))
        : div(mse, dataVariance);
    const commitment: Scalar = mean(square(sub(encoded, quantized)));
    const terms =
      kind === "ema"
        ? mul(commitment, beta)
        : add(mul(commitment, beta), codebookLoss(trained, encodings, assignments));
    const loss: Scalar = add(reconstruction, mul(terms, share));
    return { loss, more: { reconstruction, commitment, mse, encodings, ...assignments } };
  };
}

/** Where a carry keeps the codes: among the weights if they are trained by gradient. */
function codebookName({ quantizer }: VqvaeConfig): string {
  return quantizer.kind === "ema" ? "quantizer.codebook" : "weights.codebook";
}

/** What a batch does to the codebook. */
interface CodebookBatch {
  readonly encodings: Tensor2D;
  readonly assignments: Assignments;
  readonly restarts: Tensor1D;
}

/** The entries of the carry that change with the codebook: its statistics, and the rows of restarted codes. */
function moveQuantizer(
  { quantizer: { kind, decay, epsilon, restartBelow } }: VqvaeConfig,
  carry: Params,
  { encodings, assignments, restarts }: CodebookBatch,
): TensorRecord {
  const matrix = (name: string) => param(carry, name) as Tensor2D;
  const usage = param(carry, "quantizer.usage") as Tensor1D;
  const fresh = gather(encodings, restarts);
  if (kind === "codebook-loss") {
    const nextUsage = movingAverage(usage, assignments.shares, decay);
    const dead = deadCodes(nextUsage, restartBelow);
    return {
      "quantizer.usage": revivedUsage(nextUsage, dead, restartBelow),
      "weights.codebook": replaceRows(matrix("weights.codebook"), dead, fresh),
      "average.codebook": replaceRows(matrix("average.codebook"), dead, fresh),
      "adam.first.codebook": replaceRows(matrix("adam.first.codebook"), dead, 0),
      "adam.second.codebook": replaceRows(matrix("adam.second.codebook"), dead, 0),
    };
  }
  const statistics = { codebook: matrix("quantizer.codebook"), usage, sums: matrix("quantizer.sums") };
  const moved = moveCodes(statistics, assignments, { decay, epsilon, encodings: encodings.shape[0] });
  const dead = deadCodes(moved.usage, restartBelow);
  const nextUsage = revivedUsage(moved.usage, dead, restartBelow);
  return {
    "quantizer.usage": nextUsage,
    "quantizer.codebook": replaceRows(moved.codebook, dead, fresh),
    "quantizer.sums": replaceRows(moved.sums, dead, mul(fresh, expandDims(nextUsage, 1))),
  };
}
