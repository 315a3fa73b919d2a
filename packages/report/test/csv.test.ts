import type { MetricsRow } from "@slicebook/runs";
import { describe, expect, it } from "vitest";
import { metricsCsv } from "../src/csv.ts";

describe("metricsCsv", () => {
  it("has a column for each value of any row, empty where a row has none", () => {
    const rows: MetricsRow[] = [
      {
        stage: "train",
        kind: "step",
        epoch: 1,
        step: 10,
        seconds: 1.5,
        train: { loss: 0.1 + 0.2, learningRate: 1e-7, gradientNorm: 2, note: undefined },
      },
      {
        stage: "train",
        kind: "epoch",
        epoch: 1,
        step: 20,
        seconds: 3,
        images: 160,
        train: { loss: 0.25, learningRate: 0.001, gradientNorm: 1 },
        validation: { loss: 0.3, ssim: { mean: 0.8, sd: 0.1, n: 4, subjects: 2, ci95: [0.7, 0.9] } },
      },
    ];
    expect(metricsCsv(rows).split("\r\n")).toEqual([
      "stage,kind,epoch,step,seconds,images,train.loss,train.learningRate,train.gradientNorm,train.note," +
        "validation.ssim.mean,validation.ssim.sd,validation.ssim.n,validation.ssim.subjects," +
        "validation.ssim.low,validation.ssim.high,validation.loss",
      "train,step,1,10,1.5,,0.30000000000000004,1e-7,2,,,,,,,,",
      "train,epoch,1,20,3,160,0.25,0.001,1,,0.8,0.1,4,2,0.7,0.9,0.3",
      "",
    ]);
  });

  it("has a line of names where there are no rows", () => {
    expect(metricsCsv([])).toBe("stage,kind,epoch,step,seconds,images\r\n");
  });
});
