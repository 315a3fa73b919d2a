import { describe, expect, it } from "vitest";
import { bytesRatio, meanBytesRatio, type RatePoint } from "../src/rate/bjontegaard.ts";
import { pchip } from "../src/rate/pchip.ts";

/** Rates with their qualities. */
function curve(...points: readonly (readonly [rate: number, quality: number])[]): RatePoint[] {
  return points.map(([rate, quality]) => ({ rate, quality }));
}

const ours = curve([0.06, 0.86], [0.12, 0.9], [0.25, 0.94], [0.5, 0.97]);
const other = curve([0.08, 0.8], [0.13, 0.88], [0.26, 0.93], [0.47, 0.965], [0.8, 0.985]);

describe("the interpolant", () => {
  it("is SciPy's, turns and ends included", () => {
    const { at, integral } = pchip([0, 1, 3, 4, 7], [2, 3, 3.5, 1, 1.5]);
    // scipy.interpolate.PchipInterpolator of SciPy 1.10.1.
    const expected = [2.602678571428571, 3.357142857142857, 2.25, 1.0185185185185186, 1.4516481481481482];
    for (const [index, x] of [0.5, 2, 3.5, 5, 6.9].entries()) expect(at(x)).toBeCloseTo(expected[index]!, 12);
    expect(integral(0.25, 6.5)).toBeCloseTo(13.603033802496693, 12);
  });
});

describe("the difference between curves", () => {
  it("is that of SciPy's integrals over the qualities that both reach", () => {
    expect(meanBytesRatio(ours, other)).toBeCloseTo(0.7517540355676419, 12);
    expect(bytesRatio(ours[1]!, other)).toBeCloseTo(0.7311573784334936, 12);
  });

  it("is the factor by which all rates differ", () => {
    const half = ours.map(({ rate, quality }) => ({ rate: rate / 2, quality }));
    expect(meanBytesRatio(half, ours)).toBeCloseTo(0.5, 12);
    expect(bytesRatio(half[2]!, ours)).toBeCloseTo(0.5, 12);
    expect(meanBytesRatio(ours, half)).toBeCloseTo(2, 12);
  });

  it("leaves out points that cost more and are no better, in whatever order", () => {
    const worse = [...ours, { rate: 0.3, quality: 0.93 }].toReversed();
    expect(meanBytesRatio(worse, other)).toBe(meanBytesRatio(ours, other));
  });

  it("is unknown where curves reach no quality together, or are points", () => {
    expect(meanBytesRatio(curve([1, 0.1], [2, 0.2]), other)).toBeNull();
    expect(meanBytesRatio(ours.slice(0, 1), other)).toBeNull();
    expect(bytesRatio({ rate: 0.1, quality: 0.79 }, other)).toBeNull();
  });
});
