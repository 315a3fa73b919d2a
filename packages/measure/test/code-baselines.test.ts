import { int32 } from "@slicebook/base";
import type { CodeGrids } from "@slicebook/runs/tensors";
import { describe, expect, it } from "vitest";
import { codeBaselines } from "../src/code-baselines.ts";

const grids = (count: number, codes: number[]): CodeGrids => ({
  levels: [int32(codes, [count, 1, codes.length / count])],
  labels: new Int32Array(count),
  classes: [],
  names: [],
});

describe("codeBaselines", () => {
  it("gives the bits of a smoothed histogram, counted by hand", () => {
    // Three grids of two codes of four: 0 1, 0 2, 0 1. With one more of each: 4, 3, 2 and 1 of 10.
    const found = codeBaselines(grids(3, [0, 1, 0, 2, 0, 1]), grids(1, [0, 3]), [{ codes: 4 }]);
    expect(found.unigram).toBeCloseTo(-(Math.log2(0.4) + Math.log2(0.1)) / 2, 12);
    const bits = (weight: number) =>
      -(Math.log2((3 + 0.4 * weight) / (3 + weight)) + Math.log2((0.1 * weight) / (3 + weight))) / 2;
    expect(found.position).toBeCloseTo(bits(found.smoothing), 12);
    for (const weight of [0.25, 1, 4, 64, 1024]) expect(found.position).toBeLessThanOrEqual(bits(weight));
  });

  it("knows codes by their positions", () => {
    const train = grids(4, [0, 1, 0, 1, 0, 1, 0, 1]);
    const { unigram, position } = codeBaselines(train, train, [{ codes: 2 }]);
    expect(unigram).toBeCloseTo(1, 12);
    expect(position).toBeLessThan(0.05);
  });
});
