import { SlicebookError } from "@slicebook/base";
import { studentQuantile } from "./student.ts";

/** A metric over a set of slices. */
export interface Summary {
  /** The mean over slices. */
  readonly mean: number;
  /** The sample standard deviation over slices (divided by n − 1); 0 for one slice. */
  readonly sd: number;
  /** The number of slices. */
  readonly n: number;
  /** The number of subjects they are from. */
  readonly subjects: number;
  /** The 95 % confidence interval of the mean over subjects; null with fewer than {@link FEWEST_SUBJECTS}. */
  readonly ci95: readonly [low: number, high: number] | null;
}

/** An interval from fewer subjects would say next to nothing: the t quantile of two is 12.7. */
export const FEWEST_SUBJECTS = 3;

/**
 * The numbers that a metric can be: `correlation` for −1 to 1, as SSIM and MS-SSIM, `positive` for 0 and more, as MSE, and
 * `real` for any, as decibels and differences.
 */
export type MetricScale = "correlation" | "positive" | "real";

/**
 * Summarises a metric of slices that come from subjects: `summarise([0.9, 0.8, 0.7], ["a", "b", "c"])`.
 *
 * Slices of one subject resemble each other, so the interval is one of the subjects' means, each of which counts the
 * same: its middle differs from `mean` where subjects have different numbers of slices. It is a t-interval taken, by the
 * delta method, on a scale that has no ends, and taken back: Fisher's z (artanh) for correlations, the logarithm for what
 * is positive; so it never leaves the numbers that the metric can be. Throws `METRIC_INPUT_INVALID` where there are no
 * values, or not one subject for each.
 */
export function summarise(
  values: ArrayLike<number>,
  subjects: readonly string[],
  { scale = "real" }: { readonly scale?: MetricScale } = {},
): Summary {
  if (values.length === 0 || values.length !== subjects.length) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `a summary needs at least one value and a subject for each, not ${values.length} values and ` +
        `${subjects.length} subjects`,
    );
  }
  const all = Array.from(values);
  const bySubject = new Map<string, number[]>();
  for (const [index, subject] of subjects.entries()) {
    const subjectValues = bySubject.get(subject);
    if (subjectValues === undefined) bySubject.set(subject, [all[index]!]);
    else subjectValues.push(all[index]!);
  }
  return {
    mean: meanOf(all),
    sd: deviationOf(all),
    n: all.length,
    subjects: bySubject.size,
    ci95: interval([...bySubject.values()].map(meanOf), scales[scale]),
  };
}

/** A scale without ends, its slope at a value, and the way back. */
interface OpenScale {
  readonly to: (value: number) => number;
  readonly slope: (value: number) => number;
  readonly from: (value: number) => number;
}

const scales: Readonly<Record<MetricScale, OpenScale>> = {
  correlation: { to: Math.atanh, slope: (value) => 1 / (1 - value ** 2), from: Math.tanh },
  positive: { to: Math.log, slope: (value) => 1 / value, from: Math.exp },
  real: { to: (value) => value, slope: () => 1, from: (value) => value },
};

function interval(means: readonly number[], { to, slope, from }: OpenScale): [number, number] | null {
  if (means.length < FEWEST_SUBJECTS) return null;
  const mean = meanOf(means);
  const reach = (studentQuantile(0.975, means.length - 1) * deviationOf(means)) / Math.sqrt(means.length);
  // Equal means, which may lie on an end of the scale, leave nothing to be uncertain of.
  if (reach === 0) return [mean, mean];
  return [from(to(mean) - slope(mean) * reach), from(to(mean) + slope(mean) * reach)];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
