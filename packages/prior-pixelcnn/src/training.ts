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
  codesName,
  crossEntropyStep,
  type Params,
  type PriorPart,
  param,
  scoreByLogits,
  withoutPrefix,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LevelConfig } from "./config.ts";
import { contextOf } from "./context.ts";
import type { GridSpace } from "./grid-space.ts";
import { type Conditions, logits } from "./network.ts";
import { WITHHELD, withheld } from "./slice-position.ts";

/** One step of a level's training, as {@link PriorPart} has it. */
export function trainStep(config: LevelConfig, space: GridSpace, prefix: string): PriorPart["trainStep"] {
  const level = space.earlier.length;
  return crossEntropyStep(level, config.optimizer, (weights, inputs) => {
    const { slicePositions } = inputs;
    return levelLogits(config, space, withoutPrefix(prefix, weights), {
      codes: corrupted(param(inputs, codesName(level)), inputs.corruption),
      earlier: space.earlier.map((_, before) => param(inputs, codesName(before))),
      labels: inputs.labels,
      slicePositions: slicePositions && withheld(slicePositions, param(inputs, "shownPositions")),
      variations: inputs.variations,
      dropout: inputs.dropout,
    });
  });
}

/** ln p of each of a level's codes, and whether it is the likeliest, as {@link PriorPart} has it. */
export function score(config: LevelConfig, space: GridSpace, prefix: string): PriorPart["score"] {
  return scoreByLogits((params, codes, { labels, slicePositions }) =>
    levelLogits(config, space, withoutPrefix(prefix, params), {
      codes: codes.at(-1)!,
      earlier: codes.slice(0, -1),
      labels,
      slicePositions,
    }),
  );
}

/** The logits of one level's codes `[b·r·c, K]`, from its own weights, its codes, and those of the levels before. */
function levelLogits(
  config: LevelConfig,
  space: GridSpace,
  params: Params,
  {
    codes,
    earlier,
    ...conditions
  }: Omit<Conditions, "context"> & { readonly codes: tf.Tensor; readonly earlier: readonly tf.Tensor[] },
): tf.Tensor {
  const context = earlier.length > 0 ? contextOf(config, params, earlier, space) : undefined;
  return logits(config, params, codes, { ...conditions, context });
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

function dropoutShape({ layers, hidden }: LevelConfig, batch: number): readonly number[] {
  return [batch, layers, 2, hidden];
}
