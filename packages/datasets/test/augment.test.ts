import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { KNOTS, type Move, moveImage } from "../src/augment.ts";
import { type AugmentOptions, augment, augmentSchema, VARIATIONS, vary } from "../src/index.ts";
import rotations from "./golden/rotation.json" with { type: "json" };

const OFF = augmentSchema.parse({});
const STILL: Move = { down: 0, right: 0, angle: 0, zoom: [1, 1], knots: undefined, mirrored: false };

// prettier-ignore
const IMAGE = Float32Array.of(5, 1, 2, 3, 4, 9);

function moved(move: Partial<Move>): number[] {
  const out = new Float32Array(6);
  moveImage(IMAGE, out, { height: 2, width: 3 }, { ...STILL, ...move });
  return [...out];
}

/** The numbers that `augment` draws for an image, by name. */
function drawn(seed: number) {
  const stream = random(seed, "augment");
  const amount = () => 2 * stream.uniform() - 1;
  const [down, right, turn] = [amount(), amount(), amount()];
  const mirrored = stream.uniform() < 0.5;
  return { down, right, turn, mirrored, contrast: amount(), gamma: amount(), zoom: [amount(), amount()] };
}

const one = { count: 1, height: 2, width: 3 };
const applied = (options: Partial<AugmentOptions>, seed = 0) =>
  augment(IMAGE, one, { ...OFF, ...options }, random(seed, "augment"));

describe("moving an image", () => {
  it("shifts it by whole pixels, with its smallest value from beyond the edges", () => {
    expect(moved({ right: 1 })).toEqual([1, 5, 1, 1, 3, 4]);
    expect(moved({ down: -1 })).toEqual([3, 4, 9, 1, 1, 1]);
    expect(moved({ down: 1, right: -2 })).toEqual([1, 1, 1, 2, 1, 1]);
  });

  it("mirrors it left to right, before it is shifted", () => {
    expect(moved({ mirrored: true })).toEqual([2, 1, 5, 9, 4, 3]);
    expect(moved({ mirrored: true, right: 1 })).toEqual([1, 2, 1, 1, 9, 4]);
  });

  it.each(rotations)(
    "turns it as scipy does: $size by $degrees degrees",
    ({ size, degrees, image, turned }) => {
      const [height, width] = size as [number, number];
      const out = new Float32Array(image.length);
      const move = { ...STILL, angle: (degrees * Math.PI) / 180 };
      moveImage(Float32Array.from(image), out, { height, width }, move);
      for (const [pixel, value] of turned.entries()) expect(out[pixel]).toBeCloseTo(value, 4);
    },
  );

  it("zooms about the centre, and moves every pixel alike by knots that are alike", () => {
    const [height, width] = [9, 9];
    const ramp = Float32Array.from({ length: 81 }, (_, at) => Math.floor(at / 9) + 10 * (at % 9));
    const out = new Float32Array(81);
    moveImage(ramp, out, { height, width }, { ...STILL, zoom: [2, 1] });
    // A row 2 below the centre shows what lies 1 below it.
    expect(out[6 * 9 + 4]).toBeCloseTo(ramp[5 * 9 + 4]!, 4);
    const alike = new Float32Array(2 * KNOTS * KNOTS).fill(0.5, 0, KNOTS * KNOTS);
    moveImage(ramp, out, { height, width }, { ...STILL, knots: alike });
    const steps = [3, 4, 5].map((row) => out[row * 9 + 4]! - ramp[row * 9 + 4]!);
    for (const step of steps) expect(step).toBeGreaterThan(0.3);
    for (const column of [3, 5])
      expect(out[4 * 9 + column]! - ramp[4 * 9 + column]!).toBeCloseTo(steps[1]!, 1);
  });
});

describe("augment", () => {
  it("returns the images themselves when everything is off", () => {
    expect(applied({})).toBe(IMAGE);
  });

  it("changes only what is asked for, by the numbers drawn for the image", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { down, right, mirrored, contrast, gamma } = drawn(seed);
      expect([...applied({ flip: true }, seed)]).toEqual(moved({ mirrored }));
      const steps = { down: Math.round(down * 0.25 * 2), right: Math.round(right * 0.25 * 3) };
      expect([...applied({ shift: 0.25 }, seed)]).toEqual(moved(steps));
      const expected = IMAGE.map(
        (value) => 1 + 8 * (1 + 0.5 * contrast) * ((value - 1) / 8) ** (1 + 0.5 * gamma),
      );
      for (const [pixel, value] of applied({ intensity: 0.5 }, seed).entries()) {
        expect(value).toBeCloseTo(expected[pixel]!, 5);
      }
    }
  });

  it("gives the same for the same noise, and leaves the images as they were", () => {
    const images = random(1, "images").normals(4 * 12 * 10);
    const before = images.slice();
    const options = augmentSchema.parse({ shift: 0.1, rotation: 10, flip: true, intensity: 0.1 });
    const shape = { count: 4, height: 12, width: 10 };
    const first = augment(images, shape, options, random(0, "augment", 7));
    expect(augment(images, shape, options, random(0, "augment", 7))).toEqual(first);
    expect(augment(images, shape, options, random(0, "augment", 8))).not.toEqual(first);
    expect(images).toEqual(before);
    const single = augment(images.subarray(0, 120), { ...shape, count: 1 }, options, random(0, "augment", 7));
    expect(single).toEqual(first.subarray(0, 120));
  });

  it("tells how each image was varied, from -1 to 1, and nothing of how it was deformed or mirrored", () => {
    const images = random(1, "images").normals(3 * 12 * 10);
    const shape = { count: 3, height: 12, width: 10 };
    const all = augmentSchema.parse({ shift: 0.1, rotation: 10, zoom: 0.1, intensity: 0.1 });
    const { variations } = vary(images, shape, all, random(0, "augment"));
    expect(variations).toHaveLength(3 * VARIATIONS);
    expect(variations.every((value) => value !== 0 && Math.abs(value) <= 1)).toBe(true);
    const free = augmentSchema.parse({ elastic: 0.05, flip: true });
    const bent = vary(images, shape, free, random(0, "augment"));
    expect(bent.variations.every((value) => value === 0)).toBe(true);
    expect(bent.images).not.toEqual(images);
  });

  it("refuses values that are not that many images", () => {
    expect(() => augment(IMAGE, { ...one, count: 2 }, OFF, random(0))).toThrow(
      "6 values are not 2 images of 2x3",
    );
  });
});
