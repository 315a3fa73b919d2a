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
  /** The 95 % confidence interval of the mean over subjects; null with one subject, which has none. */
  readonly ci95: readonly [low: number, high: number] | null;
}

/**
 * Summarises a metric of slices that come from subjects: `summarise([0.9, 0.8, 0.7], ["a", "a", "b"])`.
 *
 * Slices of one subject resemble each other, so the interval is a t-interval on the subjects' means, each of which
 * counts the same: its middle differs from `mean` where subjects have different numbers of slices. Throws
 * `METRIC_INPUT_INVALID` where there are no values, or not one subject for each.
 */
export function summarise(values: ArrayLike<number>, subjects: readonly string[]): Summary {
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
    const own = bySubject.get(subject);
    if (own === undefined) bySubject.set(subject, [all[index]!]);
    else own.push(all[index]!);
  }
  return {
    mean: meanOf(all),
    sd: deviationOf(all),
    n: all.length,
    subjects: bySubject.size,
    ci95: interval([...bySubject.values()].map(meanOf)),
  };
}

function interval(means: readonly number[]): [number, number] | null {
  if (means.length < 2) return null;
  const mean = meanOf(means);
  const reach = (studentQuantile(0.975, means.length - 1) * deviationOf(means)) / Math.sqrt(means.length);
  return [mean - reach, mean + reach];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
