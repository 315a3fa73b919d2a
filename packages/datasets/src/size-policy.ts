import { SlicebookError } from "@slicebook/base";
import { type Affine, affineOf } from "./orientation.ts";
import { resizeBilinear } from "./resize.ts";
import { range } from "./store/slice-statistics.ts";
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
export function fitSize(image: SliceImage, size: Size, options: FitSizeOptions): Samples {
  const { height, width, values } = image;
  if (height === size[0] && width === size[1]) return values;
  if (options.policy === "resize") return resizeBilinear(values, [height, width], size);
  checkPolicy(image, size, options);
  const out = emptyLike(values, size[0] * size[1]);
  if (options.policy === "pad") out.fill(range(values)[0]);
  copyCentred(image, size, (part, at) => out.set(part, at));
  return out;
}

function emptyLike(values: Samples, length: number): Samples {
  if (values instanceof Uint8Array) return new Uint8Array(length);
  if (values instanceof Int16Array) return new Int16Array(length);
  if (values instanceof Uint16Array) return new Uint16Array(length);
  return values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** A mask: `labels[row * width + column]`, row 0 at the top. */
export interface LabelMap {
  readonly height: number;
  readonly width: number;
  readonly values: Uint16Array;
}

/**
 * Brings a mask to `size` as {@link fitSize} brings its slice, so that both still lie on each other.
 *
 * What `pad` adds is 0, the background; `resize` takes the nearest label. Throws `SLICE_SIZE` as for a slice.
 */
export function fitLabels(mask: LabelMap, size: Size, options: FitSizeOptions): Uint16Array {
  const { height, width, values } = mask;
  if (height === size[0] && width === size[1]) return values;
  const out = new Uint16Array(size[0] * size[1]);
  if (options.policy === "resize") {
    const source = (index: number, from: number, to: number) => Math.floor(((index + 0.5) * from) / to);
    for (let row = 0; row < size[0]; row++) {
      const start = source(row, height, size[0]) * width;
      for (let column = 0; column < size[1]; column++) {
        out[row * size[1] + column] = values[start + source(column, width, size[1])]!;
      }
    }
    return out;
  }
  checkPolicy(mask, size, options);
  copyCentred(mask, size, (part, at) => out.set(part, at));
  return out;
}

/** The matrix of a slice that was brought to `size` by {@link fitSize}, from the matrix that it had. */
export function fitAffine(affine: Affine, image: Sides, size: Size, policy: SizePolicy | undefined): Affine {
  const [height, width] = size;
  if (policy === "resize") {
    const [down, right] = [image.height / height, image.width / width];
    const origin = [(down - 1) / 2, (right - 1) / 2, 0]; // pixels' centres
    return affineOf(affine, origin, [
      [down, 0, 0],
      [0, right, 0],
      [0, 0, 1],
    ]);
  }
  const { fromRow, fromColumn, toRow, toColumn } = centred(image, size);
  return affineOf(
    affine,
    [fromRow - toRow, fromColumn - toColumn, 0],
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  );
}

type Sides = Pick<SliceImage, "height" | "width">;

function checkPolicy(image: Sides, [height, width]: Size, { policy, path }: FitSizeOptions): void {
  const larger = image.height > height || image.width > width;
  const smaller = image.height < height || image.width < width;
  if (policy !== undefined && (policy !== "pad" || !larger) && (policy !== "crop" || !smaller)) return;
  const why = policy === undefined ? "" : `, which "${policy}" cannot fix`;
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

/** Hands over the rows that the centred image and `size` share, and where each starts. */
function copyCentred<Values extends Samples | Uint16Array>(
  image: Sides & { readonly values: Values },
  [height, width]: Size,
  set: (part: Values, at: number) => void,
): void {
  const rows = Math.min(height, image.height);
  const columns = Math.min(width, image.width);
  const { fromRow, fromColumn, toRow, toColumn } = centred(image, [height, width]);
  for (let row = 0; row < rows; row++) {
    const start = (fromRow + row) * image.width + fromColumn;
    set(image.values.subarray(start, start + columns) as Values, (toRow + row) * width + toColumn);
  }
}

/** Where the shared part starts in the image, and where in what it becomes; the odd pixel is below or right. */
function centred(image: Sides, [height, width]: Size) {
  return {
    fromRow: Math.max(0, Math.floor((image.height - height) / 2)),
    fromColumn: Math.max(0, Math.floor((image.width - width) / 2)),
    toRow: Math.max(0, Math.floor((height - image.height) / 2)),
    toColumn: Math.max(0, Math.floor((width - image.width) / 2)),
  };
}
