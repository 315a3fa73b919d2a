import { leaves } from "@slicebook/base/util";
import type { Evaluation, RunInfo } from "@slicebook/runs";

/** Settings that say where a run is and not what it is. */
const PLACES = ["run.root", "run.name", "dataset.cache"];

/** A run as far as it decides with what its figures compare. */
export interface Compared {
  /** The name by which it is told apart. */
  readonly label: string;
  /** Absent, or null, before the evaluation. */
  readonly evaluation?: Evaluation | null | undefined;
}

/** Whether two evaluations are of the same subjects and as many slices of each, at one size. */
export function sameSlices(first: Evaluation, other: Evaluation): boolean {
  const of = ({ split, dataset, subjects }: Evaluation) =>
    JSON.stringify([split, dataset.adapter, dataset.size, subjects.map(({ subject, n }) => [subject, n])]);
  return of(first) === of(other);
}

/** Whether two models have the same grids of as many codes, so that bits per code are of the same code. */
export function sameCodes(first: RunInfo["model"], other: RunInfo["model"]): boolean {
  const of = ({ grids, codes, codebooks = grids.map(() => codes) }: RunInfo["model"]) =>
    JSON.stringify([grids, codebooks]);
  return of(first) === of(other);
}

/** What makes the runs' figures less than comparable, a sentence each, without the full stop. */
export function comparisonNotes(runs: readonly Compared[]): string[] {
  const notes: string[] = [];
  const first = runs.find(({ evaluation }) => evaluation);
  for (const { label, evaluation } of runs) {
    if (!evaluation) notes.push(`${label} is not evaluated yet`);
    else if (!sameSlices(first!.evaluation!, evaluation)) {
      notes.push(
        `${label} was not tested on the slices that ${first!.label} was: their figures cannot be compared`,
      );
    }
  }
  return notes;
}

/** A setting that is not the same in all runs: a value for each run, undefined where it is not given. */
export interface DifferentSetting {
  /** Dotted, such as `model.width`. */
  readonly key: string;
  readonly values: readonly unknown[];
}

/** The settings that differ between configurations, but for those that say where a run is. */
export function differentSettings(configs: readonly unknown[]): DifferentSetting[] {
  const all = configs.map((config) => leaves(config));
  const keys = new Set(all.flatMap((one) => [...one.keys()]));
  return [...keys]
    .filter((key) => !PLACES.includes(key))
    .map((key) => ({ key, values: all.map((one) => one.get(key)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}
