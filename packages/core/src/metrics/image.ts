import { SlicebookError } from "@slicebook/base";

/** One grey image's values in raster order, of the size that is given beside it. */
export type Pixels = Float32Array | Float64Array;

/** An image's size in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Throws `METRIC_INPUT_INVALID` unless both images fill the size and a `window`×`window` square fits in it. */
export function checkImages(
  metric: string,
  original: Pixels,
  reconstruction: Pixels,
  { height, width }: ImageSize,
  window: number,
): void {
  for (const [name, image] of Object.entries({ original, reconstruction })) {
    if (image.length !== height * width) {
      throw new SlicebookError(
        "METRIC_INPUT_INVALID",
        `${metric}: the ${name} has ${image.length} values, which do not fill ${height}×${width} pixels`,
      );
    }
  }
  if (Math.min(height, width) < window) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `${metric}: an image of ${height}×${width} pixels is smaller than the ${window}×${window} window`,
      { remedy: `Use images of at least ${window}×${window} pixels.` },
    );
  }
}

/** Throws `METRIC_INPUT_INVALID` unless both images have the same number of values, and at least one. */
export function checkSameLength(metric: string, original: Pixels, reconstruction: Pixels): void {
  if (original.length !== reconstruction.length || original.length === 0) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `${metric}: the original has ${original.length} values and the reconstruction ${reconstruction.length}; ` +
        "both need the same number, and at least one",
    );
  }
}
