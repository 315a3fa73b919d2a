import { random } from "@slicebook/base";
import { z } from "zod";
import type { ImageSize } from "./metrics/image.ts";

/** Bins of the detail of pixels, and of slices, at most. */
const BINS = 8;
/** Slices in each bin of slices, at least. */
const SLICES_PER_BIN = 4;
/** How far the correlation of residuals reaches, in pixels. */
const REACH = 3;
const SIDE = 2 * REACH + 1;
/** Frequencies each way at which the kernel is worked out: enough for a correlation over 7 pixels. */
const FREQUENCIES = 16;

/** The noise that slices have beyond what their codes say: how strong it is where, and how it is correlated. */
export const grainSchema = z
  .strictObject({
    /** White noise filtered by it, [7, 7] row-major, is correlated as residuals are. */
    kernel: z.array(z.number()).length(SIDE * SIDE),
    /** Bounds between bins of slices, by their mean detail, ascending. */
    slices: z.array(z.number()),
    /** Bounds between bins of pixels, by their detail, ascending. */
    pixels: z.array(z.number()),
    /** The root mean square of residuals, in preprocessed units, for each bin of slices and each bin of pixels. */
    deviations: z.array(z.array(z.number().min(0))),
  })
  .refine(
    ({ slices, pixels, deviations }) =>
      deviations.length === slices.length + 1 && deviations.every((row) => row.length === pixels.length + 1),
    "there is not one deviation for each bin",
  );

export type Grain = z.infer<typeof grainSchema>;

/**
 * Measures what slices [n, height, width] have beyond their reconstructions: the strength of the residuals by the detail
 * that the reconstruction has around a pixel and in the whole slice, and their correlation over 7×7 pixels.
 *
 * As film grain synthesis does for video codecs (Norkin and Birkbeck, "Film grain synthesis for AV1 video codec", 2018),
 * with the local standard deviation in place of the intensity.
 */
export function learnGrain(originals: Float32Array, reconstructions: Float32Array, size: ImageSize): Grain {
  const count = size.height * size.width;
  const residuals = originals.map((value, at) => value - reconstructions[at]!);
  const total = originals.length / count;
  const all = new Float32Array(originals.length);
  const details = Array.from({ length: total }, (_, slice) => {
    const [from, to] = [slice * count, (slice + 1) * count];
    all.set(localDeviation(reconstructions.subarray(from, to), size), from);
    return all.subarray(from, to);
  });
  const means = details.map(meanOf);
  const slices = bounds(Float32Array.from(means), Math.min(BINS, Math.floor(total / SLICES_PER_BIN)));
  const pixels = bounds(all, BINS);

  const squares = Array.from({ length: slices.length + 1 }, () => new Float64Array(pixels.length + 1));
  const counts = squares.map((row) => new Float64Array(row.length));
  for (const [slice, detail] of details.entries()) {
    const row = binOf(slices, means[slice]!);
    for (let at = 0; at < count; at++) {
      const bin = binOf(pixels, detail[at]!);
      squares[row]![bin]! += residuals[slice * count + at]! ** 2;
      counts[row]![bin]! += 1;
    }
  }
  const sum = (table: readonly Float64Array[], bin: number) => table.reduce((all, row) => all + row[bin]!, 0);
  // A kind of pixel that the slices of a bin do not have is as strong as in all slices.
  const deviation = (row: number, bin: number) =>
    counts[row]![bin]! > 0
      ? Math.sqrt(squares[row]![bin]! / counts[row]![bin]!)
      : Math.sqrt(sum(squares, bin) / Math.max(1, sum(counts, bin)));
  return {
    kernel: kernelOf(correlation(residuals, size)),
    slices,
    pixels,
    deviations: squares.map((row, index) => Array.from(row, (_, bin) => deviation(index, bin))),
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

/** The correlation of pixels `down` and `right` of each other, for 0 … 3 rows and -3 … 3 columns: [4, 7] row-major. */
function correlation(images: Float32Array, { height, width }: ImageSize): Float64Array {
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
  const variance = sums[REACH]!;
  return sums.map((sum) => (variance > 0 ? sum / variance : 0));
}

/**
 * A filter of length 1 that gives white noise this correlation: the inverse transform of the root of its spectrum. The
 * correlation is tapered to zero at its ends, without which a spectrum can be negative.
 */
function kernelOf(correlation: Float64Array): number[] {
  const taps = Array.from({ length: SIDE * SIDE }, (_, tap) => {
    const [down, right] = [Math.floor(tap / SIDE) - REACH, (tap % SIDE) - REACH];
    const taper = (1 - Math.abs(down) / (REACH + 1)) * (1 - Math.abs(right) / (REACH + 1));
    const lag = down < 0 ? -down * SIDE + REACH - right : down * SIDE + REACH + right;
    return { down, right, value: taper * correlation[lag]! };
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
