import { SlicebookError } from "@slicebook/base";
import { range } from "./preprocess.ts";
import { resizeBilinear } from "./resize.ts";
import type { Samples, Size, SliceImage } from "./types.ts";

/** What may be done, by name, to a slice that is not of the wanted size. */
export const SIZE_POLICIES = ["pad", "crop", "resize"] as const;

export type SizePolicy = (typeof SIZE_POLICIES)[number];

/** What {@link fitSize} needs besides the slice. */
export interface FitSizeOptions {
  /** Without a policy, a slice of another size is an error. */
  readonly policy: SizePolicy | undefined;
  /** The slice's file, for messages. */
  readonly path: string;
}

/**
 * Brings a slice to `size`; a slice of that size is returned as it is.
 *
 * - `pad` centres it (the odd pixel goes below or right) on the slice's own minimum, which leaves its range
 *   as it was.
 * - `crop` keeps its centre (the odd pixel is lost below or right).
 * - `resize` is {@link resizeBilinear}.
 *
 * Throws `SLICE_SIZE` if there is no policy, or if the slice is too large to pad or too small to crop.
 */
export function fitSize(image: SliceImage, size: Size, { policy, path }: FitSizeOptions): Samples {
  const [height, width] = size;
  if (image.height === height && image.width === width) return image.values;
  if (policy === "resize") return resizeBilinear(image.values, [image.height, image.width], size);
  const larger = image.height > height || image.width > width;
  const smaller = image.height < height || image.width < width;
  if (policy === undefined || (policy === "pad" && larger) || (policy === "crop" && smaller)) {
    const why = policy === undefined ? "" : `, which "${policy}" cannot mend`;
    const fitting = SIZE_POLICIES.filter((name) =>
      name === "pad" ? !larger : name === "crop" ? !smaller : true,
    );
    throw new SlicebookError(
      "SLICE_SIZE",
      `${path} is ${image.height}x${image.width} (height x width), not ${height}x${width}${why}`,
      {
        remedy: `Set dataset.sizePolicy to ${fitting.join(" or ")}, or dataset.size to the slices' own size.`,
      },
    );
  }
  const out =
    image.values instanceof Float32Array
      ? new Float32Array(height * width)
      : new Float64Array(height * width);
  if (policy === "pad") out.fill(range(image.values)[0]);
  const rows = Math.min(height, image.height);
  const columns = Math.min(width, image.width);
  const fromRow = Math.max(0, Math.floor((image.height - height) / 2));
  const fromColumn = Math.max(0, Math.floor((image.width - width) / 2));
  const toRow = Math.max(0, Math.floor((height - image.height) / 2));
  const toColumn = Math.max(0, Math.floor((width - image.width) / 2));
  for (let row = 0; row < rows; row++) {
    const start = (fromRow + row) * image.width + fromColumn;
    out.set(image.values.subarray(start, start + columns), (toRow + row) * width + toColumn);
  }
  return out;
}
