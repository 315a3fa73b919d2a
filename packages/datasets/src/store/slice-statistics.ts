import type { Samples } from "../types.ts";

/** Mean and scatter of some values, which can be merged with those of others. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** The sum of squared distances from the mean. */
  readonly squares: number;
}

/** What preprocessing needs to know of a slice. */
export interface SliceStatistics {
  readonly mean: number;
  /** The sum of squared distances from the mean. */
  readonly squares: number;
  readonly low: number;
  readonly high: number;
  /** The percentiles {@link PERCENTILES}, which a few outliers do not move. */
  readonly lower: number;
  readonly upper: number;
}

/** Percents of a slice's values that are at most {@link SliceStatistics.lower} and {@link SliceStatistics.upper}. */
const PERCENTILES = [0.5, 99.5] as const;

export const NO_MOMENTS: Moments = { count: 0, mean: 0, squares: 0 };

/** Measures a slice in float64; all are 0 for a slice without values. Percentiles are numpy's, interpolated linearly. */
export function sliceStatistics(values: Samples): SliceStatistics {
  if (values.length === 0) return { mean: 0, squares: 0, low: 0, high: 0, lower: 0, upper: 0 };
  if (values instanceof Uint8Array) return byteStatistics(values);
  if (values instanceof Int16Array) return integerStatistics(values);
  return realStatistics(values);
}

/**
 * A pass and a function each for the mean, the bounds and the scatter: of one function with two loops, V8 11.3 entered
 * the first one's code anew and gave it up after it, slice by slice.
 */
function realStatistics(values: Samples): SliceStatistics {
  const mean = sumOf(values) / values.length;
  const [low, high] = range(values);
  return { mean, squares: scatterOf(values, mean), low, high, ...percentiles(values, low, high) };
}

function sumOf(values: Samples): number {
  let sum = 0;
  for (let pixel = 0; pixel < values.length; pixel++) sum += values[pixel]!;
  return sum;
}

function scatterOf(values: Samples, mean: number): number {
  let squares = 0;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const distance = values[pixel]! - mean;
    squares += distance * distance;
  }
  return squares;
}

/** The smallest and largest value; [0, 0] of nothing. */
export function range(values: Samples): [low: number, high: number] {
  if (values.length === 0) return [0, 0];
  let low = Infinity;
  let high = -Infinity;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const value = values[pixel]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** In one pass: sums of 16-bit numbers and of their squares are exact up to 2⁵³, which is 2²³ of the largest. */
function integerStatistics(values: Int16Array): SliceStatistics {
  let sum = 0;
  let sumOfSquares = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const value = values[pixel]!;
    sum += value;
    sumOfSquares += value * value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const mean = sum / values.length;
  return {
    mean,
    squares: Math.max(0, sumOfSquares - sum * mean),
    low,
    high,
    ...percentiles(values, low, high),
  };
}

/** In one pass, by how often each value occurs. */
function byteStatistics(values: Uint8Array): SliceStatistics {
  const counts = new Uint32Array(256);
  for (let pixel = 0; pixel < values.length; pixel++) counts[values[pixel]!]! += 1;
  let sum = 0;
  for (let value = 0; value < 256; value++) sum += value * counts[value]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let value = 0; value < 256; value++) squares += counts[value]! * (value - mean) ** 2;
  return {
    mean,
    squares,
    low: counts.findIndex((count) => count > 0),
    high: counts.findLastIndex((count) => count > 0),
    ...interpolated(values.length, (rank) => {
      let value = 0;
      for (let before = counts[0]!; before <= rank; before += counts[value]!) value += 1;
      return value;
    }),
  };
}

/** Bins by which values are told apart before those of one bin are sorted. */
const BINS = 4096;

/** The percentiles of values from `low` to `high`: most values are only counted, which is faster than to sort them. */
function percentiles(values: Samples, low: number, high: number): Pick<SliceStatistics, "lower" | "upper"> {
  if (!(high > low)) return { lower: low, upper: high };
  // Not a division for each value; divided first, so that no range overflows.
  const scale = (BINS - 1) / 2 / (high / 2 - low / 2);
  const binOf = (value: number) => Math.trunc((value - low) * scale);
  const counts = new Uint32Array(BINS + 1);
  for (let pixel = 0; pixel < values.length; pixel++) counts[binOf(values[pixel]!)]! += 1;
  const sorted = new Map<number, Float64Array>();
  return interpolated(values.length, (rank) => {
    let bin = 0;
    let before = 0;
    for (; before + counts[bin]! <= rank; bin++) before += counts[bin]!;
    let binValues = sorted.get(bin);
    if (binValues === undefined) {
      binValues = new Float64Array(counts[bin]!);
      let at = 0;
      for (let pixel = 0; pixel < values.length; pixel++) {
        if (binOf(values[pixel]!) === bin) binValues[at++] = values[pixel]!;
      }
      sorted.set(bin, binValues.sort());
    }
    return binValues[rank - before]!;
  });
}

/** The percentiles between the values of the ranks beside them, from 0. */
function interpolated(
  count: number,
  valueAt: (rank: number) => number,
): Pick<SliceStatistics, "lower" | "upper"> {
  const [lower, upper] = PERCENTILES.map((percent) => {
    const fractionalRank = ((count - 1) * percent) / 100;
    const rank = Math.floor(fractionalRank);
    const value = valueAt(rank);
    return rank === fractionalRank ? value : value + (valueAt(rank + 1) - value) * (fractionalRank - rank);
  });
  return { lower: lower!, upper: upper! };
}

/** The moments of both sets of values together (Chan et al., 1979). */
export function mergeMoments(left: Moments, right: Moments): Moments {
  if (left.count === 0) return right;
  if (right.count === 0) return left;
  const count = left.count + right.count;
  const distance = right.mean - left.mean;
  return {
    count,
    mean: left.mean + (distance * right.count) / count,
    squares: left.squares + right.squares + (distance * distance * left.count * right.count) / count,
  };
}

/** Population standard deviation; 0 of nothing. */
export function deviationOf({ count, squares }: Moments): number {
  return count === 0 ? 0 : Math.sqrt(squares / count);
}
