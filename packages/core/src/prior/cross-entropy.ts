import * as tf from "@tensorflow/tfjs-core";
import { codesName } from "../code-space.ts";
import { lossAndGradients } from "../gradients.ts";
import { type OptimizerConfig, trainingUpdate } from "../optimizer.ts";
import { type Params, param, withoutPrefix } from "../params.ts";
import type { PriorPart } from "./contract.ts";

/**
 * A step that trains the weights of `initialTraining` by the cross-entropy of one level's codes.
 *
 * `logits` are `[b·rows·columns, K]`, from the weights and the step's inputs. The metrics are `loss`, `accuracy`,
 * `gradientNorm` and `learningRate`.
 */
export function crossEntropyStep(
  level: number,
  optimizer: OptimizerConfig,
  logits: (weights: Params, inputs: Params) => tf.Tensor,
): PriorPart["trainStep"] {
  return (carry, inputs) => {
    const codes = param(inputs, codesName(level));
    const target = tf.reshape(codes, [codes.size]);
    const { loss, gradients, more } = lossAndGradients(
      (weights) => {
        const values = logits(weights, inputs);
        const accuracy = tf.mean(tf.cast(hits(values, target), "float32"));
        return { loss: crossEntropy(values, target), more: { accuracy } };
      },
      withoutPrefix("weights.", carry),
      inputs.lossScale as tf.Scalar | undefined,
    );
    const updated = trainingUpdate(carry, gradients, param(inputs, "progress") as tf.Scalar, optimizer);
    const { learningRate, gradientNorm } = updated;
    return [updated.carry, { loss, ...more, gradientNorm, learningRate }];
  };
}

/** The score of a part that models one level, from the logits `[b·rows·columns, K]` of its codes. */
export function scoreByLogits(
  logits: (...given: Parameters<PriorPart["score"]>) => tf.Tensor,
): PriorPart["score"] {
  return (params, codes, conditions, known) => {
    const grid = codes.at(-1)!;
    const values = logits(params, codes, conditions, known);
    const target = tf.reshape(grid, [grid.size]);
    return {
      logLikelihood: [tf.reshape(logProbabilityOf(values, target), grid.shape)],
      correct: [tf.reshape(hits(values, target), grid.shape)],
    };
  };
}

/**
 * The mean of −log p(code) in nats, with softmax and cross-entropy as one op: logits `[n, K]`, codes int32 `[n]` → [].
 *
 * Its gradient, (softmax(logits) − onehot(codes)) / n, needs no reverse pass through the logarithm.
 */
function crossEntropy(logits: tf.Tensor, codes: tf.Tensor): tf.Scalar {
  const [count, classes] = logits.shape as [number, number];
  const loss = tf.customGrad((...args) => {
    const [values, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const logProbabilities = tf.logSoftmax(values);
    const target = tf.oneHot(codes as tf.Tensor1D, classes, 1, 0, "float32");
    save([logProbabilities, target]);
    const value = tf.neg(tf.div(tf.sum(tf.mul(logProbabilities, target)), count));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const difference = tf.sub(tf.exp(saved[0]!), saved[1]!);
      return [tf.mul(difference, tf.div(dy, count))];
    };
    return { value, gradFunc };
  });
  return loss(logits) as tf.Scalar;
}

/** The log-probability in nats of each code: logits `[n, K]`, codes int32 `[n]` → `[n]`. */
function logProbabilityOf(logits: tf.Tensor, codes: tf.Tensor): tf.Tensor {
  const [, classes] = logits.shape as [number, number];
  const target = tf.oneHot(codes as tf.Tensor1D, classes, 1, 0, "float32");
  return tf.sum(tf.mul(tf.logSoftmax(logits), target), -1);
}

/** Which codes are the likeliest ones: logits `[n, K]`, codes int32 `[n]` → int32 0 or 1 `[n]`. */
function hits(logits: tf.Tensor, codes: tf.Tensor): tf.Tensor {
  return tf.cast(tf.equal(tf.argMax(logits, -1), codes), "int32");
}
