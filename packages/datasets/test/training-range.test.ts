import { describe, expect, it } from "vitest";
import { encodeNifti, greysOf, holdWithin, PREPROCESSINGS } from "../src/index.ts";
import { openDataset } from "../src/node.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const PIXELS = 16 * 16;

/** A black frame around tissue of another brightness in each slice. */
function slice(number: number, brightest = 100 + 10 * number): Uint8Array {
  const values = Float32Array.from({ length: PIXELS }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / 16), pixel % 16];
    if (row < 3 || row > 12 || column < 3 || column > 12) return 0;
    return (brightest * (1 + ((pixel * (number + 3)) % 41))) / 41;
  });
  return encodeNifti(values, { shape: [16, 16], type: "float32" });
}

const path = (split: string, subject: number, number: number) =>
  `keras_slices_${split}/case_00${subject}_week_0_slice_${number}.nii`;

const ALL = [0, 1, 2, 3, 4, 5];

const FILES = {
  ...Object.fromEntries(ALL.map((number) => [path("train", 4, number), slice(number)])),
  [path("validate", 5, 0)]: slice(2),
  [path("test", 6, 0)]: slice(3, 1000),
};

async function opened(preprocessing: (typeof PREPROCESSINGS)[number], files: object = FILES) {
  const root = await temporaryFolder({ ...FILES, ...files });
  return openDataset({ adapter: "hipmri", root, size: [16, 16], preprocessing, cache: false });
}

describe.each(PREPROCESSINGS)("the range of training slices: %s", (name) => {
  it("is that of their values, none of which it changes", async () => {
    const { preprocessing, splits } = await opened(name);
    const { preprocessed, original } = preprocessing.range!;
    const images = splits.train.images(ALL);
    expect([Math.min(...images), Math.max(...images)]).toEqual(preprocessed);
    expect(original).toEqual([0, Math.fround(150)]);
    expect(holdWithin(images.slice(), preprocessed)).toEqual(images);
  });

  it("holds what a decoder overshoots: black is black in every slice, none is brighter than in training", async () => {
    const { preprocessing, splits } = await opened(name);
    const { train, test } = splits;
    const wild = train.images([1]).map((value, pixel) => value + (pixel % 2 === 0 ? -50 : 50));
    for (const [set, index] of [
      [train, 1],
      [train, 5],
      [test, 0],
    ] as const) {
      const restored = set.toOriginal(index, wild.slice());
      expect([Math.min(...restored), Math.max(...restored)]).toEqual(preprocessing.range!.original);
      expect(restored.every((value) => value === 0 || value === 150)).toBe(true);
    }
    const undershot = train.images([1]).map((value) => value - 50);
    expect(greysOf(preprocessing, undershot)).toEqual(new Float32Array(PIXELS));
  });

  it("shows a slice without a scale of its own as it is: black as 0, in greys that one outlier leaves alone", async () => {
    const { preprocessing, splits } = await opened(name);
    const greys = greysOf(preprocessing, splits.train.images([2]));
    expect(Math.max(...greys)).toBeLessThanOrEqual(1);
    expect(Math.max(...greys)).toBeGreaterThan(0.6);
    // Within a twentieth: by zscore, each slice has a black of its own.
    expect(greys[0]).toBeLessThan(0.05);
    const [, white] = preprocessing.range!.window;
    const outliers = Object.fromEntries(
      Array.from({ length: 30 }, (_, number) => [path("train", 7, number), slice(number % 6)]),
    );
    const bright = encodeNifti(
      Float32Array.from({ length: PIXELS }, (_, pixel) => (pixel === 100 ? 1e5 : pixel % 97)),
      { shape: [16, 16], type: "float32" },
    );
    const more = await opened(name, { ...outliers, [path("train", 8, 0)]: bright });
    expect(more.preprocessing.range!.original[1]).toBe(1e5);
    if (name !== "zscore-dataset") {
      expect(more.preprocessing.range!.window[1] / white).toBeGreaterThan(0.8);
      expect(more.preprocessing.range!.window[1] / white).toBeLessThan(1.25);
    }
  });
});

describe("a preprocessing learned elsewhere", () => {
  it("keeps its range, or holds nothing where it has none", async () => {
    const { preprocessing, splits } = await opened("zscore");
    const root = await temporaryFolder({ [path("test", 6, 0)]: slice(3, 1000) });
    const config = { adapter: "hipmri", root, size: [16, 16] as [number, number], cache: false as const };
    const other = await openDataset(config, { splits: ["test"], preprocessing });
    expect(other.preprocessing).toEqual(preprocessing);
    const values = splits.test.images([0]);
    expect(Math.max(...other.splits.test.toOriginal(0, values))).toBe(150);
    const before = await openDataset(config, { splits: ["test"], preprocessing: { name: "zscore" } });
    expect(Math.max(...before.splits.test.toOriginal(0, values))).toBeCloseTo(1000, 2);
    const [greys, low] = [greysOf({ name: "zscore" }, values), Math.min(...values)];
    expect(greys[17]).toBeCloseTo((values[17]! - low) / (Math.max(...values) - low), 6);
    expect([Math.min(...greys), Math.max(...greys)]).toEqual([0, 1]);
    expect(greysOf({ name: "zscore" }, new Float32Array(4).fill(7))).toEqual(new Float32Array(4));
  });
});
