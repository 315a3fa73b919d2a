import { int32, random } from "@slicebook/base";
import type { CodeGrids } from "@slicebook/runs/tensors";
import { describe, expect, it } from "vitest";
import { keepDecoded } from "../src/decoded.ts";
import { distributionOf, memorised, pairwiseSimilarity, spreadOf } from "../src/judge.ts";
import { nearestOfSlice } from "../src/nearest.ts";

const [ROWS, COLUMNS, CODES] = [6, 8, 16];
const size = { height: 24, width: 32 };

/** Random grids; the picture of one has a level of grey for each code. */
function slices(count: number, seed: number) {
  const stream = random(seed, "grids");
  const codes = Int32Array.from({ length: count * ROWS * COLUMNS }, () => stream.integer(CODES));
  return withPictures(codes, count);
}

function withPictures(codes: Int32Array, count: number) {
  const grids: CodeGrids = {
    levels: [int32(codes, [count, ROWS, COLUMNS])],
    labels: new Int32Array(count),
    classes: [],
    names: Array.from({ length: count }, (_, index) => `slice ${index}`),
  };
  const images = Float32Array.from({ length: count * size.height * size.width }, (_, at) => {
    const [image, pixel] = [Math.floor(at / 768), at % 768];
    const [row, column] = [Math.floor(pixel / 32), pixel % 32];
    return codes[image * 48 + (row >> 2) * COLUMNS + (column >> 2)]! / (CODES - 1);
  });
  return { grids, decoded: keepDecoded(images, [...grids.names.keys()], size) };
}

const training = slices(20, 1);
const heldOut = slices(10, 2);

/** Grid `index` of the training slices with every n-th code changed. */
function nearlyTraining(index: number, every: number) {
  const codes = training.grids.levels[0]!.data.slice(index * 48, (index + 1) * 48);
  for (let at = 0; at < 48; at += every) codes[at] = (codes[at]! + 1) % CODES;
  return withPictures(codes, 1);
}

describe("novelty", () => {
  const held = Array.from({ length: 10 }, (_, index) => nearestOfSlice(index, heldOut, training));

  it("finds the nearest training slice by codes and by SSIM", () => {
    const { byCodes, bySsim } = nearestOfSlice(0, nearlyTraining(7, 12), training);
    expect(byCodes).toEqual({ index: 7, distance: 4 / 48 });
    expect(bySsim.index).toBe(7);
    expect(bySsim.distance).toBeGreaterThan(0);
    expect(bySsim.distance).toBeLessThan(Math.min(...held.map((one) => one.bySsim.distance)));
  });

  it("flags a copy and a near copy, and no slice that is as far as held-out ones", () => {
    const found = [
      nearestOfSlice(0, nearlyTraining(3, 48), training),
      nearestOfSlice(0, nearlyTraining(3, 5), training),
      nearestOfSlice(0, slices(1, 3), training),
    ];
    expect(memorised(found, held)).toEqual([true, true, false]);
    expect(memorised(held, held)).toEqual(held.map(() => false));
  });

  it("is told from slices that are decoded: one by appearance alone is flagged too", () => {
    const copy = { byCodes: { index: 0, distance: 0.9 }, bySsim: { index: 0, distance: 0.001 } };
    expect(memorised([copy], held)).toEqual([true]);
  });

  it("compares pairs of different slices, as many as are asked for", () => {
    const first = training.grids.levels[0]!.data.subarray(0, 48);
    const alike = withPictures(Int32Array.from([...first, ...first]), 2);
    expect(pairwiseSimilarity(alike.decoded, { most: 5, seed: 1 })).toEqual({ mean: 1, sd: 0, pairs: 1 });
    const varied = pairwiseSimilarity(training.decoded, { most: 30, seed: 1 });
    expect(varied.pairs).toBe(30);
    expect(varied.mean).toBeLessThan(0.5);
  });

  it("puts samples of another distribution farther from the test split than training slices", () => {
    const points = (count: number, shift: number, seed: number) => ({
      data: random(seed, "points")
        .normals(count * 3, 1)
        .map((value) => value + shift),
      width: 3,
    });
    const set = (count: number, shift: number, seed: number) => ({
      cells: points(count, shift, seed),
      whole: points(count, shift, seed),
    });
    const [train, test] = [set(80, 0, 1), set(60, 0.3, 2)];
    const near = distributionOf({ samples: set(60, 0.3, 3), training: train, test }, "1×1")!;
    const far = distributionOf({ samples: set(60, 2, 4), training: train, test }, "1×1")!;
    expect(near.mmd.ratio!).toBeLessThan(1);
    expect(far.mmd.ratio!).toBeGreaterThan(5);
    expect(far.frechet.ratio!).toBeGreaterThan(5);
    expect(far.mmd.floor).toBe(near.mmd.floor);
    expect(distributionOf({ samples: set(1, 0, 3), training: train, test }, "1×1")).toBeNull();
  });

  it("tells the spread of figures", () => {
    expect(spreadOf([3, 1, 2, 10])).toEqual({ smallest: 1, median: 2.5, largest: 10 });
  });
});
