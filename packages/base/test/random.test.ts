import { describe, expect, it } from "vitest";
import { philox, random } from "../src/index.ts";

describe("philox", () => {
  // The known answers of Random123's kat_vectors file for philox4x32 with 10 rounds.
  it.each([
    [[0, 0, 0, 0, 0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [Array(6).fill(0xffffffff), "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ])("gives the published words for %o", (input, expected) => {
    const out = new Uint32Array(4);
    const [a, b, c, d, e, f] = input as [number, number, number, number, number, number];
    philox(out, a, b, c, d, e, f);
    expect([...out].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
  });
});

describe("random", () => {
  it("repeats itself for the same seed and key, and differs for any other", () => {
    const draw = (seed: number, ...key: (number | string)[]) =>
      random(seed, ...key)
        .uniforms(8)
        .join();
    expect(draw(1, "sample", 2, 3)).toBe(draw(1, "sample", 2, 3));
    const streams = [
      draw(1, "sample", 2, 3),
      draw(2, "sample", 2, 3),
      draw(1, "sample", 3, 2),
      draw(1, "sample", 23),
      draw(1),
    ];
    expect(new Set(streams).size).toBe(streams.length);
  });

  it("draws uniform and normal numbers with the right moments", () => {
    const stream = random(7, "moments");
    const moments = (values: Float32Array) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
    };
    const [uniformMean, uniformVariance] = moments(stream.uniforms(200_000));
    expect(uniformMean).toBeCloseTo(0.5, 2);
    expect(uniformVariance).toBeCloseTo(1 / 12, 2);
    const [normalMean, normalVariance] = moments(stream.normals(200_000, 2));
    expect(Math.abs(normalMean!)).toBeLessThan(0.02);
    expect(Math.abs(normalVariance! - 4)).toBeLessThan(0.06);
  });

  it("permutes every index once and draws integers below their bound", () => {
    const stream = random(3, "permutation");
    expect([...stream.permutation(100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    const counts = [0, 0, 0];
    for (let draw = 0; draw < 3000; draw++) counts[stream.integer(3)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(() => stream.integer(0)).toThrow("bound from 1");
  });
});
