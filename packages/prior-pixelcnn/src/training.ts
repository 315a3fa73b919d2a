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
  type TensorSpec,
  trainingUpdate,
  withoutPrefix,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { PixelcnnConfig } from "./config.ts";
import { contextOf } from "./context.ts";
import { type GridSpace, levelPrefix } from "./grid-space.ts";
import { crossEntropy, hits, logProbabilityOf } from "./loss.ts";
import { logits } from "./network.ts";
import { WITHHELD, withheld } from "./slice-position.ts";

/** One step of training, as {@link BoundPrior} has it; its metrics are `loss`, `accuracy`, `gradientNorm`, `learningRate`. */
export function trainStep(
  config: PixelcnnConfig,
  spaces: readonly GridSpace[],
): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  return (carry, inputs) => {
    const codes = spaces.map((_, level) => param(inputs, codesName(level)));
    const total = codes.reduce((sum, { size }) => sum + size, 0);
    const slicePositions = config.slicePosition
      ? withheld(param(inputs, "slicePositions"), param(inputs, "shownPositions"))
      : undefined;
    const { loss, gradients, more } = lossAndGradients(
      (weights) => {
        const parts = spaces.map((space, level) => {
          const prefix = levelPrefix(level, spaces.length);
          const own = codes[level]!;
          const values = levelLogits(config, space, withoutPrefix(prefix, weights), {
            codes: corrupted(own, inputs[`${prefix}corruption`]),
            earlier: codes.slice(0, level),
            labels: inputs.labels,
            slicePositions,
            dropout: inputs[`${prefix}dropout`],
          });
          const target = tf.reshape(own, [own.size]);
          const share = own.size / total;
          const guessed = tf.mean(tf.cast(hits(values, target), "float32"));
          return { loss: tf.mul(crossEntropy(values, target), share), guessed: tf.mul(guessed, share) };
        });
        const sum = (of: (part: (typeof parts)[number]) => tf.Tensor) =>
          parts.map(of).reduce((first, second) => tf.add(first, second)) as tf.Scalar;
        return { loss: sum((part) => part.loss), more: { accuracy: sum((part) => part.guessed) } };
      },
      withoutPrefix("weights.", carry),
    );
    const progress = param(inputs, "progress") as tf.Scalar;
    const updated = trainingUpdate(carry, gradients, progress, config.optimizer);
    const { learningRate, gradientNorm } = updated;
    return [updated.carry, { loss, ...more, gradientNorm, learningRate }];
  };
}

/** The logits of one level's codes `[b·r·c, K]`, from its own weights, its codes, and those of the levels before. */
function levelLogits(
  config: PixelcnnConfig,
  space: GridSpace,
  params: Params,
  given: {
    readonly codes: tf.Tensor;
    readonly earlier: readonly tf.Tensor[];
    readonly labels: tf.Tensor | undefined;
    readonly slicePositions: tf.Tensor | undefined;
    readonly dropout?: tf.Tensor | undefined;
  },
): tf.Tensor {
  return logits(config, params, given.codes, {
    labels: space.classes > 0 ? given.labels : undefined,
    slicePositions: given.slicePositions,
    context: space.earlier.length > 0 ? contextOf(config, params, given.earlier, space) : undefined,
    dropout: given.dropout,
  });
}

/** The shapes and types of a step's inputs. */
export function stepInputs(config: PixelcnnConfig, spaces: readonly GridSpace[], batch: number): Signature {
  const grids = spaces.map(
    ({ rows, columns }): TensorSpec => ({ shape: [batch, rows, columns], dtype: "int32" }),
  );
  const inputs: Record<string, TensorSpec> = {};
  for (const [level, grid] of grids.entries()) inputs[codesName(level)] = grid;
  inputs.labels = { shape: [batch], dtype: "int32" };
  inputs.progress = { shape: [], dtype: "float32" };
  if (config.slicePosition) {
    inputs.slicePositions = { shape: [batch], dtype: "float32" };
    inputs.shownPositions = { shape: [batch], dtype: "float32" };
  }
  for (const [level, grid] of grids.entries()) {
    const prefix = levelPrefix(level, spaces.length);
    if (config.dropout > 0)
      inputs[`${prefix}dropout`] = { shape: dropoutShape(config, batch), dtype: "float32" };
    if (config.corruption > 0) inputs[`${prefix}corruption`] = grid;
  }
  return inputs;
}

/**
 * The noise of one step: `dropout` `[batch, layers, 2, hidden]`, factors of 0 or 1 / (1 − rate) for the gated outputs
 * of the vertical and the horizontal stack, and `corruption` `[batch, rows, columns]`, the code that each one is
 * replaced by, −1 for none; without those that are off. Where there are several levels, each has its own, named
 * `level0.dropout` and so on. `shownPositions` `[batch]` is 0 for slices whose position in the scan is withheld, else 1.
 *
 * A channel is dropped over the whole grid (Tompson et al., 2015), since neighbours would tell a dropped code's value;
 * it also keeps the noise small: a few kilobytes a step.
 */
export function stepNoise(
  config: PixelcnnConfig,
  spaces: readonly GridSpace[],
  { seed, step, batch }: { seed: number; step: number; batch: number },
): HostTensors {
  const noise: Record<string, HostTensor> = {};
  if (config.slicePosition)
    noise.shownPositions = shownPositions(random(seed, "shown-positions", step), batch);
  for (const [level, space] of spaces.entries()) {
    const prefix = levelPrefix(level, spaces.length);
    const stream = (name: string) => random(seed, `${prefix}${name}`, step);
    if (config.dropout > 0) noise[`${prefix}dropout`] = dropoutNoise(config, stream("dropout"), batch);
    if (config.corruption > 0) {
      noise[`${prefix}corruption`] = corruptionNoise(config, space, stream("corruption"), batch);
    }
  }
  return noise;
}

function shownPositions(stream: Random, batch: number): HostTensor {
  const shown = Float32Array.from({ length: batch }, () => (stream.uniform() < WITHHELD ? 0 : 1));
  return float32(shown, [batch]);
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
export function score(config: PixelcnnConfig, spaces: readonly GridSpace[]): BoundPrior["score"] {
  return (params, codes, labels, slicePositions) => {
    const found = spaces.map((space, level) => {
      const own = codes[level]!;
      const weights = withoutPrefix(levelPrefix(level, spaces.length), params);
      const values = levelLogits(config, space, weights, {
        codes: own,
        earlier: codes.slice(0, level),
        labels,
        slicePositions,
      });
      const target = tf.reshape(own, [own.size]);
      return {
        logLikelihood: tf.reshape(logProbabilityOf(values, target), own.shape),
        correct: tf.reshape(hits(values, target), own.shape),
      };
    });
    return {
      logLikelihood: found.map((level) => level.logLikelihood),
      correct: found.map((level) => level.correct),
    };
  };
}

function dropoutShape({ layers, hidden }: PixelcnnConfig, batch: number): readonly number[] {
  return [batch, layers, 2, hidden];
}
