import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { kmeans } from "../src/index.ts";

/** Points around centres far apart, 20 each, in turn. */
function clouds(centres: readonly (readonly number[])[]): Float32Array {
  const stream = random(0, "clouds");
  const points = Array.from({ length: 20 }, () =>
    centres.map((centre) => centre.map((c) => c + 0.1 * stream.normal())),
  );
  return Float32Array.from(points.flat(2));
}

describe("kmeans", () => {
  it("finds clouds of points, whatever the seed", () => {
    const centres = Array.from({ length: 12 }, (_, index) => [10 * index, index % 2, -5 * (index % 3)]);
    for (const seed of [0, 1, 2]) {
      const { centres: found, sizes } = kmeans(clouds(centres), { count: 12, dimension: 3, seed });
      const rows = Array.from({ length: 12 }, (_, index) => [...found.subarray(3 * index, 3 * index + 3)]);
      rows.sort((a, b) => a[0]! - b[0]!);
      rows.forEach((row, index) => {
        row.forEach((value, axis) => {
          expect(Math.abs(value - centres[index]![axis]!)).toBeLessThan(0.15);
        });
      });
      expect([...sizes]).toEqual(Array(12).fill(20));
    }
  });

  it("repeats itself for a seed", () => {
    const vectors = random(1).normals(400);
    const options = { count: 10, dimension: 4 };
    expect(kmeans(vectors, { ...options, seed: 3 })).toEqual(kmeans(vectors, { ...options, seed: 3 }));
    expect(kmeans(vectors, { ...options, seed: 4 })).not.toEqual(kmeans(vectors, { ...options, seed: 3 }));
  });

  it("leaves no centre without vectors while there are enough", () => {
    const vectors = random(2).normals(300);
    expect(Math.min(...kmeans(vectors, { count: 50, dimension: 3, seed: 0 }).sizes)).toBeGreaterThan(0);
  });

  it("takes fewer vectors than centres", () => {
    const { centres, sizes } = kmeans(Float32Array.of(1, 2, 3, 4), { count: 5, dimension: 2, seed: 0 });
    expect(centres.every((value) => [1, 2, 3, 4].includes(value))).toBe(true);
    expect(sizes.reduce((total, size) => total + size)).toBe(2);
  });

  it("uses a part of the vectors when all would be too much work", () => {
    const { sizes } = kmeans(random(3).normals(2000), { count: 10, dimension: 2, seed: 0, effort: 2000 });
    expect(sizes.reduce((total, size) => total + size)).toBe(100);
  });

  it("refuses what is not a list of vectors", () => {
    expect(() => kmeans(new Float32Array(7), { count: 2, dimension: 2, seed: 0 })).toThrow(/7 values/);
    expect(() => kmeans(new Float32Array(0), { count: 2, dimension: 2, seed: 0 })).toThrow(RangeError);
  });
});
