import type { ImageSize, Pixels } from "./image.ts";

/** One level of a pyramid. */
export interface PyramidLevel {
  readonly values: Float64Array;
  readonly size: ImageSize;
}

/** Below this many pixels on its short side a level says no more than the level above it. */
const SMALLEST = 12;

/** The sizes of an image's pyramid, the image's own first: each half the one before, down to 12 to 23 pixels. */
export function pyramidSizes(size: ImageSize): ImageSize[] {
  const sizes = [size];
  for (let last = size; ; sizes.push(last)) {
    last = { height: Math.ceil(last.height / 2), width: Math.ceil(last.width / 2) };
    if (Math.min(last.height, last.width) < SMALLEST) return sizes;
  }
}

/**
 * The Laplacian pyramid of an image (Burt and Adelson, "The Laplacian pyramid as a compact image code", 1983), the
 * finest level first: each but the last is what its octave of detail adds, the last is the image made small.
 *
 * The filter is [1 4 6 4 1] / 16 each way, the image is mirrored at its edges, as in Karras et al., 2018.
 */
export function laplacianPyramid(image: Pixels, size: ImageSize): PyramidLevel[] {
  const sizes = pyramidSizes(size);
  const levels: PyramidLevel[] = [];
  let current = Float64Array.from(image);
  for (const [index, finer] of sizes.entries()) {
    const coarser = sizes[index + 1];
    if (coarser === undefined) {
      levels.push({ values: current, size: finer });
      break;
    }
    const half = reduce(current, finer, coarser);
    const back = expand(half, coarser, finer);
    levels.push({ values: current.map((value, at) => value - back[at]!), size: finer });
    current = half;
  }
  return levels;
}

/** Half the size: smoothed, every second pixel of every second row. */
function reduce(values: Float64Array, from: ImageSize, to: ImageSize): Float64Array<ArrayBuffer> {
  const narrow = new Float64Array(from.height * to.width);
  for (let column = 0; column < to.width; column++) {
    const [a, b, c, d, e] = taps(2 * column, from.width);
    for (let row = 0, at = 0; row < from.height; row++, at += from.width) {
      narrow[row * to.width + column] =
        (values[at + a]! + values[at + e]! + 4 * (values[at + b]! + values[at + d]!) + 6 * values[at + c]!) /
        16;
    }
  }
  const half = new Float64Array(to.height * to.width);
  for (let row = 0; row < to.height; row++) {
    const [a, b, c, d, e] = taps(2 * row, from.height).map((tap) => tap * to.width) as Taps;
    for (let column = 0; column < to.width; column++) {
      half[row * to.width + column] =
        (narrow[a + column]! +
          narrow[e + column]! +
          4 * (narrow[b + column]! + narrow[d + column]!) +
          6 * narrow[c + column]!) /
        16;
    }
  }
  return half;
}

/** Twice the size: zeros between, smoothed with four times the filter. */
function expand(values: Float64Array, from: ImageSize, to: ImageSize): Float64Array {
  const tall = new Float64Array(to.height * from.width);
  for (let row = 0; row < to.height; row++) {
    const { left, middle, right, weights } = between(row, to.height);
    const [a, b, c] = [left * from.width, middle * from.width, right * from.width];
    for (let column = 0; column < from.width; column++) {
      tall[row * from.width + column] =
        weights[0] * values[a + column]! +
        weights[1] * values[b + column]! +
        weights[2] * values[c + column]!;
    }
  }
  const whole = new Float64Array(to.height * to.width);
  for (let column = 0; column < to.width; column++) {
    const { left, middle, right, weights } = between(column, to.width);
    for (let row = 0, at = 0; row < to.height; row++, at += from.width) {
      whole[row * to.width + column] =
        weights[0] * tall[at + left]! + weights[1] * tall[at + middle]! + weights[2] * tall[at + right]!;
    }
  }
  return whole;
}

type Taps = [number, number, number, number, number];

/** The pixels around one, two each way, mirrored at the edges. */
function taps(centre: number, length: number): Taps {
  const at = (offset: number) => mirrored(centre + offset, length);
  return [at(-2), at(-1), at(0), at(1), at(2)];
}

/** Which coarse pixels a fine one is made of: three under one that lies on a coarse pixel, two under others. */
function between(at: number, length: number) {
  if (at % 2 === 0) {
    const [left, , middle, , right] = taps(at, length).map((tap) => tap >> 1) as Taps;
    return { left, middle, right, weights: [1 / 8, 6 / 8, 1 / 8] as const };
  }
  const [, left, , right] = taps(at, length).map((tap) => tap >> 1) as Taps;
  return { left, middle: left, right, weights: [1 / 2, 0, 1 / 2] as const };
}

/** An index beyond an edge, mirrored at the outermost pixel. */
function mirrored(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((index % period) + period) % period;
  return within < length ? within : period - within;
}
