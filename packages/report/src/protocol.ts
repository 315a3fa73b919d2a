import type { Estimate, Evaluation, RunEvaluation } from "@slicebook/runs";
import {
  decimals,
  type FigureText,
  SLICE_FIGURES,
  type SliceFigureKey,
  sliceFigureKeys,
} from "@slicebook/runs/figures";
import { counted, interval, noInterval } from "./format.ts";

/** A figure of an evaluation, with how it was measured. */
export interface MeasuredFigure extends FigureText {
  readonly key: SliceFigureKey;
  readonly estimate: Estimate;
  readonly protocol: string;
}

/** What an evaluation measured of each slice, each with its protocol in one sentence. */
export function measuredFigures(evaluation: Evaluation): readonly MeasuredFigure[] {
  const [height, width] = evaluation.dataset.size;
  return sliceFigureKeys.flatMap((key) => {
    const { protocol, ...text } = SLICE_FIGURES[key];
    const estimate = evaluation[key];
    return estimate === undefined ? [] : [{ ...text, key, estimate, protocol: protocol({ height, width }) }];
  });
}

/** How means and intervals are taken, for a reader who wants to compare. */
export const estimateNote =
  "Means and standard deviations are over slices; the 95 % interval is a t-interval on the subjects' means, since " +
  "slices of one subject resemble each other, on a scale without ends: Fisher's z for SSIM and MS-SSIM, the logarithm for " +
  "errors. Fewer than three subjects give none.";

/** What is said of slices that count in no mean; nothing where there are none. */
export function blankNote({ blank = 0 }: Evaluation): string {
  if (blank === 0) return "";
  return ` ${blank} ${blank === 1 ? "slice is" : "slices are"} blank, of one value throughout, and in no mean.`;
}

/** Bits per pixel, by each way to count: each with its value as text and its meaning. */
export function bitRates(
  evaluation: RunEvaluation,
): readonly (readonly [name: string, value: string, meaning: string])[] {
  const { fixed, entropy, prior, file } = evaluation.bitsPerPixel;
  return [
    ["fixed", decimals(fixed, 4), "log2 of the codebook's size for each code"],
    ["entropy", decimals(entropy, 4), "the entropy of the codes' frequencies"],
    ["prior", prior === null ? "–" : decimals(prior, 4), "the prior's likelihood of the code grids"],
    [
      "file",
      file === undefined ? "–" : decimals(file, 4),
      "all bytes of the files that `slicebook compress --coding tables` writes",
    ],
  ];
}

/** `0.8463, 95 % interval [0.8120, 0.8801], 70 slices of 6 subjects`. */
export function inWords({
  estimate,
  digits,
  unit,
}: Pick<MeasuredFigure, "estimate" | "digits" | "unit">): string {
  const value = `${decimals(estimate.mean, digits)}${unit === "" ? "" : ` ${unit}`}`;
  const range = estimate.ci95 === null ? noInterval(estimate) : `95 % interval ${interval(estimate, digits)}`;
  return `${value}, ${range}, ${counted(estimate.n, "slice")} of ${counted(estimate.subjects, "subject")}`;
}
