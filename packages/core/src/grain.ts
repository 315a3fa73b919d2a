import { random } from "@slicebook/base";
import { z } from "zod";
import type { ImageSize } from "./metrics/image.ts";

/** Bins of the detail of pixels, and of slices, at most. */
const BINS = 8;
/** Slices in each bin of slices, at least. */
const SLICES_PER_BIN = 4;
/** How far the correlation of the noise reaches, in pixels. */
const REACH = 3;
const SIDE = 2 * REACH + 1;
/** Frequencies each way at which the kernel is worked out: enough for a correlation over 7 pixels. */
const FREQUENCIES = 16;

/** The noise that slices have beyond what their codes say: how strong it is where, and how it is correlated. */
export const grainSchema = z
  .strictObject({
    /** White noise filtered by it, [7, 7] row-major, is correlated as what is lacking. */
    kernel: z.array(z.number()).length(SIDE * SIDE),
    /** Bounds between bins of slices, by their mean detail, ascending. */
    slices: z.array(z.number()),
    /** Bounds between bins of pixels, by their detail, ascending. */
    pixels: z.array(z.number()),
    /** The standard deviation of the noise, in preprocessed units, for each bin of slices and each bin of pixels. */
    deviations: z.array(z.array(z.number().min(0))),
  })
  .refine(
    ({ slices, pixels, deviations }) =>
      deviations.length === slices.length + 1 && deviations.every((row) => row.length === pixels.length + 1),
    "there is not one deviation for each bin",
  );

export type Grain = z.infer<typeof grainSchema>;

/**
 * Measures what slices [n, height, width] have beyond their reconstructions: how much more fine detail, by the detail that
 * the reconstruction has around a pixel and in the whole slice, and how that is correlated over 7×7 pixels.
 *
 * As film grain synthesis does for video codecs (Norkin and Birkbeck, "Film grain synthesis for AV1 video codec", 2018),
 * with the local standard deviation in place of the intensity, and with the energy that reconstructions lack in place of
 * that of the residuals: these hold what was misplaced as well, and noise as strong would be too much.
 */
export function learnGrain(originals: Float32Array, reconstructions: Float32Array, size: ImageSize): Grain {
  const count = size.height * size.width;
  const total = originals.length / count;
  const eachSlice = (images: Float32Array, of: (slice: Float32Array, size: ImageSize) => Float32Array) => {
    const all = new Float32Array(images.length);
    for (let from = 0; from < all.length; from += count)
      all.set(of(images.subarray(from, from + count), size), from);
    return all;
  };
  const detail = eachSlice(reconstructions, localDeviation);
  const means = Array.from({ length: total }, (_, slice) =>
    meanOf(detail.subarray(slice * count, (slice + 1) * count)),
  );
  const slices = bounds(Float32Array.from(means), Math.min(BINS, Math.floor(total / SLICES_PER_BIN)));
  const pixels = bounds(detail, BINS);

  const [fine, fineDecoded] = [eachSlice(originals, highPass), eachSlice(reconstructions, highPass)];
  const decoded = covariance(fineDecoded, size);
  const kernel = kernelOf(covariance(fine, size).map((value, lag) => value - decoded[lag]!));
  const passed = passedThrough(kernel);
  const energy = Array.from({ length: slices.length + 1 }, () => new Float64Array(pixels.length + 1));
  const counts = energy.map((row) => new Float64Array(row.length));
  for (let at = 0; at < detail.length; at++) {
    const row = binOf(slices, means[Math.floor(at / count)]!);
    const bin = binOf(pixels, detail[at]!);
    energy[row]![bin]! += fine[at]! ** 2 - fineDecoded[at]! ** 2;
    counts[row]![bin]! += 1;
  }
  const sum = (table: readonly Float64Array[], bin: number) => table.reduce((all, row) => all + row[bin]!, 0);
  const deviation = (total: number, number: number) =>
    passed > 0 ? Math.sqrt(Math.max(0, total / passed / Math.max(1, number))) : 0;
  return {
    kernel,
    slices,
    pixels,
    deviations: energy.map((row, index) =>
      Array.from(row, (total, bin) => {
        const number = counts[index]![bin]!;
        // A kind of pixel that the slices of a bin do not have is as strong as in all slices.
        return number > 0 ? deviation(total, number) : deviation(sum(energy, bin), sum(counts, bin));
      }),
    ),
  };
}

export interface AddGrainOptions {
  readonly size: ImageSize;
  readonly seed: number;
  /** The number of each image: its grain depends on the seed and its number only. */
  readonly numbers: readonly number[];
  /** The least and the greatest value that images may have. */
  readonly bounds?: readonly [least: number, greatest: number] | undefined;
}

/** Decoded images [n, height, width] with grain as that of slices that decode to such an image. */
export function addGrain(
  images: Float32Array,
  { kernel, slices, pixels, deviations }: Grain,
  { size, seed, numbers, bounds: [least, greatest] = [-Infinity, Infinity] }: AddGrainOptions,
): Float32Array {
  const { height, width } = size;
  const count = height * width;
  const wide = width + 2 * REACH;
  const grained = Float32Array.from(images);
  for (const [image, number] of numbers.entries()) {
    const values = grained.subarray(image * count, (image + 1) * count);
    const detail = localDeviation(values, size);
    const strengths = deviations[binOf(slices, meanOf(detail))]!;
    const white = random(seed, "grain", number).normals(wide * (height + 2 * REACH));
    for (let row = 0, at = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        let noise = 0;
        for (let down = 0, tap = 0; down < SIDE; down++) {
          const from = (row + down) * wide + column;
          for (let right = 0; right < SIDE; right++, tap++) noise += kernel[tap]! * white[from + right]!;
        }
        const value = values[at]! + noise * strengths[binOf(pixels, detail[at]!)]!;
        values[at] = Math.min(greatest, Math.max(least, value));
      }
    }
  }
  return grained;
}

/** What a pixel has beyond the binomial mean of the 3×3 around it; those at an edge are repeated beyond it. */
function highPass(image: Float32Array, { height, width }: ImageSize): Float32Array {
  const fine = new Float32Array(image.length);
  for (let row = 0, at = 0; row < height; row++) {
    const [above, here, below] = [
      Math.max(0, row - 1) * width,
      row * width,
      Math.min(height - 1, row + 1) * width,
    ];
    for (let column = 0; column < width; column++, at++) {
      const [left, right] = [Math.max(0, column - 1), Math.min(width - 1, column + 1)];
      const across = (line: number) => image[line + left]! + 2 * image[line + column]! + image[line + right]!;
      fine[at] = image[at]! - (across(above) + 2 * across(here) + across(below)) / 16;
    }
  }
  return fine;
}

/** The part of the energy of noise of this kernel that the high-pass lets through. */
function passedThrough(kernel: readonly number[]): number {
  const side = SIDE + 4; // a border of zeros that the kernel's own border of responses lies in
  const size = { height: side, width: side };
  const padded = new Float32Array(side * side);
  for (let row = 0; row < SIDE; row++) {
    padded.set(kernel.slice(row * SIDE, (row + 1) * SIDE), (row + 2) * side + 2);
  }
  return highPass(padded, size).reduce((sum, value) => sum + value * value, 0);
}

/** The standard deviation of the 3×3 pixels around each; those at an edge are repeated beyond it. */
function localDeviation(image: Float32Array, { height, width }: ImageSize): Float32Array {
  const deviations = new Float32Array(image.length);
  for (let row = 0, at = 0; row < height; row++) {
    const rows = [Math.max(0, row - 1), row, Math.min(height - 1, row + 1)];
    for (let column = 0; column < width; column++, at++) {
      const [left, right] = [Math.max(0, column - 1), Math.min(width - 1, column + 1)];
      let [sum, square] = [0, 0];
      for (const line of rows) {
        const from = line * width;
        const [a, b, c] = [image[from + left]!, image[from + column]!, image[from + right]!];
        sum += a + b + c;
        square += a * a + b * b + c * c;
      }
      deviations[at] = Math.sqrt(Math.max(0, square / 9 - (sum / 9) ** 2));
    }
  }
  return deviations;
}

/** The values that part others into bins of as many each, ascending and all different. */
function bounds(values: Float32Array, bins: number): number[] {
  const sorted = values.slice().sort();
  const cuts = Array.from(
    { length: Math.max(0, bins - 1) },
    (_, cut) => sorted[Math.floor(((cut + 1) * sorted.length) / bins)]!,
  );
  return [...new Set(cuts)];
}

/** The number of bounds that a value exceeds. */
function binOf(bounds: readonly number[], value: number): number {
  let bin = 0;
  while (bin < bounds.length && value > bounds[bin]!) bin++;
  return bin;
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The sums of products of pixels `down` and `right` of each other, for 0 … 3 rows and -3 … 3 columns: [4, 7] row-major. */
function covariance(images: Float32Array, { height, width }: ImageSize): Float64Array {
  const sums = new Float64Array((REACH + 1) * SIDE);
  for (let down = 0, lag = 0; down <= REACH; down++) {
    for (let right = -REACH; right <= REACH; right++, lag++) {
      for (let first = 0; first < images.length; first += height * width) {
        for (let row = 0; row + down < height; row++) {
          const from = first + row * width;
          const to = from + down * width + right;
          for (let column = Math.max(0, -right); column < Math.min(width, width - right); column++) {
            sums[lag]! += images[from + column]! * images[to + column]!;
          }
        }
      }
    }
  }
  return sums;
}

/**
 * A filter of length 1 that gives white noise this covariance but for a factor: the inverse transform of the root of its
 * spectrum, where that is positive. The covariance is tapered to zero at its ends.
 */
function kernelOf(covariance: Float64Array): number[] {
  const taps = Array.from({ length: SIDE * SIDE }, (_, tap) => {
    const [down, right] = [Math.floor(tap / SIDE) - REACH, (tap % SIDE) - REACH];
    const taper = (1 - Math.abs(down) / (REACH + 1)) * (1 - Math.abs(right) / (REACH + 1));
    const lag = down < 0 ? -down * SIDE + REACH - right : down * SIDE + REACH + right;
    return { down, right, value: taper * covariance[lag]! };
  });
  const waves = Array.from({ length: FREQUENCIES ** 2 }, (_, wave) => ({
    vertical: (2 * Math.PI * Math.floor(wave / FREQUENCIES)) / FREQUENCIES,
    horizontal: (2 * Math.PI * (wave % FREQUENCIES)) / FREQUENCIES,
  }));
  const cosine = (wave: (typeof waves)[number], tap: (typeof taps)[number]) =>
    Math.cos(wave.vertical * tap.down + wave.horizontal * tap.right);
  const roots = waves.map((wave) =>
    Math.sqrt(
      Math.max(
        0,
        taps.reduce((sum, tap) => sum + tap.value * cosine(wave, tap), 0),
      ),
    ),
  );
  const kernel = taps.map((tap) => waves.reduce((sum, wave, at) => sum + roots[at]! * cosine(wave, tap), 0));
  const length = Math.hypot(...kernel);
  return kernel.map((value) => (length > 0 ? value / length : 0));
}
