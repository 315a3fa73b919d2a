import type { Random } from "@slicebook/base";
import { z } from "zod";
import { deviationOf, range, sliceStatistics } from "./slice-statistics.ts";

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
    .describe("Turn about the centre by up to so many degrees, either way."),
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
      "Scale values by up to this part of them, either way, and add up to this part of their deviation.",
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
export function augments({ shift, rotation, flip, intensity }: AugmentOptions): boolean {
  return shift > 0 || rotation > 0 || flip || intensity > 0;
}

/**
 * Varies preprocessed images, `[count, height, width]` row-major: each is mirrored, turned about its centre (bilinear),
 * shifted by whole pixels (so that nothing is blurred), and scaled. What comes in from beyond the edges is the image's
 * smallest value, as air is.
 *
 * Six numbers are drawn for each image, whatever is on, so that turning one kind of change off leaves the others as
 * they were. With everything off, the images themselves are returned; otherwise they stay as they are.
 */
export function augment(
  images: Float32Array,
  { count, height, width }: AugmentShape,
  options: AugmentOptions,
  random: Random,
): Float32Array {
  const pixels = height * width;
  if (images.length !== count * pixels) {
    throw new RangeError(`${images.length} values are not ${count} images of ${height}x${width}`);
  }
  if (!augments(options)) return images;
  const out = new Float32Array(images.length);
  for (let image = 0; image < count; image++) {
    const amount = () => 2 * random.uniform() - 1;
    const move: Move = {
      down: Math.round(amount() * options.shift * height),
      right: Math.round(amount() * options.shift * width),
      angle: (amount() * options.rotation * Math.PI) / 180,
      mirrored: random.uniform() < 0.5 && options.flip,
    };
    const [scale, offset] = [1 + amount() * options.intensity, amount() * options.intensity];
    const from = images.subarray(image * pixels, (image + 1) * pixels);
    const to = out.subarray(image * pixels, (image + 1) * pixels);
    moveImage(from, to, { height, width }, move);
    if (options.intensity > 0)
      scaleImage(to, scale, offset * deviationOf({ count: pixels, ...sliceStatistics(from) }));
  }
  return out;
}

/** What is done to an image: mirrored first, then turned counter-clockwise, then shifted. */
export interface Move {
  readonly down: number;
  readonly right: number;
  /** In radians. */
  readonly angle: number;
  readonly mirrored: boolean;
}

/** Moves an image into `to`, of the same size. */
export function moveImage(
  from: Float32Array,
  to: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  { down, right, angle, mirrored }: Move,
): void {
  const [background] = range(from);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [middleRow, middleColumn] = [(height - 1) / 2, (width - 1) / 2];
  const at = (row: number, column: number) =>
    row >= 0 && row < height && column >= 0 && column < width
      ? from[row * width + (mirrored ? width - 1 - column : column)]!
      : background;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [y, x] = [row - down - middleRow, column - right - middleColumn];
      const sourceRow = cosine * y + sine * x + middleRow;
      const sourceColumn = cosine * x - sine * y + middleColumn;
      const [top, left] = [Math.floor(sourceRow), Math.floor(sourceColumn)];
      const [below, beside] = [sourceRow - top, sourceColumn - left];
      let value = at(top, left);
      if (beside > 0) value += beside * (at(top, left + 1) - value);
      if (below > 0) {
        let lower = at(top + 1, left);
        if (beside > 0) lower += beside * (at(top + 1, left + 1) - lower);
        value += below * (lower - value);
      }
      to[row * width + column] = value;
    }
  }
}

function scaleImage(values: Float32Array, scale: number, offset: number): void {
  for (let pixel = 0; pixel < values.length; pixel++) values[pixel] = values[pixel]! * scale + offset;
}
