import { describe, expect, it } from "vitest";
import { evaluationSchema, type RunEvaluation } from "../src/evaluation-schema.ts";
import { FIGURES, figureKeys, figureText, runFigures } from "../src/figures.ts";
import { measureSlice, sliceFigureKeys } from "../src/slice-figures.ts";
import { earlyEvaluation } from "./fixtures.ts";

describe("the figures of slices", () => {
  it("are measured as the table has them: of a reconstruction that is off by a tenth everywhere", () => {
    const size = { height: 16, width: 16 };
    const original = Float32Array.from({ length: 256 }, (_, at) => (at % 16) / 20);
    const figures = measureSlice(
      original,
      original.map((value) => value + 0.075),
      size,
    );
    expect(Object.keys(figures)).toEqual(sliceFigureKeys);
    // The original spans 0.75; the greatest values are clipped.
    expect(figures.mae).toBeCloseTo((14 * 0.1 + (1 - 14 / 15)) / 16, 6);
    expect(figures.mse).toBeCloseTo((14 * 0.01 + (1 - 14 / 15) ** 2) / 16, 6);
    expect(figures.psnr).toBeCloseTo(-10 * Math.log10(figures.mse), 9);
  });

  it("that came later are absent from files of earlier versions, which are read", () => {
    const { mae, ssim } = evaluationSchema.parse(earlyEvaluation);
    expect(mae).toBeUndefined();
    expect(ssim.mean).toBe(0.5);
  });

  it("that were there from the first are needed", () => {
    const { psnr: _, ...others } = earlyEvaluation;
    expect(evaluationSchema.safeParse(others).success).toBe(false);
  });
});

describe("the figures of a run", () => {
  const evaluation: RunEvaluation = {
    ...evaluationSchema.parse(earlyEvaluation),
    bitsPerPixel: { fixed: 0.5, entropy: 0.4, prior: null },
  };

  it("are those that were measured, with the ends of the SSIM's interval", () => {
    expect(runFigures({ evaluation, prior: undefined, novelty: undefined })).toEqual({
      ssim: 0.5,
      ssimDefault: 0.5,
      msSsim: 0.5,
      psnr: 0.5,
      mse: 0.5,
      perplexity: 8,
      codesInUse: 12,
      bitsPerPixel: 0.4,
      subjects: 3,
      ssimLow: 0.4,
      ssimHigh: 0.6,
    });
    expect(runFigures({ evaluation: undefined, prior: undefined, novelty: undefined })).toEqual({});
  });

  it("are written with their decimals, and with a dash where there is none", () => {
    expect(figureText(FIGURES.psnr, 30.123)).toBe("30.12");
    expect(figureText(FIGURES.mae, undefined)).toBe("–");
    expect(figureText(FIGURES.ssim, Number.NaN)).toBe("–");
    expect(new Set(figureKeys.map((key) => FIGURES[key].name)).size).toBe(figureKeys.length);
  });
});
