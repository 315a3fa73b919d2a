import type { ImageSize } from "@slicebook/core";

/** Decoded slices, each on its own range [0, 1], kept in 8 bits each: thousands of them fit into memory. */
export interface Decoded {
  readonly size: ImageSize;
  /** The number that each of these slices has in its split. */
  readonly numbers: readonly number[];
  /** The pixels of slice `position` of these. */
  image(position: number): Float32Array;
  /** A copy of some {@link THUMBNAIL} pixels a side. */
  thumbnail(position: number): Float32Array;
}

const THUMBNAIL = 24;

/** Keeps images [n, height, width] in [0, 1]. */
export function keepDecoded(images: Float32Array, numbers: readonly number[], size: ImageSize): Decoded {
  const pixels = size.height * size.width;
  // Loops: `from` with a function takes as long as the SSIM of an image.
  const bytes = new Uint8ClampedArray(images.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = 255 * images[at]!;
  const image = (position: number) => {
    const values = new Float32Array(pixels);
    for (let at = 0; at < pixels; at++) values[at] = bytes[position * pixels + at]! / 255;
    return values;
  };
  const thumbnails = numbers.map((_, position) => shrink(image(position), size));
  return { size, numbers, image, thumbnail: (position) => thumbnails[position]! };
}

/** Means over blocks of whole pixels. */
function shrink(image: Float32Array, { height, width }: ImageSize): Float32Array {
  const [rows, columns] = [Math.min(THUMBNAIL, height), Math.min(THUMBNAIL, width)];
  const sums = new Float32Array(rows * columns);
  const counts = new Float32Array(rows * columns);
  for (let at = 0; at < image.length; at++) {
    const row = Math.floor((Math.floor(at / width) * rows) / height);
    const column = Math.floor(((at % width) * columns) / width);
    sums[row * columns + column]! += image[at]!;
    counts[row * columns + column]! += 1;
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}
