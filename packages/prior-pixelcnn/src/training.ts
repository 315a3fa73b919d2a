import { float32, type HostTensors, random, sizeOf } from "@slicebook/base";
import {
  type CodeSpace,
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
import { accuracy, crossEntropy, logProbabilityOf } from "./loss.ts";
import { logits } from "./network.ts";

/** One step of training, as {@link BoundPrior} has it; its metrics are `loss`, `accuracy`, `gradientNorm`, `learningRate`. */
export function trainStep(
  config: PixelcnnConfig,
  space: CodeSpace,
): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  return (carry, inputs) => {
    const codes = param(inputs, "codes");
    const labels = space.classes > 0 ? param(inputs, "labels") : undefined;
    const target = tf.reshape(codes, [codes.size]);
    const { loss, gradients, more } = lossAndGradients(
      (weights) => {
        const values = logits(config, weights, codes, { labels, dropout: inputs.dropout });
        return { loss: crossEntropy(values, target), more: { accuracy: accuracy(values, target) } };
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
export function stepInputs(config: PixelcnnConfig, space: CodeSpace, batch: number): Signature {
  return {
    codes: { shape: [batch, space.rows, space.columns], dtype: "int32" },
    labels: { shape: [batch], dtype: "int32" },
    progress: { shape: [], dtype: "float32" },
    ...(config.dropout > 0 && { dropout: { shape: dropoutShape(config, batch), dtype: "float32" } }),
  };
}

/**
 * The noise of one step: `dropout` `[batch, layers, 2, hidden]`, factors of 0 or 1 / (1 − rate) for the gated outputs
 * of the vertical and the horizontal stack; empty without dropout.
 *
 * A channel is dropped over the whole grid (Tompson et al., 2015), since neighbours would tell a dropped code's value;
 * it also keeps the noise small: a few kilobytes a step.
 */
export function stepNoise(
  config: PixelcnnConfig,
  { seed, step, batch }: { seed: number; step: number; batch: number },
): HostTensors {
  if (config.dropout === 0) return {};
  const stream = random(seed, "dropout", step);
  const shape = dropoutShape(config, batch);
  const kept = 1 / (1 - config.dropout);
  const factors = Float32Array.from({ length: sizeOf(shape) }, () =>
    stream.uniform() < config.dropout ? 0 : kept,
  );
  return { dropout: float32(factors, shape) };
}

/** ln p of each code given those before it: codes int32 `[b, r, c]`, labels int32 `[b]` → `[b, r, c]`. */
export function logLikelihood(
  config: PixelcnnConfig,
  space: CodeSpace,
): (params: Params, codes: tf.Tensor, labels: tf.Tensor) => tf.Tensor {
  return (params, codes, labels) => {
    const values = logits(config, params, codes, { labels: space.classes > 0 ? labels : undefined });
    return tf.reshape(logProbabilityOf(values, tf.reshape(codes, [codes.size])), codes.shape);
  };
}

function dropoutShape({ layers, hidden }: PixelcnnConfig, batch: number): readonly number[] {
  return [batch, layers, 2, hidden];
}
