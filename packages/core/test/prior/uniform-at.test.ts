import { expect, it } from "vitest";
import { uniformAt } from "../../src/index.ts";

const SAMPLES = 64;

/** The greatest distance of the sorted numbers from those that are spread evenly (the star discrepancy). */
function discrepancy(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return Math.max(...sorted.map((value, rank) => Math.abs(value - (rank + 0.5) / sorted.length)));
}

const column = (seed: number, position: number, level: number) =>
  Array.from({ length: SAMPLES }, (_, sample) => uniformAt(seed, sample, position, level));

it("spreads the first codes of the coarsest level evenly over samples, as chance does not", () => {
  const mean = (level: number) =>
    Array.from({ length: 16 }, (_, position) => discrepancy(column(0, position, level))).reduce(
      (sum, value) => sum + value / 16,
      0,
    );
  expect(mean(1)).toBeGreaterThan(0.08);
  expect(mean(0)).toBeLessThan(0.5 * mean(1));
});

it("gives one sample numbers that are uniform over seeds, and of two positions independent", () => {
  const seeds = Array.from(
    { length: 512 },
    (_, seed) => [uniformAt(seed, 5, 0, 0), uniformAt(seed, 5, 1, 0)] as const,
  );
  // Kolmogorov and Smirnov's bound at 512 numbers, p = 0.001: 1.95 / √512.
  expect(discrepancy(seeds.map(([first]) => first))).toBeLessThan(0.086);
  const product =
    seeds.reduce((sum, [first, second]) => sum + (first - 0.5) * (second - 0.5), 0) / seeds.length;
  expect(Math.abs(12 * product)).toBeLessThan(3.3 / Math.sqrt(512));
});
