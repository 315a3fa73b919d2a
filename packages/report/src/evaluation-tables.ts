import type { Baseline, Baselines, Estimate, Evaluation, MaskLabelErrors } from "@slicebook/runs";
import {
  decimals,
  FIGURES,
  figureText,
  SLICE_FIGURES,
  type SliceFigureKey,
  sliceFigureKeys,
  withUnit,
} from "@slicebook/runs/figures";
import { count, counted, interval, meanAndInterval } from "./format.ts";
import type { MeasuredFigure } from "./protocol.ts";
import type { ReportInput } from "./report-input.ts";

export { bitsOfEvenCodes } from "./format.ts";

/** A table of texts; the first column names its rows. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A baseline by what it is. */
export function baselineName({ name, components }: Pick<Baseline, "name" | "components">): string {
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
    case "avif":
      return "AVIF";
  }
}

/** The figures of slices as a table's head, and their values as its cells. */
const figureHead = sliceFigureKeys.map((key) => withUnit(SLICE_FIGURES[key]));

function figureValues(values: Readonly<Partial<Record<SliceFigureKey, number | undefined>>>): string[] {
  return sliceFigureKeys.map((key) => figureText(SLICE_FIGURES[key], values[key]));
}

/** The same of estimates: the first with its interval. */
const estimateHead = figureHead.map((name, index) => (index === 0 ? `${name}, 95 % interval` : name));

function estimateCells(estimates: Readonly<Partial<Record<SliceFigureKey, Estimate | undefined>>>): string[] {
  return sliceFigureKeys.map((key, index) => {
    const [figure, estimate] = [SLICE_FIGURES[key], estimates[key]];
    return index === 0 && estimate !== undefined
      ? meanAndInterval(estimate, figure.digits)
      : figureText(figure, estimate?.mean);
  });
}

/** The means of each subject. */
export function subjectTable(subjects: Evaluation["subjects"]): TextTable {
  return {
    head: ["Subject", "Slices", ...figureHead],
    rows: subjects.map((subject) => [subject.subject, String(subject.n), ...figureValues(subject)]),
  };
}

/** The model and its baselines, a row each. */
export function baselineTable({ rows }: Baselines): TextTable {
  return {
    head: ["Coded by", "Bits per pixel", ...estimateHead],
    rows: rows.map((row) => [
      baselineName(row),
      figureText(FIGURES.bitsPerPixel, row.bitsPerPixel),
      ...estimateCells(row),
    ]),
  };
}

/** The model on data that it was not made for, a row for each evaluation. */
export function otherDataTable(evaluations: ReportInput["evaluations"]): TextTable {
  return {
    head: ["Name", "Data", "Slices", "Subjects", ...estimateHead],
    rows: evaluations.map(({ name, evaluation }) => [
      name,
      `${evaluation.dataset.adapter}, ${evaluation.split} split`,
      count(evaluation.ssim.n),
      count(evaluation.ssim.subjects),
      ...estimateCells(evaluation),
    ]),
  };
}

/** A figure's name, mean, 95 % interval and standard deviation. */
export function figureCells(figure: MeasuredFigure): string[] {
  const { estimate, digits } = figure;
  return [
    withUnit(figure),
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
    "Bits per pixel count whole files, headers included: of the model those that `slicebook compress --coding tables` " +
      "writes (with a trained prior they are smaller), of the image formats (JPEG by MozJPEG, AVIF by libaom) those of " +
      "8-bit grey pictures at the highest quality that takes no more bytes than the model's file of the same slice.",
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
      figureText(SLICE_FIGURES.mse, mse.mean),
    ]),
  };
}

/** Slices by name, with their figures. */
export function rankedTable(slices: NonNullable<Evaluation["best"]>): TextTable {
  return {
    head: ["Slice", "Subject", ...figureHead],
    rows: slices.map((slice) => [slice.name, slice.subject, ...figureValues(slice)]),
  };
}
