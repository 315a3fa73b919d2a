import {
  add,
  addN,
  clone,
  div,
  exp,
  greater,
  log,
  mul,
  type Scalar,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import { forward } from "./forward.ts";
import { type LossAndMore, lossAndGradients } from "./gradients.ts";
import { LOSS_TERMS } from "./losses.ts";
import { trainingUpdate } from "./optimizer.ts";
import { mapRecord, type Params, param, type TensorRecord, withoutPrefix, withPrefix } from "./params.ts";
import type { VqvaeParts } from "./parts.ts";
import { codesInUse, perplexity } from "./quantizers/codebook.ts";
import type { LevelStatistics, Quantized } from "./quantizers/quantizer.ts";

export interface TrainStepOptions {
  /** Variance of the training slices' pixels after preprocessing: 1 if they are standardised. */
  readonly dataVariance: number;
}

/**
 * One step of training, as a pure function `(carry, inputs) => [carry, metrics]`.
 *
 * Inputs: `images` [b, h, w, 1], `progress` [] from 0 to 1 of the run, `restarts.<level>` int32 [K] (see `stepNoise`), and
 * `lossScale` [] where the loss is scaled (see `withLossScale`). Metrics, all scalars: `loss`, its parts `reconstruction` (and, if it has several terms, each
 * with its weight: `loss.mse`, `loss.ssim`, …) and `commitment` (before its weight), `mse` (of
 * pixels, in the images' units), `perplexity` and `codesInUse` of the batch over all levels, `learningRate`, and
 * `gradientNorm` before clipping. While the model is a plain autoencoder (the carry's `quantizer.active` is 0),
 * `commitment`, `perplexity` and `codesInUse` are 0.
 */
export function trainStep(
  parts: VqvaeParts,
  { dataVariance }: TrainStepOptions,
): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  const { config, quantizers } = parts;
  const pass = forward(parts, dataVariance);
  const several =
    config.hierarchy > 1 ||
    config.loss.bits > 0 ||
    LOSS_TERMS.filter((term) => config.loss[term] > 0).length > 1;
  return (carry, inputs) =>
    tidy(() => {
      const images = param(inputs, "images") as Tensor4D;
      const active = param(carry, "quantizer.active") as Scalar;
      const { loss, gradients, more } = lossAndGradients(
        (weights): LossAndMore => {
          const forwardPass = pass({ ...withoutPrefix("quantizer.", carry), ...weights }, images, active);
          const { terms, reconstruction, bits, quantization, mse, grids } = forwardPass;
          const commitment = addN(grids.map((grid) => grid.commitment));
          return {
            loss: add(reconstruction, mul(quantization, active)),
            more: {
              reconstruction,
              mse,
              commitment,
              ...withPrefix("term.", terms),
              ...(bits !== undefined && { "term.bits": mul(bits, active) }),
              ...statisticsOf(grids),
            },
          };
        },
        withoutPrefix("weights.", carry),
        inputs.lossScale as Scalar | undefined,
      );
      const update = trainingUpdate(carry, gradients, param(inputs, "progress") as Scalar, config.optimizer);
      const updated = { ...carry, ...update.carry };
      const moved = quantizers.flatMap((quantizer) => {
        const statistics = quantizer.levels.map((level) => levelStatistics(more, level));
        const restarts = quantizer.levels.map((level) => inputs[`restarts.${level}`] as Tensor1D);
        return Object.entries(quantizer.update(updated, statistics, restarts));
      });
      const quantizing = greater(active, 0);
      const codebooks = mapRecord(Object.fromEntries(moved), (value, name) =>
        where(quantizing, value, param(updated, name)),
      );
      const levels = quantizers.flatMap((quantizer) => quantizer.levels);
      const use = levels.map((level) => param(more, `shares.${level}`) as Tensor1D);
      const metrics = {
        loss,
        reconstruction: param(more, "reconstruction"),
        ...(several ? withPrefix("loss.", withoutPrefix("term.", more)) : {}),
        commitment: mul(param(more, "commitment"), active),
        mse: param(more, "mse"),
        perplexity: mul(meanPerplexity(use), active),
        codesInUse: mul(addN(use.map(codesInUse)), active),
        learningRate: update.learningRate,
        gradientNorm: update.gradientNorm,
      };
      return [{ ...updated, ...codebooks, "quantizer.active": clone(active) }, metrics];
    });
}

/** The statistics of all levels as a flat record: `encodings.0`, `shares.0`, `sums.0`, … */
function statisticsOf(grids: readonly Quantized[]): TensorRecord {
  const levels = grids.flatMap(({ statistics }) => statistics);
  return Object.fromEntries(
    levels.flatMap((statistics, level) =>
      Object.entries(statistics).map(([name, tensor]) => [`${name}.${level}`, tensor]),
    ),
  );
}

function levelStatistics(more: Params, level: number): LevelStatistics {
  return {
    encodings: more[`encodings.${level}`] as Tensor2D,
    shares: param(more, `shares.${level}`) as Tensor1D,
    sums: more[`sums.${level}`] as Tensor2D,
  };
}

/** The levels' perplexity: the exponential of the mean of their entropies. */
function meanPerplexity(use: readonly Tensor1D[]): Scalar {
  if (use.length === 1) return perplexity(use[0]!);
  return exp(div(addN(use.map((shares) => log(perplexity(shares)))), use.length));
}
