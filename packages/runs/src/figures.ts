import { decimals } from "./decimals.ts";
import type { RunEvaluation } from "./evaluation-schema.ts";
import type { Novelty } from "./novelty-schema.ts";
import type { PriorEvaluation } from "./prior-evaluation.ts";
import { eachSliceFigure, type FigureText, type SliceFigureKey } from "./slice-figures.ts";

/** What was measured of a run on its test split, as far as it was. */
export interface MeasuredRun {
  readonly evaluation: RunEvaluation | undefined;
  readonly prior: PriorEvaluation | undefined;
  readonly novelty: Novelty | undefined;
}

/** A figure of a whole run. */
export interface RunFigure extends FigureText {
  of(run: MeasuredRun): number | undefined;
}

const distances = ({ novelty }: MeasuredRun) => novelty?.pixels?.distances;

const OTHERS = {
  perplexity: {
    name: "Perplexity",
    unit: "",
    digits: 1,
    of: ({ evaluation }) => evaluation?.perplexity,
  },
  codesInUse: {
    name: "Codes in use",
    unit: "",
    digits: 0,
    of: ({ evaluation }) => evaluation?.codesInUse,
  },
  bitsPerCode: {
    name: "Bits per code",
    unit: "",
    digits: 3,
    better: "lower",
    of: ({ prior }) => prior?.test.bitsPerCode,
  },
  bitsPerPixel: {
    name: "Bits per pixel",
    unit: "",
    digits: 4,
    better: "lower",
    of: ({ evaluation }) => evaluation?.bitsPerPixel.prior ?? evaluation?.bitsPerPixel.entropy,
  },
  samplesAuc: {
    name: "Samples: AUC",
    unit: "",
    digits: 3,
    better: "lower",
    of: (run) => distances(run)?.auc?.samples,
  },
  samplesCoverage: {
    name: "Samples: coverage",
    unit: "",
    digits: 3,
    better: "higher",
    of: (run) => distances(run)?.neighbours?.coverage.samples,
  },
  samplesDensity: {
    name: "Samples: density",
    unit: "",
    digits: 3,
    of: (run) => distances(run)?.neighbours?.density.samples,
  },
  samplesPatchDistance: {
    name: "Samples: patch distance",
    unit: "",
    digits: 3,
    better: "lower",
    of: (run) => distances(run)?.slicedWasserstein?.mean.samples,
  },
} as const satisfies Readonly<Record<string, RunFigure>>;

export type FigureKey = SliceFigureKey | keyof typeof OTHERS;

/** The figures that tell most of a run, by key, in the order in which they are shown. */
export const FIGURES: Readonly<Record<FigureKey, RunFigure>> = {
  ...eachSliceFigure((key, { name, unit, digits, better }) => ({
    name,
    unit,
    digits,
    better,
    of: ({ evaluation }: MeasuredRun) => evaluation?.[key]?.mean,
  })),
  ...OTHERS,
};

export const figureKeys = Object.keys(FIGURES) as readonly FigureKey[];

/** The figures of a run by key, as far as they were measured, with the ends of the SSIM's 95 % interval and its subjects. */
export function runFigures(run: MeasuredRun): Record<string, number> {
  const values = figureKeys.map((key) => [key, FIGURES[key].of(run)] as const);
  const { ssim } = run.evaluation ?? {};
  return {
    ...Object.fromEntries(values.filter((entry): entry is [FigureKey, number] => entry[1] !== undefined)),
    ...(ssim && { subjects: ssim.subjects }),
    ...(ssim?.ci95 && { ssimLow: ssim.ci95[0], ssimHigh: ssim.ci95[1] }),
  };
}

/** A figure's value with its decimals and no unit; a dash where there is none. */
export function figureText({ digits }: Pick<FigureText, "digits">, value: number | null | undefined): string {
  return decimals(value, digits);
}
