import {
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Random,
  random,
  sizeOf,
} from "@slicebook/base";
import {
  type BoundPrior,
  codesName,
  lossAndGradients,
  type Params,
  param,
  type Signature,
  type TensorRecord,
  trainingUpdate,
  withoutPrefix,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { PixelcnnConfig } from "./config.ts";
import type { GridSpace } from "./grid-space.ts";
import { crossEntropy, hits, logProbabilityOf } from "./loss.ts";
import { logits } from "./network.ts";

/** One step of training, as {@link BoundPrior} has it; its metrics are `loss`, `accuracy`, `gradientNorm`, `learningRate`. */
export function trainStep(
  config: PixelcnnConfig,
  space: GridSpace,
): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  return (carry, inputs) => {
    const codes = param(inputs, codesName(0));
    const labels = space.classes > 0 ? param(inputs, "labels") : undefined;
    const target = tf.reshape(codes, [codes.size]);
    const { loss, gradients, more } = lossAndGradients(
      (weights) => {
        const context = corrupted(codes, inputs.corruption);
        const values = logits(config, weights, context, { labels, dropout: inputs.dropout });
        return {
          loss: crossEntropy(values, target),
          more: { accuracy: tf.mean(tf.cast(hits(values, target), "float32")) },
        };
      },
      withoutPrefix("weights.", carry),
    );
    const progress = param(inputs, "progress") as tf.Scalar;
    const updated = trainingUpdate(carry, gradients, progress, config.optimizer);
    const { learningRate, gradientNorm } = updated;
    return [updated.carry, { loss, ...more, gradientNorm, learningRate }];
  };
}

/** The shapes and types of a step's inputs. */
export function stepInputs(config: PixelcnnConfig, space: GridSpace, batch: number): Signature {
  return {
    [codesName(0)]: { shape: [batch, space.rows, space.columns], dtype: "int32" },
    labels: { shape: [batch], dtype: "int32" },
    progress: { shape: [], dtype: "float32" },
    ...(config.dropout > 0 && { dropout: { shape: dropoutShape(config, batch), dtype: "float32" } }),
    ...(config.corruption > 0 && {
      corruption: { shape: [batch, space.rows, space.columns], dtype: "int32" },
    }),
  };
}

/**
 * The noise of one step: `dropout` `[batch, layers, 2, hidden]`, factors of 0 or 1 / (1 − rate) for the gated outputs
 * of the vertical and the horizontal stack, and `corruption` `[batch, rows, columns]`, the code that each one is
 * replaced by, −1 for none; without those that are off.
 *
 * A channel is dropped over the whole grid (Tompson et al., 2015), since neighbours would tell a dropped code's value;
 * it also keeps the noise small: a few kilobytes a step.
 */
export function stepNoise(
  config: PixelcnnConfig,
  space: GridSpace,
  { seed, step, batch }: { seed: number; step: number; batch: number },
): HostTensors {
  return {
    ...(config.dropout > 0 && { dropout: dropoutNoise(config, random(seed, "dropout", step), batch) }),
    ...(config.corruption > 0 && {
      corruption: corruptionNoise(config, space, random(seed, "corruption", step), batch),
    }),
  };
}

function dropoutNoise(config: PixelcnnConfig, stream: Random, batch: number): HostTensor {
  const shape = dropoutShape(config, batch);
  const kept = 1 / (1 - config.dropout);
  const factors = Float32Array.from({ length: sizeOf(shape) }, () =>
    stream.uniform() < config.dropout ? 0 : kept,
  );
  return float32(factors, shape);
}

function corruptionNoise(
  config: PixelcnnConfig,
  { codes, rows, columns }: GridSpace,
  stream: Random,
  batch: number,
): HostTensor {
  const shape = [batch, rows, columns];
  const replaced = Int32Array.from({ length: sizeOf(shape) }, () =>
    stream.uniform() < config.corruption ? stream.integer(codes) : -1,
  );
  return int32(replaced, shape);
}

/** The codes as context: some replaced by random ones, so that none is trusted alone. */
function corrupted(codes: tf.Tensor, replacements: tf.Tensor | undefined): tf.Tensor {
  if (replacements === undefined) return codes;
  return tf.where(tf.less(replacements, 0), codes, replacements);
}

/** ln p of each code, and whether it is the likeliest, as {@link BoundPrior} has it. */
export function score(config: PixelcnnConfig, space: GridSpace): BoundPrior["score"] {
  return (params, [codes], labels) => {
    const grid = codes!;
    const values = logits(config, params, grid, { labels: space.classes > 0 ? labels : undefined });
    const target = tf.reshape(grid, [grid.size]);
    return {
      logLikelihood: [tf.reshape(logProbabilityOf(values, target), grid.shape)],
      correct: [tf.reshape(hits(values, target), grid.shape)],
    };
  };
}

function dropoutShape({ layers, hidden }: PixelcnnConfig, batch: number): readonly number[] {
  return [batch, layers, 2, hidden];
}
