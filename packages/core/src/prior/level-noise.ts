import {
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Random,
  random,
  sizeOf,
} from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { type Params, param } from "../params.ts";
import { UNKNOWN } from "./conditions.ts";
import type { GridSpace } from "./grid-space.ts";
import type { SliceConditions } from "./slice-biases.ts";

/** The share of training slices whose position, or a covariate, is withheld, so that slices without one can be scored. */
const WITHHELD = 0.1;

/** What noise one level's training takes. */
export interface NoiseOptions {
  /** Share of the codes that are replaced by random ones as context. */
  readonly corruption: number;
  /** Share of channels that are dropped, and the shape of the factors of one slice. */
  readonly dropout: { readonly rate: number; readonly shape: readonly number[] };
  /** Whether slices are told where they lie in their scans. */
  readonly slicePosition: boolean;
  /** Share of the slices of which nothing is told. */
  readonly conditionDropout: number;
  /** Share of the slices of which a part of the codes comes first. */
  readonly knownFirst?: number;
}

/**
 * The noise of one step: `dropout` `[batch, …shape]`, factors of 0 or 1 / (1 − rate), and `corruption` `[batch, rows,
 * columns]`, the code that each one is replaced by, −1 for none; without those that are off. `shownPositions` `[batch]` is
 * 0 for slices whose position in the scan is withheld, else 1; so are `shownCovariates` `[batch, covariates]` of each
 * covariate, and `shownConditions` `[batch]` of all conditions together. `known` `[batch, rows, columns]` is 1 for codes that come
 * before the others, of those slices of which some do. Each level, named by its `prefix`, has noise of its
 * own otherwise.
 *
 * A channel is dropped over the whole grid (Tompson et al., 2015), since neighbours would tell a dropped code's value;
 * it also keeps the noise small: a few kilobytes a step.
 */
export function levelNoise(
  { corruption, dropout, slicePosition, conditionDropout, knownFirst = 0 }: NoiseOptions,
  space: GridSpace,
  { seed, step, batch, prefix }: { seed: number; step: number; batch: number; prefix: string },
): HostTensors {
  const stream = (name: string) => random(seed, `${prefix}${name}`, step);
  const shown = (name: string, share: number, shape: readonly number[]) =>
    shownNoise(share, random(seed, name, step), shape);
  const covariates = space.covariates.length;
  return {
    ...(slicePosition && { shownPositions: shown("shown-positions", WITHHELD, [batch]) }),
    ...(covariates > 0 && { shownCovariates: shown("shown-covariates", WITHHELD, [batch, covariates]) }),
    ...(conditionDropout > 0 && { shownConditions: shown("shown-conditions", conditionDropout, [batch]) }),
    ...(dropout.rate > 0 && { dropout: dropoutNoise(dropout, stream("dropout"), batch) }),
    ...(corruption > 0 && { corruption: corruptionNoise(corruption, space, stream("corruption"), batch) }),
    ...(knownFirst > 0 && { known: knownNoise(knownFirst, space, stream("known"), batch) }),
  };
}

/** The conditions that a training step's network is told: those of its inputs, without what the step's noise withholds. */
export function toldConditions(inputs: Params): SliceConditions {
  const { labels, slicePositions, covariates, variations, shownConditions: all } = inputs;
  const ofAll = (shown: tf.Tensor) =>
    all === undefined ? shown : tf.mul(shown, tf.reshape(all, [all.size, ...shown.shape.slice(1).fill(1)]));
  return {
    labels:
      labels && all !== undefined
        ? tf.where(tf.greater(all, 0), labels, tf.fill(labels.shape, UNKNOWN, "int32"))
        : labels,
    slicePositions: slicePositions && withheld(slicePositions, ofAll(param(inputs, "shownPositions"))),
    covariates: covariates && withheld(covariates, ofAll(param(inputs, "shownCovariates"))),
    variations,
  };
}

/** Values of which those are unknown whose `shown` is 0 instead of 1. */
function withheld(values: tf.Tensor, shown: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(tf.sub(values, UNKNOWN), shown), UNKNOWN);
}

/** The codes as context: some replaced by random ones, so that none is trusted alone. */
export function corrupted(codes: tf.Tensor, replacements: tf.Tensor | undefined): tf.Tensor {
  if (replacements === undefined) return codes;
  return tf.where(tf.less(replacements, 0), codes, replacements);
}

/**
 * A layer's channels `[b, r, c, channels]` times those of the factors `[b, layers, branches, channels]` that are for it; as they
 * are where there are none.
 */
export function dropChannels(
  input: tf.Tensor,
  factors: tf.Tensor | undefined,
  layer: number,
  branch: number,
): tf.Tensor {
  if (factors === undefined) return input;
  const [batch, , , channels] = factors.shape as [number, number, number, number];
  return tf.mul(input, tf.slice(factors, [0, layer, branch, 0], [batch, 1, 1, channels]));
}

function shownNoise(withheldShare: number, stream: Random, shape: readonly number[]): HostTensor {
  const shown = Float32Array.from({ length: sizeOf(shape) }, () =>
    stream.uniform() < withheldShare ? 0 : 1,
  );
  return float32(shown, shape);
}

function dropoutNoise({ rate, shape }: NoiseOptions["dropout"], stream: Random, batch: number): HostTensor {
  const kept = 1 / (1 - rate);
  const factors = Float32Array.from({ length: batch * sizeOf(shape) }, () =>
    stream.uniform() < rate ? 0 : kept,
  );
  return float32(factors, [batch, ...shape]);
}

function corruptionNoise(
  share: number,
  { codes, rows, columns }: GridSpace,
  stream: Random,
  batch: number,
): HostTensor {
  const shape = [batch, rows, columns];
  const replaced = Int32Array.from({ length: sizeOf(shape) }, () =>
    stream.uniform() < share ? stream.integer(codes) : -1,
  );
  return int32(replaced, shape);
}

/** How many waves make the parts of grids that come first, and how many of their lengths a grid has at most. */
const [WAVES, MOST_WAVELENGTHS] = [3, 1.5];

/**
 * Parts of grids in all sizes and in many shapes, from halves to islands and holes: where a sum of waves in random directions is
 * highest.
 */
function knownNoise(share: number, { rows, columns }: GridSpace, stream: Random, batch: number): HostTensor {
  const size = rows * columns;
  const known = new Int32Array(batch * size);
  for (let slice = 0; slice < batch; slice++) {
    if (stream.uniform() >= share) continue;
    const waves = Array.from({ length: WAVES }, () => ({
      down: MOST_WAVELENGTHS * (2 * stream.uniform() - 1),
      across: MOST_WAVELENGTHS * (2 * stream.uniform() - 1),
      shift: stream.uniform(),
      height: stream.uniform(),
    }));
    const heights = Float64Array.from({ length: size }, (_, at) => {
      const [row, column] = [Math.floor(at / columns) / rows, (at % columns) / columns];
      const ofWave = ({ down, across, shift, height }: (typeof waves)[number]) =>
        height * Math.sin(2 * Math.PI * (down * row + across * column + shift));
      return waves.reduce((sum, wave) => sum + ofWave(wave), 0);
    });
    const least = heights.toSorted()[stream.integer(size)]!;
    known.set(
      heights.map((height) => Number(height > least)),
      slice * size,
    );
  }
  return int32(known, [batch, rows, columns]);
}
