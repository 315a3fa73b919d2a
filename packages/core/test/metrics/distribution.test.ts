import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { frechetDistance, medianDistance, mmd, type Points } from "../../src/index.ts";

const golden: {
  first: number[];
  second: number[];
  width: number;
  bandwidth: number;
  mmd: number;
  frechet: number;
}[] = JSON.parse(readFileSync(new URL("../golden/distribution.json", import.meta.url), "utf8"));

const line = (...data: number[]): Points => ({ data, width: 1 });

describe("distances of distributions", () => {
  it.each(golden)("equal numpy's and scipy's: width $width", ({ first, second, width, ...expected }) => {
    const [a, b] = [
      { data: first, width },
      { data: second, width },
    ];
    expect(medianDistance(a)).toBeCloseTo(expected.bandwidth, 12);
    expect(mmd(a, b, { bandwidth: expected.bandwidth })).toBeCloseTo(expected.mmd, 12);
    // scipy's root of a singular product (fewer points than dimensions) is good to some 1e-6 itself.
    expect(frechetDistance(a, b) / expected.frechet).toBeCloseTo(1, 5);
  });

  it("are those of two pairs of numbers, by hand", () => {
    // Pairs at 0, 2 and 1, 3, bandwidth 1: e^-2 + e^-2 - 2 (3 e^-½ + e^-4.5) / 4.
    const value = mmd(line(0, 2), line(1, 3), { bandwidth: 1 });
    expect(value).toBeCloseTo(2 * Math.exp(-2) - (3 * Math.exp(-0.5) + Math.exp(-4.5)) / 2, 14);
    // Means 1 and 5, deviations √2 and √8: 16 + (√8 − √2)².
    expect(frechetDistance(line(0, 2), line(3, 7))).toBeCloseTo(16 + (Math.sqrt(8) - Math.sqrt(2)) ** 2, 12);
  });

  it("are none for a set and itself", () => {
    expect(frechetDistance(line(1, 4, 2), line(1, 4, 2))).toBeCloseTo(0, 12);
  });

  it("need two points each", () => {
    expect(() => mmd(line(1), line(1, 2), { bandwidth: 1 })).toThrow("at least two points");
    expect(() => frechetDistance(line(1, 2), { data: [1, 2, 3, 4], width: 2 })).toThrow("of one width");
  });
});
