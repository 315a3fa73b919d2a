import { random } from "@slicebook/base";
import type { Size } from "../types.ts";
import type { Canvas } from "./canvas.ts";
import { drawHead } from "./head.ts";
import { drawPelvis } from "./pelvis.ts";
import type { PhantomAnatomy, PhantomTraits } from "./traits.ts";

/** Which phantom slice to draw. */
export interface PhantomOptions {
  readonly anatomy: PhantomAnatomy;
  readonly size: Size;
  readonly seed: number;
  /** Each subject has an anatomy of its own, drawn from the seed and this name. */
  readonly subject: string;
  /** Which of the subject's slices, for its noise. */
  readonly slice: number;
  /** Where the slice is cut, from 0 (lowest) to 1 (highest); what is shown changes smoothly with it. */
  readonly position: number;
  /** Wide ventricles and sulci and a thin cortex; of heads only. */
  readonly atrophy?: boolean;
  /** What of the subject shows; nothing in particular unless given. */
  readonly traits?: PhantomTraits | undefined;
}

/** A drawn slice and its tissue labels, row-major. */
export interface PhantomSlice {
  readonly height: number;
  readonly width: number;
  /** Arbitrary units from 0 (air) to about 1000 (the brightest tissue). */
  readonly values: Float32Array;
  /** `HEAD_LABELS` or `PELVIS_LABELS`. */
  readonly labels: Uint8Array;
}

/**
 * Steps of the table of normal quantiles: 12 bits are plenty for a picture's noise, and a look-up is fast.
 */
const QUANTILES = 4096;

/**
 * Draws a procedural slice that looks like an MR image: the anatomy, blurred, shaded by a coil, with Rician
 * noise.
 *
 * It depends on the options only. Pelvises taller than wide are drawn lying on their side, with left and
 * right along the rows, as HipMRI stores them.
 */
export function drawPhantom(options: PhantomOptions): PhantomSlice {
  const { anatomy, size, seed, subject, slice, position, atrophy = false, traits } = options;
  const [height, width] = size;
  const lying = anatomy === "pelvis" && height > width;
  const drawn =
    anatomy === "head"
      ? drawHead(size, position, { seed, subject, atrophy, traits })
      : drawPelvis(lying ? [width, height] : size, position, { seed, subject, traits });
  const values = imaged(drawn, { anatomy, seed, subject, slice });
  if (!lying) return { height, width, values, labels: drawn.labels };
  return { height, width, values: transposed(values, drawn), labels: transposed(drawn.labels, drawn) };
}

/** What the scanner makes of the tissue: blur, coil shading, gain and noise. */
function imaged(
  { height, width, brightness }: Canvas,
  { anatomy, seed, subject, slice }: Pick<PhantomOptions, "anatomy" | "seed" | "subject" | "slice">,
): Float32Array {
  const scanner = random(seed, "phantom", anatomy, subject, "scanner");
  const between = (low: number, high: number) => low + (high - low) * scanner.uniform();
  const gain = between(780, 1000);
  const noise = gain * between(0.012, 0.028);
  const blur = between(0.12, 0.22);
  const shading = Array.from({ length: 5 }, () => between(-0.14, 0.14));
  const values = blurred(brightness, height, width, blur);
  const [tiltX = 0, tiltY = 0, twist = 0, bowlX = 0, bowlY = 0] = shading;
  const bits = random(seed, "phantom", anatomy, subject, "noise", slice);
  const normal = normalQuantiles();
  for (let row = 0; row < height; row++) {
    const y = (2 * row + 1) / height - 1;
    for (let column = 0; column < width; column++) {
      const x = (2 * column + 1) / width - 1;
      const index = row * width + column;
      const coil = 1 + tiltX * x + tiltY * y + twist * x * y + bowlX * (x * x - 0.3) + bowlY * (y * y - 0.3);
      const draw = bits.bits();
      const real = values[index]! * gain * coil + noise * normal[draw & (QUANTILES - 1)]!;
      const imaginary = noise * normal[draw >>> 20]!;
      values[index] = Math.sqrt(real * real + imaginary * imaginary);
    }
  }
  return values;
}

/** Convolves with [side, 1 - 2 side, side] along both axes; edges repeat. */
function blurred(source: Float32Array, height: number, width: number, side: number): Float32Array {
  const across = new Float32Array(source.length);
  for (let row = 0; row < height; row++) {
    const start = row * width;
    for (let column = 0; column < width; column++) {
      const left = source[start + Math.max(0, column - 1)]!;
      const right = source[start + Math.min(width - 1, column + 1)]!;
      across[start + column] = (1 - 2 * side) * source[start + column]! + side * (left + right);
    }
  }
  const out = new Float32Array(source.length);
  for (let row = 0; row < height; row++) {
    const above = Math.max(0, row - 1) * width;
    const below = Math.min(height - 1, row + 1) * width;
    for (let column = 0; column < width; column++) {
      const index = row * width + column;
      out[index] =
        (1 - 2 * side) * across[index]! + side * (across[above + column]! + across[below + column]!);
    }
  }
  return out;
}

function transposed<T extends Float32Array | Uint8Array>(values: T, { height, width }: Canvas): T {
  const out = values.slice() as T; // slice() keeps the array's type
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) out[column * height + row] = values[row * width + column]!;
  }
  return out;
}

let quantiles: Float32Array | undefined;

/** The standard normal's quantiles at the middles of equal steps of probability. */
function normalQuantiles(): Float32Array {
  quantiles ??= Float32Array.from({ length: QUANTILES }, (_, step) =>
    normalQuantile((step + 0.5) / QUANTILES),
  );
  return quantiles;
}

/**
 * The standard normal's quantile by bisection of its distribution function (Abramowitz and Stegun, 26.2.17).
 */
function normalQuantile(probability: number): number {
  let low = -5;
  let high = 5;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function normalDistribution(value: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(value));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return value < 0 ? tail : 1 - tail;
}
