import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { addGrain, grainSchema, learnGrain, pyramidDistances } from "../src/index.ts";

const size = { height: 32, width: 24 };
const PIXELS = 768;
const COUNT = 16;

/** Flat on the left, a fine pattern on the right; of every second slice the pattern is three times as strong. */
const reconstructions = Float32Array.from({ length: COUNT * PIXELS }, (_, at) => {
  const slice = Math.floor(at / PIXELS);
  const [row, column] = [Math.floor((at % PIXELS) / 24), at % 24];
  const strength = slice % 2 === 0 ? 0.03 : 0.09;
  return column < 12 ? 0.5 : 0.5 + strength * Math.cos(row + 2 * column + slice);
});

/** White noise plus the half of that one pixel to the left: of variance 1.25, neighbours in a row correlated by 0.4. */
function noise(seed: number): Float32Array {
  const white = random(seed, "noise").normals(COUNT * PIXELS + 1);
  return Float32Array.from({ length: COUNT * PIXELS }, (_, at) => white[at + 1]! + 0.5 * white[at]!);
}

/** Slices with noise on their pattern only, as strong as that is. */
const noisy = (seed: number) =>
  noise(seed).map((value, at) => {
    const strength = Math.floor(at / PIXELS) % 2 === 0 ? 0.02 : 0.06;
    return reconstructions[at]! + (at % 24 < 12 ? 0 : strength * value);
  });

const grain = learnGrain(noisy(1), reconstructions, size);
const numbers = Array.from({ length: COUNT }, (_, index) => index);
const added = (seed: number) =>
  addGrain(reconstructions, grain, { size, seed, numbers }).map((value, at) => value - reconstructions[at]!);

function deviation(values: Float32Array, where: (at: number) => boolean): number {
  const chosen = values.filter((_, at) => where(at));
  return Math.sqrt(chosen.reduce((sum, value) => sum + value * value, 0) / chosen.length);
}

describe("grain", () => {
  it("has as much fine detail as training slices lack in slices and places of such detail, along rows and columns", () => {
    const values = added(2);
    const inner = (at: number) => at % 24 > 13 && at % 24 < 22 && Math.floor((at % PIXELS) / 24) < 31;
    const differences = (all: Float32Array, step: number, odd: number) =>
      deviation(
        all.map((value, at) => value - (all[at + step] ?? 0)),
        (at) => inner(at) && Math.floor(at / PIXELS) % 2 === odd,
      );
    const real = noisy(4).map((value, at) => value - reconstructions[at]!);
    expect(deviation(values, (at) => at % 24 < 10)).toBe(0);
    const ratios = [0, 1].flatMap((odd) =>
      [1, 24].map((step) => differences(values, step, odd) / differences(real, step, odd)),
    );
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
  });

  it("brings the finest patches of reconstructions to those of slices", () => {
    const options = { size, patches: 1024, directions: 64, seed: 0 };
    const [finest] = pyramidDistances(
      noisy(3),
      [reconstructions, addGrain(reconstructions, grain, { size, seed: 2, numbers })],
      options,
    );
    expect(finest!.distances[1]).toBeLessThan(0.5 * finest!.distances[0]!);
  });

  it("depends on the seed and the number of an image only, and keeps within bounds", () => {
    const third = reconstructions.subarray(3 * PIXELS, 4 * PIXELS);
    const bounds = [0.4, 0.6] as const;
    const all = addGrain(reconstructions, grain, { size, seed: 2, numbers, bounds });
    expect(addGrain(third, grain, { size, seed: 2, numbers: [3], bounds })).toEqual(
      all.slice(3 * PIXELS, 4 * PIXELS),
    );
    expect(addGrain(third, grain, { size, seed: 3, numbers: [3], bounds })).not.toEqual(
      all.slice(3 * PIXELS, 4 * PIXELS),
    );
    expect(Math.min(...all)).toBe(Math.fround(0.4));
    expect(Math.max(...all)).toBe(Math.fround(0.6));
  });

  it("is nothing where reconstructions are exact, or there is one slice of one value", () => {
    const none = learnGrain(reconstructions, reconstructions, size);
    expect(addGrain(reconstructions, none, { size, seed: 2, numbers })).toEqual(reconstructions);
    const flat = new Float32Array(PIXELS);
    const one = learnGrain(flat, flat, size);
    expect(addGrain(flat, one, { size, seed: 2, numbers: [0] })).toEqual(flat);
  });

  it("is read back from JSON, and refused with a deviation missing", () => {
    expect(grainSchema.parse(JSON.parse(JSON.stringify(grain)))).toEqual(grain);
    expect(grainSchema.safeParse({ ...grain, deviations: grain.deviations.slice(1) }).success).toBe(false);
  });
});
