import type { Estimate, RunEvaluation, RunInfo } from "@slicebook/runs";
import type { ReportInput } from "../src/report-input.ts";
import { metricsRows } from "./figures/fixtures.ts";

function estimate(mean: number, sd: number, reach: number): Estimate {
  return { mean, sd, n: 70, subjects: 6, ci95: [mean - reach, mean + reach] };
}

function evaluation(): RunEvaluation {
  return {
    schema: 1,
    split: "test",
    dataset: { adapter: "hipmri", root: "data/hipmri", size: [256, 128], fingerprint: "3f2a91c0d4e8" },
    ssim: estimate(0.8463, 0.0412, 0.034),
    ssimDefault: estimate(0.8511, 0.0398, 0.0335),
    msSsim: { ...estimate(0.9654, 0.0121, 0.01), scales: 4 },
    psnr: estimate(27.31, 2.2, 1.6),
    mse: estimate(0.00208, 0.0009, 0.0006),
    perplexity: 351.2,
    codesInUse: 498,
    codes: 512,
    levels: [{ rows: 64, columns: 32, codes: 512, codesInUse: 498, perplexity: 351.2 }],
    bitsPerPixel: { fixed: 0.5625, entropy: 0.5286, prior: 0.331 },
    baselines: {
      slices: 50,
      of: 70,
      trainingSlices: 169,
      rows: (["model", "mean", "pca", "jpeg", "webp", "avif"] as const).map((name, index) => ({
        name,
        bitsPerPixel: 0.1 * index,
        ssim: estimate(0.5 + 0.1 * index, 0.04, 0.03),
        ssimDefault: estimate(0.5, 0.04, 0.03),
        msSsim: estimate(0.9, 0.04, 0.03),
        psnr: estimate(27, 2, 1),
        mse: estimate(0.002, 0.001, 0.0005),
        ...(name === "pca" ? { components: 168 } : {}),
        ...(name === "jpeg" ? { larger: 3 } : {}),
      })),
    },
    masks: [
      {
        value: 0,
        name: "background",
        share: 0.7,
        mae: estimate(0.01, 0.004, 0.003),
        mse: estimate(2e-4, 0, 0),
      },
      { value: 5, share: 0.3, mae: estimate(0.04, 0.004, 0.003), mse: estimate(2e-3, 0, 0) },
    ],
    best: [{ name: "a <b>", subject: "a", ssim: 0.95, ssimDefault: 0.95, msSsim: 0.99, psnr: 33, mse: 5e-4 }],
    worst: [{ name: "c", subject: "a", ssim: 0.71, ssimDefault: 0.7, msSsim: 0.8, psnr: 20, mse: 0.01 }],
    subjects: ["case_040", "case_041", "case_042 & <co>"].map((subject, index) => ({
      subject,
      n: 20 + index,
      ssim: 0.84 + 0.01 * index,
      ssimDefault: 0.85,
      msSsim: 0.96,
      psnr: 27,
      mse: 0.002,
    })),
  };
}

export function runInfo(): RunInfo {
  return {
    schema: 1,
    name: "hipmri",
    created: "2030-01-02T03:04:05.000Z",
    versions: { slicebook: "0.1.0", node: "20.20.2", "onnxruntime-node": "1.30.0" },
    machine: { platform: "linux x64", cpu: "Example CPU 3 GHz", cores: 2, memory: 16 * 2 ** 30 },
    engine: {
      kind: "onnx",
      device: "cpu",
      threads: 2,
      precision: "float32",
      description: "ONNX Runtime 1.30.0 on the CPU, 2 threads",
    },
    seed: 0,
    commit: "0123456789abcdef",
    data: {
      adapter: "hipmri",
      root: "data/hipmri",
      size: [256, 128],
      preprocessing: "zscore",
      fingerprint: "3f2a91c0d4e8",
      splits: {
        train: { slices: 11460, subjects: 16, classes: {} },
        validate: { slices: 32, subjects: 5, classes: {} },
        test: { slices: 70, subjects: 6, classes: {} },
      },
      skipped: 1,
    },
    model: { preset: "patch", parameters: 412345, grids: [[64, 32]], codes: 512, codeSize: 16 },
    stages: {
      train: { seconds: 312.4, finished: "2030-01-02T03:09:30.000Z", inputs: "" },
      evaluate: { seconds: 4.25, finished: "2030-01-02T03:09:35.000Z", inputs: "" },
      "train-prior": { seconds: 3725, finished: "2030-01-02T04:12:00.000Z", inputs: "" },
    },
  };
}

/** A report's input without pictures and plots. */
export function reportInput(): ReportInput {
  return {
    run: runInfo(),
    config: "version: 1\ndataset:\n  adapter: hipmri # <slices>\n",
    metrics: metricsRows(),
    evaluation: evaluation(),
    evaluations: [{ name: "oasis", evaluation: { ...evaluation(), split: "validate" } }],
    covariates: {
      covariates: [
        { name: "age", kind: "number", low: 20, high: 80 },
        { name: "scanner", kind: "category", categories: ["<1T>", "3T"] },
      ],
      known: { train: [169, 160], validate: [41, 0], test: [70, 70] },
      bitsPerCode: { told: 4.118, untold: 4.2 },
    },
    pictures: [],
    plots: [],
    next: [{ command: "slicebook reconstruct runs/hipmri FILE", what: "Reconstruct slices of your own" }],
  };
}
