import { type Preprocessing, preprocessSlice, type SliceMap } from "./preprocess.ts";
import { type FitSizeOptions, fitSize } from "./size-policy.ts";
import type { Size, SliceImage } from "./types.ts";

/** A slice from outside a data set, brought to its size and units. */
export interface PreparedSlice {
  /** In the file's units, [height, width]. */
  readonly original: Float32Array;
  /** Preprocessed, as the model takes it. */
  readonly prepared: Float32Array;
  /** How it was preprocessed. */
  readonly map: SliceMap;
}

/** Brings a slice to the size and the units of a data set; throws `SLICE_SIZE` as {@link fitSize} does. */
export function prepareSlice(
  image: SliceImage,
  preprocessing: Preprocessing,
  { size, ...options }: FitSizeOptions & { readonly size: Size },
): PreparedSlice {
  const original = Float32Array.from(fitSize(image, size, options));
  const prepared = new Float32Array(original.length);
  const map = preprocessSlice(preprocessing, original, prepared);
  return { original, prepared, map };
}
