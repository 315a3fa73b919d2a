import { readFileSync } from "node:fs";
import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import {
  areaMeans,
  aucOverFolds,
  coverageAndDensity,
  dealtFolds,
  laplacianPyramid,
  logisticRegression,
  type Points,
  pyramidDistances,
  pyramidSizes,
  reducedSize,
  slicedWasserstein,
  sliceFeatures,
  twoSampleAuc,
} from "../../src/index.ts";

interface Golden {
  readonly coverage: {
    groups: number[] | null;
    real: number[];
    generated: number[];
    width: number;
    nearest: number;
    coverage: number;
    density: number;
  }[];
  readonly sliced: {
    first: number[];
    second: number[];
    directions: number[];
    width: number;
    distance: number;
  }[];
  readonly logistic: {
    points: number[];
    width: number;
    positive: boolean[];
    c: number;
    weights: number[];
    intercept: number;
  }[];
  readonly auc: {
    first: [number[], number[]];
    second: [number[], number[]];
    widths: [number, number];
    folds: [number[], number[]];
    auc: number;
  }[];
  readonly images: {
    image: number[];
    size: [number, number];
    target: [number, number];
    means: number[];
    levels: { size: [number, number]; some: number[]; statistics: number[] }[];
  }[];
}

/** Numbers of `../golden/make_two_sample.py`. */
const golden: Golden = JSON.parse(
  readFileSync(new URL("../golden/two_sample.json", import.meta.url), "utf8"),
);

const line = (...data: number[]): Points => ({ data, width: 1 });
const sizeOf = ([height, width]: readonly [number, number]) => ({ height, width });
const close = (found: ArrayLike<number>, expected: readonly number[], digits: number) => {
  expect(found.length).toBe(expected.length);
  for (const [index, value] of expected.entries()) expect(found[index]).toBeCloseTo(value, digits);
};

const size = { height: 32, width: 40 };
const PIXELS = size.height * size.width;

/** Slices of somebody's head: a bright ellipse of its own size and place on black, with rings and grain. */
function heads(count: number, seed: number, change: (value: number) => number = (value) => value) {
  const images = new Float32Array(count * PIXELS);
  for (let index = 0; index < count; index++) {
    const draw = random(seed, "head", index);
    const [high, wide] = [11 + 3 * draw.uniform(), 13 + 4 * draw.uniform()];
    const [down, across] = [15 + 2 * draw.uniform(), 19 + 2 * draw.uniform()];
    const phase = 6 * draw.uniform();
    for (let at = 0; at < PIXELS; at++) {
      const [row, column] = [Math.floor(at / size.width), at % size.width];
      const radius = Math.hypot((row - down) / high, (column - across) / wide);
      const inside = radius < 1 ? 0.5 + 0.2 * Math.sin(9 * radius + phase) + 0.05 * draw.normal() : 0;
      images[index * PIXELS + at] = change(inside);
    }
  }
  return images;
}

/** Each pixel mixed with its neighbours. */
function blurred(images: Float32Array, share: number): Float32Array {
  return images.map((value, at) => {
    const column = at % size.width;
    const left = column > 0 ? images[at - 1]! : value;
    const right = column + 1 < size.width ? images[at + 1]! : value;
    return (1 - share) * value + (share * (left + right)) / 2;
  });
}

const subjects = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) => `${name} ${index >> 1}`);
const setOf = (images: Float32Array, name: string) => ({
  features: sliceFeatures(images, size),
  groups: subjects(images.length / PIXELS, name),
});

describe("coverage and density", () => {
  it.each(golden.coverage)("equal scikit-learn's and scipy's: $nearest nearest", (one) => {
    const found = coverageAndDensity(
      { data: one.real, width: one.width },
      { data: one.generated, width: one.width },
      { nearest: one.nearest, ...(one.groups && { groups: one.groups.map(String) }) },
    );
    expect(found.coverage).toBeCloseTo(one.coverage, 12);
    expect(found.density).toBeCloseTo(one.density, 12);
  });

  it("are those of a few numbers, by hand", () => {
    // Balls of the nearest: 0 ± 1, 1 ± 1, 3 ± 2. 1.5 lies in two, 9 in none.
    const found = coverageAndDensity(line(0, 1, 3), line(1.5, 9), { nearest: 1 });
    expect(found).toEqual({ coverage: 2 / 3, density: 1 });
  });

  it("cover a set by itself, and less of it the fewer of its points there are", () => {
    const { pictures } = sliceFeatures(heads(40, 1), size);
    const first = (count: number) => ({
      data: Array.from(pictures.data).slice(0, count * pictures.width),
      width: pictures.width,
    });
    const covered = [40, 10, 2].map(
      (count) => coverageAndDensity(pictures, first(count), { nearest: 5 }).coverage,
    );
    expect(covered[0]).toBe(1);
    expect(covered[1]).toBeLessThan(1);
    expect(covered[2]).toBeLessThan(covered[1]!);
  });

  it("of slices that are almost alike within a subject reach to other subjects, if told whose they are", () => {
    const real = line(0, 0.01, 1, 1.01, 2, 2.01);
    const groups = ["a", "a", "b", "b", "c", "c"];
    expect(coverageAndDensity(real, line(0.5, 1.5), { nearest: 1 }).coverage).toBe(0);
    expect(coverageAndDensity(real, line(0.5, 1.5), { nearest: 1, groups }).coverage).toBe(1);
  });

  it("need as many neighbours of each real point", () => {
    expect(() => coverageAndDensity(line(1, 2, 3), line(1), { nearest: 3 })).toThrow(
      "with 2 neighbours at least",
    );
    const groups = ["a", "a", "b"];
    expect(() => coverageAndDensity(line(1, 2, 3), line(1), { nearest: 2, groups })).toThrow(
      "with 1 neighbours",
    );
  });
});

describe("pictures for comparing", () => {
  it.each(golden.images)("are reduced, taken apart and measured as numpy and scipy do: $size", (one) => {
    const [image, size] = [Float64Array.from(one.image), sizeOf(one.size)];
    close(areaMeans(image, size, sizeOf(one.target)), one.means, 12);
    const pyramid = laplacianPyramid(image, size);
    expect(pyramid.map((level) => level.size)).toEqual(one.levels.map((level) => sizeOf(level.size)));
    for (const [index, { some }] of one.levels.entries()) {
      close(
        pyramid[index]!.values.filter((_, at) => at % 13 === 0),
        some,
        12,
      );
    }
    // Of float32 pixels.
    const { statistics } = sliceFeatures(Float32Array.from(one.image), size);
    close(
      statistics.data,
      one.levels.flatMap((level) => level.statistics),
      5,
    );
  });

  it("keep their aspect, 16 pixels on the longer side, and go down to levels of about 16", () => {
    expect(reducedSize({ height: 256, width: 128 }, 16)).toEqual({ height: 16, width: 8 });
    expect(reducedSize({ height: 240, width: 256 }, 16)).toEqual({ height: 15, width: 16 });
    expect(reducedSize({ height: 8, width: 12 }, 16)).toEqual({ height: 8, width: 12 });
    expect(pyramidSizes({ height: 240, width: 256 }).map(({ height }) => height)).toEqual([
      240, 120, 60, 30, 15,
    ]);
    expect(pyramidSizes({ height: 64, width: 64 }).map(({ height }) => height)).toEqual([64, 32, 16]);
  });
});

describe("sliced Wasserstein distance", () => {
  it.each(golden.sliced)("equals scipy's along each direction: width $width", (one) => {
    const { width } = one;
    const found = slicedWasserstein(
      { data: one.first, width },
      { data: one.second, width },
      { data: one.directions, width },
    );
    expect(found).toBeCloseTo(one.distance, 12);
  });

  it("of patches is 0 for a set and itself, and grows with blur and with a grey background, in units of the reference", () => {
    const options = { size, patches: 512, directions: 32, seed: 3 };
    const test = heads(16, 1);
    const grey = (lift: number) => heads(16, 1, (value) => (value === 0 ? lift : value));
    const sets = [
      test,
      ...[0.2, 0.5, 0.9].map((share) => blurred(test, share)),
      ...[0.05, 0.1, 0.2].map(grey),
    ];
    const [finest, coarsest] = pyramidDistances(test, sets, options);
    expect([finest!.size, coarsest!.size]).toEqual([size, { height: 16, width: 20 }]);
    expect([finest!.distances[0], coarsest!.distances[0]]).toEqual([0, 0]);
    const rising = (values: readonly number[]) => expect([...values].sort((a, b) => a - b)).toEqual(values);
    rising(finest!.distances.slice(0, 4));
    rising([0, ...coarsest!.distances.slice(4)]);
    expect(coarsest!.distances[6]).toBeGreaterThan(0.1);
    // Twice as far from the mean in units of the deviation: the same for any scale of the pixels.
    const scaled = pyramidDistances(
      test.map((value) => 4 * value - 1),
      [sets[6]!.map((value) => 4 * value - 1)],
      options,
    );
    expect(scaled[1]!.distances[0]).toBeCloseTo(coarsest!.distances[6]!, 4);
  });

  it("is of as many points on either side", () => {
    expect(() => slicedWasserstein(line(1, 2), line(1), line(1))).toThrow("as many points");
  });
});

describe("two-sample classifier", () => {
  it.each(golden.logistic)("is scikit-learn's logistic regression: C = $c", (one) => {
    const { weights, intercept } = logisticRegression({ data: one.points, width: one.width }, one.positive, {
      inversePenalty: one.c,
    });
    close(weights, one.weights, 5);
    expect(intercept).toBeCloseTo(one.intercept, 5);
  });

  it.each(golden.auc)("has the AUC of scikit-learn's pipeline over the same folds: $auc", (one) => {
    const set = ([pictures, statistics]: [number[], number[]]) => ({
      pictures: { data: pictures, width: one.widths[0] },
      statistics: { data: statistics, width: one.widths[1] },
    });
    const [first, second] = one.folds;
    expect(aucOverFolds(set(one.first), set(one.second), { first, second })).toBeCloseTo(one.auc, 10);
  });

  it("does not tell a set from itself, and hardly two of one kind", () => {
    const test = setOf(heads(48, 1), "test");
    const options = { folds: 5, seed: 0 };
    expect(twoSampleAuc(test, test, options)).toBeCloseTo(0.5, 1);
    const aucs = [2, 3, 4].map((seed) => twoSampleAuc(setOf(heads(40, seed), "other"), test, options));
    for (const auc of aucs) expect(Math.abs(auc - 0.5)).toBeLessThan(0.2);
  });

  it("tells blurred, dull, grey-backed, shifted and all too alike slices the better, the worse they are", () => {
    const test = setOf(heads(48, 1), "test");
    const auc = (images: Float32Array) => twoSampleAuc(setOf(images, "other"), test, { folds: 5, seed: 0 });
    const rising = (sets: readonly Float32Array[]) => {
      const found = sets.map(auc);
      expect([...found].sort((a, b) => a - b)).toEqual(found);
      expect(found.at(-1)).toBeGreaterThan(0.9);
    };
    const fresh = heads(40, 5);
    rising([fresh, blurred(fresh, 0.1), blurred(fresh, 0.3)]);
    const moved = (by: number) => fresh.map((_, at) => (at % size.width < by ? 0 : fresh[at - by]!));
    rising([fresh, moved(1), moved(3)]);
    rising([fresh, fresh.map((value) => value * 0.97), fresh.map((value) => value * 0.9)]);
    rising([fresh, heads(40, 5, (value) => (value === 0 ? 0.05 : value))]);
    // One head over and over: no feature lies off the test slices' mean, but all lie nearer to one another.
    const one = fresh.subarray(0, PIXELS);
    rising([fresh, Float32Array.from({ length: 40 * PIXELS }, (_, at) => one[at % PIXELS]!)]);
  });

  it("keeps a group, of either set, in one fold and deals the slices evenly", () => {
    const first = Array.from({ length: 30 }, (_, index) => `sample ${index}`);
    const second = ["a", "a", "a", "a", "b", "b", "c", "c", "d", "d", "e", "e", "e"];
    const folds = dealtFolds(first, second, { folds: 3, seed: 1 });
    for (const name of second) {
      expect(new Set(folds.second.filter((_, index) => second[index] === name)).size).toBe(1);
    }
    const sizes = (of: readonly number[]) => [0, 1, 2].map((fold) => of.filter((one) => one === fold).length);
    expect(sizes(folds.first)).toEqual([10, 10, 10]);
    expect(sizes(folds.second).sort((a, b) => a - b)).toEqual([4, 4, 5]);
    const same = dealtFolds(second, second, { folds: 3, seed: 1 });
    expect(same.first).toEqual(same.second);
    expect(dealtFolds(first, second, { folds: 3, seed: 1 })).toEqual(folds);
  });

  it("needs two groups on either side", () => {
    expect(() => dealtFolds(["a", "b"], ["c", "c"], { folds: 5, seed: 0 })).toThrow("found 2 and 1");
  });
});
