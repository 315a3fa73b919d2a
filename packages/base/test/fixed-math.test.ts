import { describe, expect, it } from "vitest";
import { crc32, fixedExp, fixedSigmoid, fixedTanh } from "../src/index.ts";

/** The functions, those of the platform that they stand for, and how far apart these may be. */
const FUNCTIONS = [
  [fixedExp, Math.exp, 1e-15],
  [fixedSigmoid, (x: number) => 1 / (1 + Math.exp(-x)), 1e-15],
  [fixedTanh, Math.tanh, 1e-12],
] as const;

/** Numbers of all sizes, of both signs, made of exact operations only. */
const inputs = Float64Array.from({ length: 20_000 }, (_, at) => {
  const size = ((at * 7919) % 10_007) / 10_007;
  return (at % 2 === 0 ? 1 : -1) * size * 2 ** ((at % 29) - 20);
});

describe("fixed functions", () => {
  it("are those of mathematics, as far as float64 goes", () => {
    for (const [fixed, known, error] of FUNCTIONS) {
      const wrong = inputs.find((x) => !(Math.abs(fixed(x) - known(x)) <= error * Math.abs(known(x))));
      expect(wrong, fixed.name).toBeUndefined();
    }
  });

  it("give the same bits everywhere", () => {
    const checksums = FUNCTIONS.map(([fixed]) =>
      crc32(new Uint8Array(Float64Array.from(inputs, fixed).buffer)),
    );
    expect(checksums).toEqual([3848047191, 1243218630, 3663832294]);
  });

  it("go over to 0, to infinity, to 1 and to no number where they should", () => {
    expect([-709, -708, 0, 709, 710, Number.NaN].map(fixedExp)).toEqual([
      0,
      expect.closeTo(3.307e-308, 310),
      1,
      expect.closeTo(8.218e307, -304),
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
    expect([-1000, 1000].map(fixedSigmoid)).toEqual([0, 1]);
    expect([-1000, -0, 0, 1000].map(fixedTanh)).toEqual([-1, -0, 0, 1]);
  });
});
