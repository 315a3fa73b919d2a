import type { Random } from "@slicebook/base";
import { z } from "zod";
import { range } from "./store/slice-statistics.ts";

/** How training slices are varied, so that a model sees more than there is; everything is off unless given. */
export const augmentSchema = z.strictObject({
  shift: z
    .number()
    .min(0)
    .max(0.25)
    .default(0)
    .describe("Shift up to this part of the height and of the width, either way."),
  rotation: z
    .number()
    .min(0)
    .max(45)
    .default(0)
    .describe("Turn about the centre by up to this many degrees, either way."),
  zoom: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe("Stretch or shrink the height and the width, each by up to this part, about the centre."),
  elastic: z
    .number()
    .min(0)
    .max(0.1)
    .default(0)
    .describe(
      "Deform smoothly: points are moved by this part of the shorter side (a standard deviation), neighbours alike.",
    ),
  flip: z
    .boolean()
    .default(false)
    .describe("Mirror every second slice left to right: only where the sides of the body may be swapped."),
  intensity: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe(
      "Brighten or darken by up to this part, in contrast and in gamma; the slice's smallest value, as of air, stays.",
    ),
});

export type AugmentOptions = z.output<typeof augmentSchema>;

/** The images' number and size. */
export interface AugmentShape {
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** Whether {@link augment} changes anything. */
export function augments({ shift, rotation, zoom, elastic, flip, intensity }: AugmentOptions): boolean {
  return flip || [shift, rotation, zoom, elastic, intensity].some((amount) => amount > 0);
}

/**
 * The numbers that say how an image was varied: shifts down and right, rotation, zooms of height and width, contrast and
 * gamma, each from −1 to 1 of the most that the options allow. Deformed and mirrored images count as they are: they are
 * what other subjects might be, and a shifted one is not.
 */
export const VARIATIONS = 7;

/** Images that were varied, and how. */
export interface Varied {
  /** `[count, height, width]`. */
  readonly images: Float32Array;
  /** `[count, VARIATIONS]`: see {@link VARIATIONS}. */
  readonly variations: Float32Array;
}

/** Varies preprocessed images as {@link vary} does, and gives the images only. */
export function augment(
  images: Float32Array,
  shape: AugmentShape,
  options: AugmentOptions,
  random: Random,
): Float32Array {
  return vary(images, shape, options, random).images;
}

/**
 * Varies preprocessed images, `[count, height, width]` row-major: each is mirrored, deformed, zoomed, turned about its
 * centre and shifted by whole pixels, resampled once (Catmull-Rom, so that little is blurred; not at all where it is only
 * mirrored and shifted), and brightened. What comes in from beyond the edges is the image's smallest value, as air is.
 *
 * As many numbers are drawn for each image whatever is on, so that turning one kind of change off leaves the others as
 * they were. With everything off, the images themselves are returned; otherwise they stay as they are.
 */
export function vary(
  images: Float32Array,
  { count, height, width }: AugmentShape,
  options: AugmentOptions,
  random: Random,
): Varied {
  const pixels = height * width;
  if (images.length !== count * pixels) {
    throw new RangeError(`${images.length} values are not ${count} images of ${height}x${width}`);
  }
  const variations = new Float32Array(count * VARIATIONS);
  if (!augments(options)) return { images, variations };
  const out = new Float32Array(images.length);
  for (let image = 0; image < count; image++) {
    const amount = (on: number) => {
      const drawn = 2 * random.uniform() - 1;
      return on > 0 ? drawn : 0;
    };
    const { shift, rotation, zoom, elastic, flip, intensity } = options;
    const [down, right, turn] = [amount(shift), amount(shift), amount(rotation)];
    const mirrored = random.uniform() < 0.5 && flip;
    const [contrast, gamma] = [amount(intensity), amount(intensity)];
    const [taller, wider] = [amount(zoom), amount(zoom)];
    const knots = random.normals(2 * KNOTS * KNOTS, elastic * Math.min(height, width));
    variations.set([down, right, turn, taller, wider, contrast, gamma], image * VARIATIONS);
    const to = out.subarray(image * pixels, (image + 1) * pixels);
    const move: Move = {
      down: Math.round(down * shift * height),
      right: Math.round(right * shift * width),
      angle: (turn * rotation * Math.PI) / 180,
      zoom: [1 + taller * zoom, 1 + wider * zoom],
      knots: elastic > 0 ? knots : undefined,
      mirrored,
    };
    moveImage(images.subarray(image * pixels, (image + 1) * pixels), to, { height, width }, move);
    if (intensity > 0) brighten(to, 1 + contrast * intensity, 1 + gamma * intensity);
  }
  return { images: out, variations };
}

/** What is done to an image: mirrored first, then deformed, zoomed, turned counter-clockwise, and shifted. */
export interface Move {
  readonly down: number;
  readonly right: number;
  /** In radians. */
  readonly angle: number;
  /** Factors of height and width. */
  readonly zoom: readonly [number, number];
  /** How far, in pixels, points are moved down `[KNOTS, KNOTS]`, then right; cubic B-splines between them. */
  readonly knots: Float32Array | undefined;
  readonly mirrored: boolean;
}

/** Knots of a deformation along each side; the outer ones lie beyond the edges. */
export const KNOTS = 7;

/** Moves an image into `to`, of the same size. */
export function moveImage(
  from: Float32Array,
  to: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  { down, right, angle, zoom, knots, mirrored }: Move,
): void {
  const [background] = range(from);
  const [middleRow, middleColumn] = [(height - 1) / 2, (width - 1) / 2];
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const field = knots && deformation(knots, { height, width });
  const at = (row: number, column: number) =>
    row >= 0 && row < height && column >= 0 && column < width
      ? from[row * width + (mirrored ? width - 1 - column : column)]!
      : background;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column;
      const [y, x] = [row - down - middleRow, column - right - middleColumn];
      const sourceRow = (cosine * y + sine * x) / zoom[0] + middleRow + (field?.down[pixel] ?? 0);
      const sourceColumn = (cosine * x - sine * y) / zoom[1] + middleColumn + (field?.right[pixel] ?? 0);
      to[pixel] = interpolated(at, sourceRow, sourceColumn);
    }
  }
}

/** The value between pixels by Catmull-Rom splines, held between the four nearest pixels' least and greatest. */
function interpolated(at: (row: number, column: number) => number, row: number, column: number): number {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const [below, beside] = [row - top, column - left];
  if (below === 0 && beside === 0) return at(top, left);
  let [sum, least, greatest] = [0, Infinity, -Infinity];
  for (let y = -1; y <= 2; y++) {
    const weight = catmullRom(y - below);
    if (weight === 0) continue;
    let line = 0;
    for (let x = -1; x <= 2; x++) {
      const value = at(top + y, left + x);
      line += catmullRom(x - beside) * value;
      if (y < 0 || y > 1 || x < 0 || x > 1) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    sum += weight * line;
  }
  return Math.min(greatest, Math.max(least, sum));
}

/** The Catmull-Rom kernel at a distance in pixels, −2 to 2. */
function catmullRom(distance: number): number {
  const t = Math.abs(distance);
  if (t >= 2) return 0;
  return t < 1 ? 1 + t * t * (1.5 * t - 2.5) : 2 + t * (-4 + t * (2.5 - 0.5 * t));
}

/** The deformation of each pixel, by uniform cubic B-splines of its knots. */
function deformation(
  knots: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
): { readonly down: Float32Array; readonly right: Float32Array } {
  const [rows, columns] = [splines(height), splines(width)];
  const along = (first: number) => {
    const out = new Float32Array(height * width);
    const line = new Float32Array(KNOTS);
    for (let row = 0; row < height; row++) {
      line.fill(0);
      for (let knot = 0; knot < KNOTS; knot++) {
        const weight = rows[row * KNOTS + knot]!;
        if (weight === 0) continue;
        for (let other = 0; other < KNOTS; other++)
          line[other]! += weight * knots[first + knot * KNOTS + other]!;
      }
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let knot = 0; knot < KNOTS; knot++) sum += columns[column * KNOTS + knot]! * line[knot]!;
        out[row * width + column] = sum;
      }
    }
    return out;
  };
  return { down: along(0), right: along(KNOTS * KNOTS) };
}

/**
 * What each knot adds at each place of a side, `[side, KNOTS]`: cubic B-splines, as much larger as leaves points midway
 * between knots the knots' standard deviation.
 */
function splines(side: number): Float32Array {
  const weights = new Float32Array(side * KNOTS);
  for (let pixel = 0; pixel < side; pixel++) {
    const position = 1 + (pixel / Math.max(1, side - 1)) * (KNOTS - 3);
    const basis = Array.from({ length: KNOTS }, (_, knot) => cubicSpline(position - knot));
    const norm = Math.hypot(...basis);
    for (const [knot, weight] of basis.entries()) weights[pixel * KNOTS + knot] = weight / norm;
  }
  return weights;
}

function cubicSpline(distance: number): number {
  const t = Math.abs(distance);
  if (t >= 2) return 0;
  return t < 1 ? 2 / 3 - t * t * (1 - t / 2) : (2 - t) ** 3 / 6;
}

/** Values above the least one times `contrast`, after `gamma` of their share of the range. */
function brighten(values: Float32Array, contrast: number, gamma: number): void {
  const [low, high] = range(values);
  const span = high - low || 1;
  for (let pixel = 0; pixel < values.length; pixel++) {
    values[pixel] = low + span * contrast * ((values[pixel]! - low) / span) ** gamma;
  }
}
