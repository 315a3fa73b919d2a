import { mapValues } from "./map-values.ts";
import {
  deviationOf,
  type Moments,
  mergeMoments,
  NO_MOMENTS,
  range,
  type SliceStatistics,
  sliceStatistics,
} from "./store/slice-statistics.ts";
import { holdWithin, type TrainingRange } from "./training-range.ts";
import type { Samples } from "./types.ts";

/** The ways to bring slices to a common range, by name. */
export const PREPROCESSINGS = ["zscore", "zscore-dataset", "minmax", "percentile", "residual"] as const;

export type PreprocessingName = (typeof PREPROCESSINGS)[number];

/** A preprocessing together with what it learned from the training slices. */
export type Preprocessing = (
  | { readonly name: "zscore" | "minmax" | "percentile" }
  | { readonly name: "zscore-dataset"; readonly mean: number; readonly deviation: number }
  | { readonly name: "residual"; readonly mean: Float32Array; readonly low: number; readonly high: number }
) & {
  /** Absent where it was not measured: then values are held in no range. */
  readonly range?: TrainingRange | undefined;
};

/**
 * How one slice was mapped: `preprocessed = (original - mean image - offset) × scale`, the image 0 unless
 * residual.
 */
export interface SliceMap {
  readonly offset: number;
  readonly scale: number;
}

/**
 * Learns what a preprocessing needs from the training slices, all of one size.
 *
 * - `zscore`: each slice to mean 0 and standard deviation 1; `minmax`: each slice to [0, 1]; `percentile`: each
 *   slice's 0.5th percentile to 0 and its 99.5th to 1, with what lies beyond kept as it is. Nothing to learn.
 * - `zscore-dataset`: all training pixels together to mean 0 and standard deviation 1.
 * - `residual`: the training slices' mean image is taken away, and what is left is mapped by its range over
 *   the training slices, so that they fall in [0, 1]. Other slices may fall a little outside.
 *
 * `slices` is called once per pass over the data (two passes for `residual`).
 */
export function fitPreprocessing(name: PreprocessingName, slices: () => Iterable<Samples>): Preprocessing {
  switch (name) {
    case "zscore":
    case "minmax":
    case "percentile":
      return { name };
    case "zscore-dataset":
      return pooledZscore(pooledMoments(slices()));
    case "residual": {
      const mean = meanImage(slices());
      let low = Infinity;
      let high = -Infinity;
      for (const slice of slices()) {
        for (let pixel = 0; pixel < slice.length; pixel++) {
          const value = slice[pixel]! - mean[pixel]!;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
      return low <= high ? { name, mean, low, high } : { name, mean, low: 0, high: 1 };
    }
  }
}

/** The data set's z-score, from the moments of all its training pixels. */
export function pooledZscore(moments: Moments): Preprocessing {
  return { name: "zscore-dataset", mean: moments.mean, deviation: deviationOf(moments) };
}

/**
 * Maps a slice's original values into `out` (the same length) and returns the map for the way back.
 *
 * A slice of one value, or a set of one value, is only shifted: there is nothing to divide by.
 */
export function preprocessSlice(preprocessing: Preprocessing, values: Samples, out: Float32Array): SliceMap {
  const map = sliceMap(preprocessing, values);
  applySliceMap(preprocessing, map, values, out);
  return map;
}

/** Maps a slice's original values into `out` by a map that is known. */
export function applySliceMap(
  preprocessing: Preprocessing,
  { offset, scale }: SliceMap,
  values: Samples,
  out: Float32Array,
): void {
  if (preprocessing.name === "residual") {
    checkLength(preprocessing.mean, values);
    const { mean } = preprocessing;
    for (let pixel = 0; pixel < values.length; pixel++) {
      out[pixel] = (values[pixel]! - mean[pixel]! - offset) * scale;
    }
  } else {
    mapValues(values, { offset, scale }, out);
  }
}

/**
 * Maps what a model makes of a slice, in preprocessed units, back to the slice's original units, and holds it among the
 * values that training slices have there, where the preprocessing has learned them.
 *
 * So a black that all slices share is black in each, however it was mapped; a slice's own values beyond those of the
 * training slices do not come back.
 */
export function restoreSlice(
  preprocessing: Preprocessing,
  { offset, scale }: SliceMap,
  values: Float32Array,
): Float32Array {
  const out = new Float32Array(values.length);
  if (preprocessing.name === "residual") {
    checkLength(preprocessing.mean, values);
    const { mean } = preprocessing;
    for (let pixel = 0; pixel < out.length; pixel++) {
      out[pixel] = values[pixel]! / scale + offset + mean[pixel]!;
    }
  } else {
    for (let pixel = 0; pixel < out.length; pixel++) out[pixel] = values[pixel]! / scale + offset;
  }
  return preprocessing.range === undefined ? out : holdWithin(out, preprocessing.range.original);
}

/**
 * Brings preprocessed values of no slice in particular, such as a sample, to [0, 1]: to the greys in which the training
 * slices' black is 0 and nearly all of their values are below 1, or by their own range where the preprocessing has learned
 * none.
 */
export function greysOf(preprocessing: Preprocessing, values: Float32Array): Float32Array {
  const { name, range: learned } = preprocessing;
  const shown =
    name === "residual" && learned !== undefined
      ? restoreSlice(preprocessing, sliceMap(preprocessing, values), values)
      : values;
  const [black, white] = learned?.window ?? range(values);
  const greys = new Float32Array(shown.length);
  mapValues(shown, { offset: black, scale: inverse(white - black) }, greys);
  return holdWithin(greys, [0, 1]);
}

/** How {@link preprocessSlice} maps this slice, without mapping it. */
export function sliceMap(preprocessing: Preprocessing, values: Samples): SliceMap {
  return sliceMapOf(preprocessing, sliceStatistics(values), values.length);
}

/** {@link sliceMap} of a slice of `count` values that was measured before. */
export function sliceMapOf(
  preprocessing: Preprocessing,
  { mean, squares, low, high, lower, upper }: SliceStatistics,
  count: number,
): SliceMap {
  switch (preprocessing.name) {
    case "zscore":
      return { offset: mean, scale: inverse(deviationOf({ count, mean, squares })) };
    case "minmax":
      return { offset: low, scale: inverse(high - low) };
    case "percentile": {
      // Of a slice that is all but one value, what is left tells it apart.
      const [black, white] = upper > lower ? [lower, upper] : [low, high];
      return { offset: black, scale: inverse(white - black) };
    }
    case "zscore-dataset":
      return { offset: preprocessing.mean, scale: inverse(preprocessing.deviation) };
    case "residual":
      return { offset: preprocessing.low, scale: inverse(preprocessing.high - preprocessing.low) };
  }
}

/** Mean and scatter of all values of all slices, merged slice by slice. */
export function pooledMoments(slices: Iterable<Samples>): Moments {
  let all = NO_MOMENTS;
  for (const slice of slices) all = mergeMoments(all, { count: slice.length, ...sliceStatistics(slice) });
  return all;
}

function meanImage(slices: Iterable<Samples>): Float32Array {
  let sum: Float64Array | undefined;
  let count = 0;
  for (const slice of slices) {
    sum ??= new Float64Array(slice.length);
    for (let pixel = 0; pixel < slice.length; pixel++) sum[pixel]! += slice[pixel]!;
    count += 1;
  }
  return Float32Array.from(sum ?? [], (value) => value / count);
}

function inverse(spread: number): number {
  return spread > 0 ? 1 / spread : 1;
}

function checkLength(mean: Float32Array, values: Samples): void {
  if (mean.length !== values.length) {
    throw new RangeError(`the mean image has ${mean.length} pixels, the slice ${values.length}`);
  }
}
