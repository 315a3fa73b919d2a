import { describe, expect, it } from "vitest";
import { likelihoodMap } from "../src/index.ts";

describe("likelihoodMap", () => {
  it("spreads each code's bits over its pixels, and adds levels up", () => {
    const coarse = { logLikelihood: [-8 * Math.LN2], rows: 1, columns: 1 };
    const fine = { logLikelihood: [0, -4 * Math.LN2], rows: 1, columns: 2 };
    const map = likelihoodMap([coarse, fine], { height: 2, width: 4 });
    expect(Array.from(map)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    expect(map.reduce((sum, bits) => sum + bits, 0)).toBe(12);
  });

  it("refuses a grid that does not divide the image", () => {
    const level = { logLikelihood: [0, 0, 0], rows: 1, columns: 3 };
    expect(() => likelihoodMap([level], { height: 2, width: 4 })).toThrow("3 likelihoods on a grid of 1×3");
  });
});
