import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import {
  fitPreprocessing,
  fitSize,
  naturalOrder,
  PREPROCESSINGS,
  preprocessSlice,
  resizeBilinear,
  restoreSlice,
  type SliceImage,
  slicePositions,
  splitSubjects,
} from "../src/index.ts";
import resizes from "./golden/resize.json" with { type: "json" };

describe("naturalOrder", () => {
  it("counts slice_10 after slice_9, and case_2 before case_010", () => {
    const names = ["case_010_slice_1", "case_2_slice_10", "case_2_slice_9", "case_2_slice_9b", "case_2"];
    expect(names.sort(naturalOrder)).toEqual([
      "case_2",
      "case_2_slice_9",
      "case_2_slice_9b",
      "case_2_slice_10",
      "case_010_slice_1",
    ]);
  });
});

describe("slicePositions", () => {
  it("counts from the first slice of each subject to the last, in any order, whatever the numbers", () => {
    const record = (subject: string, slice: number) => ({ subject, slice });
    const records = [record("a", 12), record("b", 5), record("a", 10), record("a", 18), record("c", 1)];
    expect(slicePositions([...records, record("b", 4), record("c", 1)])).toEqual([
      0.25,
      1,
      0,
      1,
      undefined,
      0,
      undefined,
    ]);
  });
});

describe("splitSubjects", () => {
  const classes = new Map(Array.from({ length: 40 }, (_, id) => [`${id}`, id < 30 ? "AD" : "NC"]));

  it("holds out the same fraction of each class", () => {
    const held = [...splitSubjects(classes, { fraction: 0.2, seed: 1, split: "validate" })];
    expect(held.filter((id) => classes.get(id) === "AD")).toHaveLength(6);
    expect(held.filter((id) => classes.get(id) === "NC")).toHaveLength(2);
  });

  it("depends on the seed, not on the order in which subjects are listed", () => {
    const reversed = new Map([...classes].reverse());
    const held = splitSubjects(classes, { fraction: 0.2, seed: 1, split: "validate" });
    expect(splitSubjects(reversed, { fraction: 0.2, seed: 1, split: "validate" })).toEqual(held);
    expect(splitSubjects(classes, { fraction: 0.2, seed: 2, split: "validate" })).not.toEqual(held);
  });

  it("holds out at least one of two subjects and never the only one", () => {
    const few = new Map([
      ["1", "AD"],
      ["2", "AD"],
      ["3", "NC"],
    ]);
    const held = splitSubjects(few, { fraction: 0.01, seed: 0, split: "validate" });
    expect(held.size).toBe(1);
    expect(held.has("3")).toBe(false);
  });
});

describe("resizeBilinear", () => {
  it.each(resizes)(
    "equals Pillow's antialiased filter: $shape to $size",
    ({ shape, size, values, resized }) => {
      const out = resizeBilinear(Float32Array.from(values), [shape[0]!, shape[1]!], [size[0]!, size[1]!]);
      expect(out).toHaveLength(resized.length);
      for (const [index, value] of out.entries())
        expect(Math.abs(value - resized[index]!)).toBeLessThan(1e-4);
    },
  );
});

describe("fitSize", () => {
  const image: SliceImage = {
    height: 2,
    width: 4,
    values: Float32Array.of(5, 6, 7, 8, 9, 10, 11, 12),
    type: "uint8",
  };
  const path = "case_1.nii";

  it("crops around the centre", () => {
    expect([...fitSize(image, [2, 2], { policy: "crop", path })]).toEqual([6, 7, 10, 11]);
    expect([...fitSize(image, [1, 1], { policy: "crop", path })]).toEqual([6]);
  });

  it("pads with the slice's minimum", () => {
    const padded = fitSize(image, [3, 5], { policy: "pad", path });
    expect([...padded]).toEqual([5, 6, 7, 8, 5, 9, 10, 11, 12, 5, 5, 5, 5, 5, 5]);
  });

  it("resizes", () => {
    expect([...fitSize(image, [2, 2], { policy: "resize", path })]).toEqual([
      ...resizeBilinear(image.values, [2, 4], [2, 2]),
    ]);
  });

  it("leaves a slice of the right size alone, whatever the policy", () => {
    for (const policy of ["pad", "crop", "resize", undefined] as const) {
      expect(fitSize(image, [2, 4], { policy, path })).toBe(image.values);
    }
  });

  it.each([
    [undefined, [2, 3], "case_1.nii is 2x4 (height x width), not 2x3", "crop or resize"],
    ["pad", [2, 3], 'case_1.nii is 2x4 (height x width), not 2x3, which "pad" cannot fix', "crop or resize"],
    ["crop", [3, 4], 'case_1.nii is 2x4 (height x width), not 3x4, which "crop" cannot fix', "pad or resize"],
    ["crop", [3, 3], 'case_1.nii is 2x4 (height x width), not 3x3, which "crop" cannot fix', "resize"],
  ] as const)("refuses what the policy %s cannot do for %j", (policy, size, message, remedy) => {
    expect(() => fitSize(image, size, { policy, path })).toThrow(
      expect.objectContaining({
        code: "SLICE_SIZE",
        message,
        remedy: `Set dataset.sizePolicy to ${remedy}, or dataset.size to the slices' own size.`,
      }),
    );
  });
});

describe("preprocessing", () => {
  const source = random(5, "preprocessing");
  const training = Array.from({ length: 4 }, (_, slice) =>
    Float64Array.from({ length: 30 }, () => 1000 + 50 * slice + 100 * source.normal()),
  );
  const moments = (values: Iterable<number>) => {
    const all = [...values];
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    return [mean, Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length)] as const;
  };
  const mapped = (name: (typeof PREPROCESSINGS)[number]) => {
    const preprocessing = fitPreprocessing(name, () => training);
    return training.map((slice) => {
      const out = new Float32Array(slice.length);
      preprocessSlice(preprocessing, slice, out);
      return out;
    });
  };

  it.each(PREPROCESSINGS)("%s is undone to the original units", (name) => {
    const preprocessing = fitPreprocessing(name, () => training);
    for (const slice of training) {
      const out = new Float32Array(slice.length);
      const map = preprocessSlice(preprocessing, slice, out);
      const back = restoreSlice(preprocessing, map, out);
      for (const [pixel, value] of back.entries()) expect(Math.abs(value - slice[pixel]!)).toBeLessThan(1e-3);
    }
  });

  it("zscore gives each slice mean 0 and deviation 1", () => {
    for (const slice of mapped("zscore")) {
      const [mean, deviation] = moments(slice);
      expect(mean).toBeCloseTo(0, 5);
      expect(deviation).toBeCloseTo(1, 5);
    }
  });

  it("zscore-dataset gives all slices together mean 0 and deviation 1, and keeps their differences", () => {
    const slices = mapped("zscore-dataset");
    const [mean, deviation] = moments(slices.flatMap((slice) => [...slice]));
    expect(mean).toBeCloseTo(0, 5);
    expect(deviation).toBeCloseTo(1, 5);
    expect(moments(slices[3]!)[0]).toBeGreaterThan(moments(slices[0]!)[0]);
  });

  it("minmax gives each slice the range 0 to 1", () => {
    for (const slice of mapped("minmax")) expect([Math.min(...slice), Math.max(...slice)]).toEqual([0, 1]);
  });

  it("percentile gives each slice's percentiles 0 and 1, and keeps what lies beyond them", () => {
    const slice = Float32Array.from({ length: 201 }, (_, place) => 10 * place + 500);
    slice[200] = 9000; // one outlier, which moves nothing else
    const out = new Float32Array(slice.length);
    preprocessSlice({ name: "percentile" }, slice, out);
    expect(out[1]).toBeCloseTo(0, 6);
    expect(out[199]).toBeCloseTo(1, 6);
    expect(out[0]).toBeCloseTo(-1 / 198, 6);
    expect(out[200]).toBeGreaterThan(4);
    // All but one value is black.
    const sparse = new Float32Array(1000);
    sparse[3] = 5;
    preprocessSlice({ name: "percentile" }, sparse, sparse);
    expect([sparse[3], sparse[4]]).toEqual([1, 0]);
  });

  it("residual takes the mean image away and gives the training slices the range 0 to 1", () => {
    const slices = mapped("residual");
    const all = slices.flatMap((slice) => [...slice]);
    expect(Math.min(...all)).toBeCloseTo(0, 6);
    expect(Math.max(...all)).toBeCloseTo(1, 6);
    // What is left after the mean image has the same mean at every pixel.
    const pixelMeans = Array.from(
      { length: 30 },
      (_, pixel) => moments(slices.map((slice) => slice[pixel]!))[0],
    );
    expect(Math.max(...pixelMeans) - Math.min(...pixelMeans)).toBeLessThan(1e-5);
  });

  it("only shifts a slice of one value", () => {
    const flat = Float32Array.of(7, 7, 7);
    for (const name of ["zscore", "minmax", "percentile"] as const) {
      const out = new Float32Array(3);
      const map = preprocessSlice({ name }, flat, out);
      expect([...out]).toEqual([0, 0, 0]);
      expect([...restoreSlice({ name }, map, out)]).toEqual([7, 7, 7]);
    }
  });
});
