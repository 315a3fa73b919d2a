import type { RunSummary } from "@slicebook/runs";

/** The mean over shared subjects of a run's SSIM less the first run's, with its 95 % t-interval. */
export interface PairedDifference {
  readonly mean: number;
  readonly ci95: readonly [number, number] | null;
  readonly subjects: number;
}

/** Runs side by side. */
export interface Comparison {
  readonly runs: readonly (RunSummary & {
    /** The name by which it is told apart here. */
    readonly label: string;
    /** Against the first run; null for the first itself, and where their test slices are not the same. */
    readonly difference: PairedDifference | null;
  })[];
  /** Settings that are not the same in all runs: a value a run, as JSON; null where it is not given. */
  readonly settings: readonly { readonly key: string; readonly values: readonly (string | null)[] }[];
  /** What makes the figures less than comparable. */
  readonly notes: readonly string[];
  readonly files: readonly string[];
}
