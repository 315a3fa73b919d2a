import { describe, expect, it } from "vitest";
import { drawCode } from "../../src/index.ts";

const log = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

/** The share of the unit interval that draws each code. */
function shares(logits: Float32Array, options: Parameters<typeof drawCode>[2], steps = 10_000): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  for (let step = 0; step < steps; step++) counts[drawCode(logits, (step + 0.5) / steps, options)]! += 1;
  return counts.map((count) => count / steps);
}

describe("drawCode", () => {
  it("draws each code with its probability, in the codes' order", () => {
    const logits = log(0.1, 0.2, 0.3, 0.4);
    expect(shares(logits, {})).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect([0, 0.0999, 0.1001, 0.2999, 0.3001, 0.6001, 0.999999].map((u) => drawCode(logits, u))).toEqual([
      0, 0, 1, 1, 2, 3, 3,
    ]);
  });

  it("squares the odds at temperature 0.5, and takes the likeliest at 0", () => {
    // 1 : 4 : 9 : 16 of 30.
    const drawn = shares(log(0.1, 0.2, 0.3, 0.4), { temperature: 0.5 }, 30_000);
    [1, 4, 9, 16].forEach((part, code) => {
      expect(drawn[code]).toBeCloseTo(part / 30, 3);
    });
    expect(shares(log(0.1, 0.4, 0.4, 0.1), { temperature: 0 })).toEqual([0, 1, 0, 0]);
  });

  it("keeps the k likeliest codes, the first of equals", () => {
    expect(shares(log(0.1, 0.3, 0.2, 0.4), { topK: 2 }, 7_000)).toEqual([0, 3 / 7, 0, 4 / 7]);
    expect(shares(log(0.25, 0.25, 0.25, 0.25), { topK: 3 }, 9_999)).toEqual([1 / 3, 1 / 3, 1 / 3, 0]);
  });

  it("keeps the fewest codes that hold the share p, at least one", () => {
    expect(shares(log(0.1, 0.3, 0.2, 0.4), { topP: 0.65 }, 7_000)).toEqual([0, 3 / 7, 0, 4 / 7]);
    expect(shares(log(0.1, 0.3, 0.2, 0.4), { topP: 0.75 }, 9_000)).toEqual([0, 3 / 9, 2 / 9, 4 / 9]);
    expect(shares(log(0.1, 0.3, 0.2, 0.4), { topP: 1e-9 })).toEqual([0, 0, 0, 1]);
  });

  it("takes the share p of what temperature and k have left", () => {
    // At temperature 0.5: 1, 9, 4, 16; the three likeliest: 9, 4, 16 of 29; 0.8 of these: 9 and 16 of 25.
    const drawn = shares(log(0.1, 0.3, 0.2, 0.4), { temperature: 0.5, topK: 3, topP: 0.8 }, 25_000);
    expect(drawn[0]! + drawn[2]!).toBe(0);
    expect(drawn[1]).toBeCloseTo(9 / 25, 4);
  });

  it("never draws a code of probability 0, at either end", () => {
    const logits = Float32Array.from([Number.NEGATIVE_INFINITY, 0, 0, Number.NEGATIVE_INFINITY]);
    expect(drawCode(logits, 0)).toBe(1);
    expect(drawCode(logits, 1 - 2 ** -24)).toBe(2);
  });

  it("holds for logits far from zero and low temperatures", () => {
    expect(drawCode(Float32Array.from([1e4, -1e4, 1e4 - 1]), 0.5, { temperature: 1e-3 })).toBe(0);
  });
});
