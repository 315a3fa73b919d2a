import { z } from "zod";

const boundsSchema = z.tuple([z.number(), z.number()]);

/** A least and a greatest value. */
export type Bounds = Readonly<z.output<typeof boundsSchema>>;

export const trainingRangeSchema = z.object({
  preprocessed: boundsSchema,
  original: boundsSchema,
  window: boundsSchema,
});

/** What values the training slices have, so that what a model makes up can be held among them. */
export interface TrainingRange {
  /** The least and the greatest preprocessed value of all training slices, as float32. */
  readonly preprocessed: Bounds;
  /** The same in original units. */
  readonly original: Bounds;
  /**
   * The values that are shown as black and white: the median of the slices' least values, and the 95th percentile of
   * their 99.5th percentiles. Preprocessed, but for `residual` in original units: what is left of a slice without the
   * mean image has no greys to show.
   */
  readonly window: Bounds;
}

/** Brings values that are below or above bounds to them, in place; NaN stays. */
export function holdWithin(values: Float32Array, [low, high]: Bounds): Float32Array {
  for (let pixel = 0; pixel < values.length; pixel++) {
    const value = values[pixel]!;
    if (value < low) values[pixel] = low;
    else if (value > high) values[pixel] = high;
  }
  return values;
}
