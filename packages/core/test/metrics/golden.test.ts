import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mse, psnr } from "../../src/metrics/error.ts";
import { msSsim } from "../../src/metrics/ms-ssim.ts";
import { ssim, ssimDefault } from "../../src/metrics/ssim.ts";
import { studentQuantile } from "../../src/metrics/student.ts";
import { summarise } from "../../src/metrics/summary.ts";
import { toUnitRange } from "../../src/metrics/unit-range.ts";
import { type Distortion, distort, draw } from "./images.ts";

interface Golden {
  images: {
    height: number;
    width: number;
    kind: Distortion;
    seed: number;
    sum: [number, number];
    ssim: number;
    ssimMapped: number;
    ssimDefault: number;
    msSsim: number;
    scales: number;
    mse: number;
    psnr: number;
  }[];
  student: { probability: number; degrees: number; t: number }[];
  summaries: { values: number[]; subjects: string[]; mean: number; sd: number; ci95: [number, number] }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8"));

describe.each(golden.images)("$height×$width, $kind", (expected) => {
  const { height, width } = expected;
  const original = draw(height, width, expected.seed);
  const reconstruction = distort(original, width, expected.kind);
  const inUnits = (image: Float64Array) => image.map((value) => 900 * value - 150);

  it("has the images that the golden numbers were made of", () => {
    const sums = [original, reconstruction].map((image) => image.reduce((sum, value) => sum + value, 0));
    expect(sums[0]).toBeCloseTo(expected.sum[0], 8);
    expect(sums[1]).toBeCloseTo(expected.sum[1], 8);
  });

  it("has scikit-image's SSIM", () => {
    expect(ssim(original, reconstruction, { height, width })).toBeCloseTo(expected.ssim, 10);
  });

  it("has scikit-image's SSIM of an image mapped from its own units", () => {
    const unit = toUnitRange(inUnits(original), inUnits(reconstruction));
    expect(ssim(unit.original, unit.reconstruction, { height, width })).toBeCloseTo(expected.ssimMapped, 10);
  });

  it("has the SSIM of scikit-image's defaults, in the image's own units", () => {
    const value = ssimDefault(inUnits(original), inUnits(reconstruction), { height, width });
    expect(value).toBeCloseTo(expected.ssimDefault, 8);
  });

  it("has the MS-SSIM of scikit-image's maps", () => {
    const { msSsim: value, scales } = msSsim(original, reconstruction, { height, width });
    expect(value).toBeCloseTo(expected.msSsim, 10);
    expect(scales).toBe(expected.scales);
  });

  it("has NumPy's MSE and PSNR", () => {
    expect(mse(original, reconstruction)).toBeCloseTo(expected.mse, 12);
    expect(psnr(original, reconstruction)).toBeCloseTo(expected.psnr, 9);
  });

  it("is the same in float32 to 1e-5", () => {
    const single = [new Float32Array(original), new Float32Array(reconstruction)] as const;
    expect(ssim(...single, { height, width })).toBeCloseTo(expected.ssim, 5);
    expect(msSsim(...single, { height, width }).msSsim).toBeCloseTo(expected.msSsim, 5);
  });
});

it.each(golden.student)(
  "SciPy's t quantile: $probability with $degrees degrees of freedom",
  ({ probability, degrees, t }) => {
    // SciPy's own search ends at about 1e-9.
    expect(Math.abs(studentQuantile(probability, degrees) / t - 1)).toBeLessThan(1e-8);
  },
);

it.each(golden.summaries)("SciPy's interval on the subjects' means: $subjects.length slices", (expected) => {
  const summary = summarise(expected.values, expected.subjects);
  expect(summary.mean).toBeCloseTo(expected.mean, 12);
  expect(summary.sd).toBeCloseTo(expected.sd, 12);
  expect(summary.ci95?.[0]).toBeCloseTo(expected.ci95[0], 10);
  expect(summary.ci95?.[1]).toBeCloseTo(expected.ci95[1], 10);
});
