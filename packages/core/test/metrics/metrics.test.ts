import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { bitsPerPixel, codesInUse, countCodes, entropyBits, perplexity } from "../../src/metrics/codes.ts";
import { meanAbsoluteError, psnr } from "../../src/metrics/error.ts";
import { msSsim } from "../../src/metrics/ms-ssim.ts";
import { ssim, ssimDefault } from "../../src/metrics/ssim.ts";
import { studentQuantile } from "../../src/metrics/student.ts";
import { summarise } from "../../src/metrics/summary.ts";
import { toUnitRange } from "../../src/metrics/unit-range.ts";

const size = { height: 24, width: 40 };

function noise(seed: number): Float32Array {
  return random(seed, "image").uniforms(size.height * size.width);
}

describe("similarity", () => {
  it("is 1 for equal images, and the same whichever comes first", () => {
    const [a, b] = [noise(1), noise(2)];
    expect(ssim(a, a, size)).toBe(1);
    expect(ssimDefault(a, a, size)).toBe(1);
    expect(msSsim(a, a, size)).toEqual({ msSsim: 1, scales: 2 });
    expect(psnr(a, a)).toBe(Number.POSITIVE_INFINITY);
    expect(ssim(a, b, size)).toBeCloseTo(ssim(b, a, size), 14);
  });

  it("has a mean absolute error of whole deviations, whichever their sign", () => {
    expect(meanAbsoluteError(Float32Array.of(0, 1, 2, 3), Float32Array.of(1, 0, 2, 7))).toBe(1.5);
  });

  it("does not depend on the sizes compared before", () => {
    const [a, b] = [noise(1), noise(2)];
    const before = ssim(a, b, size);
    const wide = { height: 11, width: 60 };
    ssim(noise(3).subarray(0, 660), noise(4).subarray(0, 660), wide);
    expect(ssim(a, b, size)).toBe(before);
  });

  it("keeps a negative SSIM, and counts a negative scale of MS-SSIM as 0", () => {
    const a = noise(1);
    const inverted = a.map((value) => 1 - value);
    expect(ssim(a, inverted, size)).toBeLessThan(0);
    expect(msSsim(a, inverted, size).msSsim).toBe(0);
  });

  it("shows a diverged reconstruction as NaN", () => {
    const unit = toUnitRange(noise(1), noise(2).fill(Number.NaN));
    expect(ssim(unit.original, unit.reconstruction, size)).toBeNaN();
    expect(msSsim(unit.original, unit.reconstruction, size).msSsim).toBeNaN();
  });

  it("refuses images smaller than the window, or of another size than said", () => {
    const square = new Float32Array(100);
    expect(() => ssim(square, square, { height: 10, width: 10 })).toThrow(
      "10×10 pixels is smaller than the 11×11",
    );
    expect(() => ssim(square, square, size)).toThrow(
      "the original has 100 values, which do not fill 24×40 pixels",
    );
  });
});

it("knows the t quantiles that have a closed form", () => {
  expect(studentQuantile(0.975, 1)).toBeCloseTo(Math.tan(0.475 * Math.PI), 11);
  expect(studentQuantile(0.975, 2)).toBeCloseTo(0.95 * Math.sqrt(2 / (1 - 0.95 ** 2)), 12);
});

describe("toUnitRange", () => {
  it("maps both images by the original's range, and clips the reconstruction", () => {
    const { original, reconstruction } = toUnitRange(
      Float32Array.of(-100, 0, 300),
      Float32Array.of(-200, 100, 900),
    );
    expect([...original]).toEqual([0, 0.25, 1]);
    expect([...reconstruction]).toEqual([0, 0.5, 1]);
  });

  it("takes only the minimum off where the original is constant", () => {
    const { original, reconstruction } = toUnitRange(Float32Array.of(7, 7, 7), Float32Array.of(6, 7.25, 9));
    expect([...original]).toEqual([0, 0, 0]);
    expect([...reconstruction]).toEqual([0, 0.25, 1]);
  });

  it("makes an equal reconstruction of a constant image perfect", () => {
    const blank = new Float32Array(size.height * size.width).fill(7);
    const { original, reconstruction } = toUnitRange(blank, blank);
    expect(ssim(original, reconstruction, size)).toBe(1);
    expect(ssimDefault(blank, blank, size)).toBeCloseTo(1, 12);
  });
});

describe("codes", () => {
  it("counts them over several images", () => {
    const counts = countCodes(Int32Array.of(0, 3, 3), 5);
    expect([...countCodes(Int32Array.of(3, 4), 5, counts)]).toEqual([1, 0, 0, 3, 1]);
    expect(codesInUse(counts)).toBe(3);
  });

  it("refuses an index outside the codebook", () => {
    expect(() => countCodes(Int32Array.of(1, 5), 5)).toThrow("code 5 is not in the codebook");
    expect(() => countCodes(Int32Array.of(-1), 5)).toThrow("code -1 is not in the codebook");
  });

  it("has the entropy and perplexity computed by hand", () => {
    expect(entropyBits([2, 1, 1, 0])).toBe(1.5);
    expect(perplexity([2, 1, 1, 0])).toBeCloseTo(2 ** 1.5, 14);
    expect(perplexity([0, 9, 0])).toBe(1);
    expect(perplexity(new Float64Array(512).fill(3))).toBeCloseTo(512, 9);
  });

  it("costs 9 bits for 16 pixels at a fixed length of 512 codes and 4×4 patches", () => {
    expect(bitsPerPixel(Math.log2(512), { codes: 64 * 32, pixels: 256 * 128 })).toBe(0.5625);
  });
});

describe("summarise", () => {
  it("averages over slices, and takes the interval over subjects", () => {
    const summary = summarise([0.9, 0.8, 0.8, 0.7], ["a", "b", "b", "c"]);
    expect(summary).toMatchObject({ n: 4, subjects: 3 });
    expect(summary.mean).toBeCloseTo(0.8, 14);
    expect(summary.sd).toBeCloseTo(Math.sqrt(0.02 / 3), 14);
    // 4.302653 is the 97.5 % quantile for 2 degrees of freedom.
    expect(summary.ci95?.[0]).toBeCloseTo(0.8 - (4.302653 * 0.1) / Math.sqrt(3), 6);
  });

  it("has no interval for one subject or two, and no spread for one slice", () => {
    expect(summarise([0.5, 0.7], ["a", "a"]).ci95).toBeNull();
    // Two subjects of 0.907 and 0.935 would give 0.733 to 1.11.
    expect(summarise([0.907, 0.935], ["a", "b"], { scale: "correlation" }).ci95).toBeNull();
    expect(summarise([0.5], ["a"])).toEqual({ mean: 0.5, sd: 0, n: 1, subjects: 1, ci95: null });
  });

  it("keeps its interval within the numbers that a metric can be, with the subjects' mean inside", () => {
    const draws = random(7, "intervals");
    for (let round = 0; round < 2000; round++) {
      const count = 3 + draws.integer(6);
      const subjects = Array.from({ length: count }, (_, index) => String(index));
      // Near an end, where an interval on the values themselves would leave them.
      const values = subjects.map(() => draws.uniform() ** 4);
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      const [low, high] = summarise(
        values.map((value) => 1 - value),
        subjects,
        { scale: "correlation" },
      ).ci95!;
      expect(-1 <= low && low < 1 - mean && 1 - mean < high && high <= 1).toBe(true);
      const [least, most] = summarise(values, subjects, { scale: "positive" }).ci95!;
      expect(0 <= least && least < mean && mean < most).toBe(true);
    }
  });

  it("takes the interval of correlations on Fisher's z, that of what is positive on its logarithm", () => {
    const three = ["a", "b", "c"];
    // mean 0.9, standard error 0.05 / √3, t 4.302653: artanh 0.9 ∓ t · se / (1 − 0.9²) = 1.472219 ∓ 0.653710
    const correlation = summarise([0.85, 0.9, 0.95], three, { scale: "correlation" }).ci95!;
    expect(correlation[0]).toBeCloseTo(0.6741, 3);
    expect(correlation[1]).toBeCloseTo(0.9719, 3);
    // mean 0.02, standard error 0.01 / √3: 0.02 · exp(∓ 1.242069)
    const positive = summarise([0.01, 0.02, 0.03], three, { scale: "positive" }).ci95!;
    expect(positive[0]).toBeCloseTo(0.02 * Math.exp(-1.242069), 6);
    expect(positive[1]).toBeCloseTo(0.02 * Math.exp(1.242069), 6);
    // Perfect reconstructions lie on the end itself.
    expect(summarise([1, 1, 1], three, { scale: "correlation" }).ci95).toEqual([1, 1]);
    expect(summarise([0, 0, 0], three, { scale: "positive" }).ci95).toEqual([0, 0]);
  });

  it("refuses nothing at all, and values without subjects", () => {
    expect(() => summarise([], [])).toThrow("at least one value");
    expect(() => summarise([1, 2], ["a"])).toThrow("2 values and 1 subjects");
  });
});
