import {
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Random,
  random,
  type Signature,
  sizeOf,
  type TensorSpec,
} from "@slicebook/base";
import {
  type CodeLevel,
  codesName,
  lossAndGradients,
  type Params,
  type PriorPart,
  param,
  type TensorRecord,
  trainingUpdate,
  withoutPrefix,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LevelConfig } from "./config.ts";
import { contextOf } from "./context.ts";
import type { GridSpace } from "./grid-space.ts";
import { crossEntropy, hits, logProbabilityOf } from "./loss.ts";
import { type Conditions, logits } from "./network.ts";
import { WITHHELD, withheld } from "./slice-position.ts";

/** One step of a level's training, as {@link PriorPart} has it; its metrics are `loss`, `accuracy`, `gradientNorm`, `learningRate`. */
export function trainStep(
  config: LevelConfig,
  space: GridSpace,
  prefix: string,
): (carry: Params, inputs: Params) => [TensorRecord, TensorRecord] {
  const level = space.earlier.length;
  return (carry, inputs) => {
    const codes = param(inputs, codesName(level));
    const target = tf.reshape(codes, [codes.size]);
    const slicePositions = config.slicePosition
      ? withheld(param(inputs, "slicePositions"), param(inputs, "shownPositions"))
      : undefined;
    const { loss, gradients, more } = lossAndGradients(
      (weights) => {
        const values = levelLogits(config, space, withoutPrefix(prefix, weights), {
          codes: corrupted(codes, inputs.corruption),
          earlier: space.earlier.map((_, before) => param(inputs, codesName(before))),
          labels: inputs.labels,
          slicePositions,
          variations: inputs.variations,
          dropout: inputs.dropout,
        });
        const accuracy = tf.mean(tf.cast(hits(values, target), "float32"));
        return { loss: crossEntropy(values, target), more: { accuracy } };
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
  config: LevelConfig,
  space: GridSpace,
  params: Params,
  given: Omit<Conditions, "context"> & {
    readonly codes: tf.Tensor;
    readonly earlier: readonly tf.Tensor[];
  },
): tf.Tensor {
  const { codes, earlier, labels, ...conditions } = given;
  return logits(config, params, codes, {
    ...conditions,
    labels: space.classes > 0 ? labels : undefined,
    context: space.earlier.length > 0 ? contextOf(config, params, earlier, space) : undefined,
  });
}

/** The shapes and types of a step's inputs. */
export function stepInputs(config: LevelConfig, space: GridSpace, batch: number): Signature {
  const gridOf = ({ rows, columns }: CodeLevel): TensorSpec => ({
    shape: [batch, rows, columns],
    dtype: "int32",
  });
  const inputs: Record<string, TensorSpec> = {};
  for (const [level, grid] of [...space.earlier, space].entries()) inputs[codesName(level)] = gridOf(grid);
  inputs.labels = { shape: [batch], dtype: "int32" };
  inputs.progress = { shape: [], dtype: "float32" };
  if (config.slicePosition) {
    inputs.slicePositions = { shape: [batch], dtype: "float32" };
    inputs.shownPositions = { shape: [batch], dtype: "float32" };
  }
  if (space.variations > 0) inputs.variations = { shape: [batch, space.variations], dtype: "float32" };
  if (config.dropout > 0) inputs.dropout = { shape: dropoutShape(config, batch), dtype: "float32" };
  if (config.corruption > 0) inputs.corruption = gridOf(space);
  return inputs;
}

/**
 * The noise of one step: `dropout` `[batch, layers, 2, hidden]`, factors of 0 or 1 / (1 − rate) for the gated outputs
 * of the vertical and the horizontal stack, and `corruption` `[batch, rows, columns]`, the code that each one is
 * replaced by, −1 for none; without those that are off. `shownPositions` `[batch]` is 0 for slices whose position in the
 * scan is withheld, else 1. Each level, named by its `prefix`, has noise of its own.
 *
 * A channel is dropped over the whole grid (Tompson et al., 2015), since neighbours would tell a dropped code's value;
 * it also keeps the noise small: a few kilobytes a step.
 */
export function stepNoise(
  config: LevelConfig,
  space: GridSpace,
  { seed, step, batch, prefix }: { seed: number; step: number; batch: number; prefix: string },
): HostTensors {
  const noise: Record<string, HostTensor> = {};
  if (config.slicePosition)
    noise.shownPositions = shownPositions(random(seed, "shown-positions", step), batch);
  const stream = (name: string) => random(seed, `${prefix}${name}`, step);
  if (config.dropout > 0) noise.dropout = dropoutNoise(config, stream("dropout"), batch);
  if (config.corruption > 0) noise.corruption = corruptionNoise(config, space, stream("corruption"), batch);
  return noise;
}

function shownPositions(stream: Random, batch: number): HostTensor {
  const shown = Float32Array.from({ length: batch }, () => (stream.uniform() < WITHHELD ? 0 : 1));
  return float32(shown, [batch]);
}

function dropoutNoise(config: LevelConfig, stream: Random, batch: number): HostTensor {
  const shape = dropoutShape(config, batch);
  const kept = 1 / (1 - config.dropout);
  const factors = Float32Array.from({ length: sizeOf(shape) }, () =>
    stream.uniform() < config.dropout ? 0 : kept,
  );
  return float32(factors, shape);
}

function corruptionNoise(
  config: LevelConfig,
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

/** ln p of each of a level's codes, and whether it is the likeliest, as {@link PriorPart} has it. */
export function score(config: LevelConfig, space: GridSpace, prefix: string): PriorPart["score"] {
  return (params, codes, labels, slicePositions) => {
    const own = codes.at(-1)!;
    const values = levelLogits(config, space, withoutPrefix(prefix, params), {
      codes: own,
      earlier: codes.slice(0, -1),
      labels,
      slicePositions,
    });
    const target = tf.reshape(own, [own.size]);
    return {
      logLikelihood: [tf.reshape(logProbabilityOf(values, target), own.shape)],
      correct: [tf.reshape(hits(values, target), own.shape)],
    };
  };
}

function dropoutShape({ layers, hidden }: LevelConfig, batch: number): readonly number[] {
  return [batch, layers, 2, hidden];
}
