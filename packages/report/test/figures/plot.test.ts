import type { MetricsRow } from "@slicebook/runs";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { type Plot, svgToPng } from "../../src/figures/chart.ts";
import { plotCodebookUsage, plotMetrics } from "../../src/figures/plot.ts";
import { metricsRows } from "./fixtures.ts";

const blue = "#0072b2";
const vermillion = "#d55e00";

describe("plotMetrics", () => {
  let plots: ReadonlyMap<string, Plot>;
  const plot = (name: string) => plots.get(name)!;

  beforeAll(async () => {
    plots = new Map((await plotMetrics(metricsRows(), { codes: 512 })).map((one) => [one.name, one]));
  });

  it("draws every curve that the rows have values for", () => {
    expect([...plots.keys()]).toEqual([
      "loss",
      "loss-log",
      "loss-parts",
      "ssim",
      "codes",
      "learning-rate",
      "gradient-norm",
      "prior-bits",
      "prior-accuracy",
      "prior-learning-rate",
      "prior-gradient-norm",
    ]);
  });

  it("names its axes, and says what is shown in words", () => {
    expect(plot("loss").svg).toContain("X-axis titled &#39;training step&#39;".replaceAll("&#39;", "'"));
    expect(plot("loss-log").svg).toContain("Y-axis titled 'loss (log scale)' for a log scale");
    expect(plot("ssim").svg).toContain("Y-axis titled 'SSIM (mean, 95 % interval)'");
    expect(plot("codes").alt).toMatch(
      /^Use of the codebook: perplexity, training from 40 to 315 at epoch 12; /,
    );
  });

  it("draws text as paths, so that no font is asked for", () => {
    for (const { svg } of plots.values()) {
      expect(svg).not.toMatch(/<text|<tspan|font-family/);
    }
  });

  it("draws training and validation in two colours that any colour vision tells apart", () => {
    for (const name of ["loss", "loss-log", "prior-bits"]) {
      expect(plot(name).svg).toContain(`stroke="${blue}"`);
      expect(plot(name).svg).toContain(`stroke="${vermillion}"`);
    }
  });

  it("gives every chart one size, and a PNG of twice that size that is not blank", async () => {
    for (const { svg } of plots.values()) expect(svg).toMatch(/<svg[^>]* width="640" height="380"/);
    const png = sharp(await svgToPng(plot("loss").svg));
    expect(await png.metadata()).toMatchObject({ format: "png", width: 1280, height: 760 });
    const pixels = await png.greyscale().raw().toBuffer();
    expect(pixels[0]).toBe(255);
    // The title is the only dark thing in the top left corner.
    const corner = await png
      .extract({ left: 60, top: 0, width: 400, height: 60 })
      .greyscale()
      .raw()
      .toBuffer();
    expect(corner.filter((level) => level < 100).length).toBeGreaterThan(200);
  });

  it("leaves out what has no values", async () => {
    const bare: MetricsRow = {
      stage: "train",
      kind: "epoch",
      epoch: 1,
      step: 4,
      seconds: 1,
      train: { loss: 0.5, learningRate: 0.001, gradientNorm: Number.NaN },
    };
    expect((await plotMetrics([bare])).map(({ name }) => name)).toEqual([
      "loss",
      "loss-log",
      "learning-rate",
    ]);
    expect(await plotMetrics([])).toEqual([]);
  });

  it("draws validations within the first epoch", async () => {
    const [row] = metricsRows(1, 1);
    const rows = [0.2, 0.4, 0.6].map((epoch) => ({ ...row!, epoch, step: 10 * epoch }));
    const ssim = (await plotMetrics(rows)).find(({ name }) => name === "ssim")!;
    expect(ssim.svg).toContain("values from 0.2 to 0.6");
  });

  it("shows one subject's SSIM without an interval", async () => {
    const rows = metricsRows(3, 1).map((row) => {
      const ssim = row.validation?.ssim;
      return ssim === undefined ? row : { ...row, validation: { ssim: { ...ssim, ci95: null } } };
    });
    const ssim = (await plotMetrics(rows)).find(({ name }) => name === "ssim")!;
    expect(ssim.svg).not.toContain("mark-area");
    expect(ssim.svg).toContain(`stroke="${vermillion}"`);
  });

  it("keeps long runs small by taking means of neighbours", async () => {
    const [loss] = await plotMetrics(metricsRows(100, 100).filter(({ stage }) => stage === "train"));
    expect(loss!.svg.length).toBeLessThan(100_000);
    expect(JSON.stringify(loss!.spec).match(/"series":"training"/g)!.length).toBeLessThanOrEqual(2 * 500);
  });
});

describe("plotCodebookUsage", () => {
  it("counts the codes in use and their perplexity", async () => {
    const plot = await plotCodebookUsage([0, 5, 5, 0, 5, 5]);
    expect(plot.alt).toBe("Codebook usage: 4 of 6 codes in use, perplexity 4.");
    expect(plot.svg).toContain(`fill="${blue}"`);
  });

  it("draws a codebook that nothing uses", async () => {
    expect((await plotCodebookUsage([0, 0])).alt).toBe("Codebook usage: 0 of 2 codes in use, perplexity 0.");
  });
});
