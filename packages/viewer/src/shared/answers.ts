// What the server tells the page. An exported site holds the same as files, under the same names.
import type { EqualBytes, MetricsRow, RunEvaluation, RunInfo, RunSummary, ThreePairs } from "@slicebook/runs";

export type { Estimate, MetricsRow, RunEvaluation, RunInfo, ThreePairs } from "@slicebook/runs";

/** `data/runs.json` */
export interface RunsAnswer {
  /** Whether a server watches the folder, and reports changes at `events`. */
  readonly live: boolean;
  /** The newest first. */
  readonly runs: readonly RunEntry[];
  readonly damaged: readonly { readonly folder: string; readonly reason: string }[];
}

/** A run in short: what the table shows. */
export interface RunEntry extends Omit<RunSummary, "folder"> {
  /** The name of its folder, which tells it from the others. */
  readonly id: string;
}

/** `data/<id>/run.json` */
export interface RunAnswer {
  readonly entry: RunEntry;
  readonly info: RunInfo;
  /** The resolved configuration as it lies in the folder. */
  readonly configText: string;
  /** The same, parsed. */
  readonly config: unknown;
  readonly evaluation: RunEvaluation | null;
  /** The model's rows, then the prior's. */
  readonly metrics: readonly MetricsRow[];
  readonly files: RunFiles;
}

/** The files of a run that the page reads, by their paths in its folder; null where there is none (yet). */
export interface RunFiles {
  readonly model: string | null;
  readonly preprocessing: string | null;
  readonly prior: string | null;
  readonly codes: string | null;
  readonly grain: string | null;
  readonly covariates: string | null;
  readonly film: Film | null;
  readonly pairs: Pairs | null;
  readonly equalBytes: EqualBytesPictures | null;
  readonly samples: string | null;
  readonly report: string | null;
}

/** The same validation slices at successive steps, each file a stack of them from top to bottom. */
export interface Film {
  readonly originals: string;
  readonly frames: readonly { readonly step: number; readonly path: string }[];
}

/** Test slices and their reconstructions, each file a stack of them from top to bottom. */
export interface Pairs {
  readonly originals: string;
  readonly reconstructions: string;
  readonly slices: readonly { readonly name: string; readonly ssim: number }[];
}

/** Some test slices by the model and by image formats in as many bytes, each file a stack of them from top to bottom. */
export interface EqualBytesPictures {
  readonly originals: string;
  /** How the model's files are coded. */
  readonly coding: EqualBytes["coding"];
  readonly slices: EqualBytes["slices"];
  /** The model first. */
  readonly ways: readonly (EqualBytes["ways"][number] & { readonly picture: string })[];
}

/** `data/<id>/codebook.json`: how often each code occurs in the test slices, and where most. */
export interface CodebookAnswer {
  /** The file of the grids, in the run's folder. */
  readonly path: string;
  readonly slices: number;
  readonly levels: readonly CodebookLevel[];
  /** Names of the slices that `places` refers to, by their number. */
  readonly names: Readonly<Record<number, string>>;
}

export interface CodebookLevel {
  readonly codes: number;
  readonly rows: number;
  readonly columns: number;
  /** How often each code occurs. */
  readonly counts: readonly number[];
  /** For each code the slices with most of it: number of the slice, occurrences, … */
  readonly places: readonly (readonly number[])[];
}

/** `data/<id>/frequencies.json`: how often each code of each level occurs in the training slices. */
export interface FrequenciesAnswer {
  readonly levels: readonly (readonly number[])[];
}

/** `data/<id>/samples.json`: the samples of the run, each with the training slices that it is nearest to. */
export interface SamplesAnswer {
  /** The file of the samples' grids, and that of the training slices'. */
  readonly path: string;
  readonly trainPath: string;
  readonly samples: readonly SampleEntry[];
  /** What was measured of them all; null where nothing was. */
  readonly novelty: {
    /** The middle distance of slices of the test split to their nearest: what is usual for slices not seen. */
    readonly byCodes: number;
    readonly bySsim: number;
    /** Samples that are taken for copies, by the rule. */
    readonly flagged: number;
    readonly rule: string;
    /** Mean MS-SSIM of two samples, and of two slices of the test split. */
    readonly diversity: { readonly samples: number; readonly heldOut: number };
    /** How far samples are from test slices by pixels, and what limits them; null where that was not measured. */
    readonly pixels: {
      readonly auc: ThreePairs | null;
      readonly aucAgainstReconstructions: number | null;
      readonly coverage: ThreePairs | null;
      readonly density: ThreePairs | null;
      readonly patchDistance: ThreePairs | null;
      readonly limit: string;
    } | null;
  } | null;
}

export interface SampleEntry {
  readonly name: string;
  /** The file of its picture, in the run's folder; null if it is no longer there. */
  readonly picture: string | null;
  readonly label: string | null;
  readonly nearest: {
    /** By the share of codes that differ, 0 to 1. */
    readonly byCodes: NearestSlice;
    /** By 1 − SSIM of the decoded slices. */
    readonly bySsim: NearestSlice;
    readonly memorised: boolean;
  } | null;
}

export interface NearestSlice {
  /** The number of the slice in its file; null if it is no longer there. */
  readonly index: number | null;
  readonly name: string;
  readonly distance: number;
}

/** What `events` sends. */
export type ViewerEvent =
  /** The folder is watched from now on: what changed before this is to be asked for. */
  | { readonly type: "watching" }
  | { readonly type: "runs"; readonly answer: RunsAnswer }
  /** Rows of a run's metrics from the one with the number `from` on: those before are as they were. */
  | {
      readonly type: "metrics";
      readonly id: string;
      readonly from: number;
      readonly rows: readonly MetricsRow[];
    }
  /** Something else of a run has changed: it is to be asked for again. */
  | { readonly type: "run"; readonly id: string };
