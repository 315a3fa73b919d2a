import type { Baseline, Baselines, Evaluation, MaskLabelErrors } from "@slicebook/runs";
import { count, counted, decimals, interval, meanAndInterval } from "./format.ts";
import type { MeasuredFigure } from "./protocol.ts";
import type { ReportInput } from "./report-input.ts";

export { bitsOfEvenCodes } from "./format.ts";

/** A table of texts; the first column names its rows. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A baseline by what it is. */
function baselineName({ name, components }: Pick<Baseline, "name" | "components">): string {
  switch (name) {
    case "model":
      return "This model";
    case "mean":
      return "Mean of the training slices";
    case "pca":
      return `PCA, ${counted(components ?? 0, "component")}`;
    case "jpeg":
      return "JPEG";
    case "webp":
      return "WebP";
  }
}

/** The model and its baselines, a row each. */
export function baselineTable({ rows }: Baselines): TextTable {
  return {
    head: ["Coded by", "Bits per pixel", "SSIM, 95 % interval", "MS-SSIM", "PSNR (dB)", "MSE"],
    rows: rows.map((row) => [
      baselineName(row),
      decimals(row.bitsPerPixel, 4),
      meanAndInterval(row.ssim, 4),
      decimals(row.msSsim.mean, 4),
      decimals(row.psnr.mean, 2),
      decimals(row.mse.mean, 6),
    ]),
  };
}

/** The model on data that it was not made for, a row for each evaluation. */
export function otherDataTable(evaluations: ReportInput["evaluations"]): TextTable {
  return {
    head: ["Name", "Data", "Slices", "Subjects", "SSIM, 95 % interval", "MS-SSIM", "PSNR (dB)"],
    rows: evaluations.map(({ name, evaluation: { dataset, split, ssim, msSsim, psnr } }) => [
      name,
      `${dataset.adapter}, ${split} split`,
      count(ssim.n),
      count(ssim.subjects),
      meanAndInterval(ssim, 4),
      decimals(msSsim.mean, 4),
      decimals(psnr.mean, 2),
    ]),
  };
}

/** A figure's name, mean, 95 % interval and standard deviation. */
export function figureCells({ name, unit, estimate, digits }: MeasuredFigure): string[] {
  return [
    unit === "" ? name : `${name} (${unit})`,
    decimals(estimate.mean, digits),
    interval(estimate, digits),
    decimals(estimate.sd, digits),
  ];
}

/** What was compared, and how. */
export function baselinesNote({ slices, of, trainingSlices, rows }: Baselines): string {
  const measured =
    slices === of
      ? `All on the same ${counted(slices, "slice")}.`
      : `All on the same ${count(slices)} of ${counted(of, "slice")}, drawn by the run's seed.`;
  const larger = rows.flatMap((row) =>
    row.larger === undefined || row.larger === 0
      ? []
      : [`${counted(row.larger, "slice")} took more as ${baselineName(row)} even at the lowest quality.`],
  );
  return [
    measured,
    "Bits per pixel count whole files, headers included: of the model those that `slicebook compress` writes, of JPEG " +
      "(MozJPEG) and WebP those of 8-bit grey pictures at the highest quality that takes no more bytes than the " +
      "model's file of the same slice.",
    ...(trainingSlices === undefined
      ? []
      : [
          `PCA is of ${counted(trainingSlices, "training slice")}, with as many float32 coefficients as the model's ` +
            "files have room for, and no more components than those slices span.",
        ]),
    ...larger,
  ].join(" ");
}

/** Errors by the labels of masks. */
export function maskTable(labels: readonly MaskLabelErrors[]): TextTable {
  return {
    head: ["Label", "Share of pixels", "Slices", "Mean absolute error, 95 % interval", "MSE"],
    rows: labels.map(({ value, name, share, mae, mse }) => [
      name === undefined ? String(value) : `${name} (${value})`,
      `${decimals(100 * share, 1)} %`,
      count(mae.n),
      meanAndInterval(mae, 4),
      decimals(mse.mean, 6),
    ]),
  };
}

/** Slices by name, with their figures. */
export function rankedTable(slices: NonNullable<Evaluation["best"]>): TextTable {
  return {
    head: ["Slice", "Subject", "SSIM", "MS-SSIM", "PSNR (dB)", "MSE"],
    rows: slices.map(({ name, subject, ssim, msSsim, psnr, mse }) => [
      name,
      subject,
      decimals(ssim, 4),
      decimals(msSsim, 4),
      decimals(psnr, 2),
      decimals(mse, 6),
    ]),
  };
}
