import type { Limit } from "./novelty/schema.ts";
import type { Baselines } from "./report/evaluation-schema.ts";
import type { MetricsRow } from "./report/types.ts";

/** The stages of a run, in their order. */
export const stages = ["train", "encode", "evaluate", "train-prior", "sample", "report"] as const;
export type Stage = (typeof stages)[number];

/** The folder layouts that `phantom` writes. */
export const phantomLayouts = ["hipmri", "oasis", "adni"] as const;
export type PhantomLayout = (typeof phantomLayouts)[number];

/** Something to do; plain JSON, so that it crosses into a worker. */
export type Request =
  | {
      /** Stages of the run that a YAML file describes; the run folder is made when it is missing. */
      readonly kind: "run";
      readonly config: string;
      /** Dotted `key=value` texts, such as `train.epochs=20`. */
      readonly overrides: readonly string[];
      readonly stages: readonly Stage[];
      /** Go on from the last checkpoint of an interrupted run rather than refuse its folder. */
      readonly resume: boolean;
      /** Take one step of every stage on a few slices, in a folder that is deleted at the end. */
      readonly dryRun?: boolean;
    }
  | {
      /**
       * Stages of a run folder that exists. Overrides may change `sample.*`, `engine.*` and `prior.*`; with
       * `dataset.*` among them, the only stage may be `evaluate`, whose result goes to
       * `evaluations/<name>.json`.
       */
      readonly kind: "stages";
      readonly run: string;
      readonly overrides: readonly string[];
      readonly stages: readonly Stage[];
      readonly resume: boolean;
      /**
       * `test` takes subjects that the run does not know for testing, from now on; they are refused unless given.
       */
      readonly newSubjects?: "test" | undefined;
    }
  | {
      /**
       * Files through a run's encoder and decoder: PNGs and figures into `out` (default:
       * `RUN/reconstructions/files`).
       */
      readonly kind: "reconstruct";
      readonly run: string;
      readonly files: readonly string[];
      readonly out?: string;
    }
  | {
      /**
       * Keeps a part of a slice (a half by name, or what is not black in a mask) and has a run's prior draw the rest,
       * into `out` (default: `RUN/completions/NAME`). Overrides may change `sample.*` and `engine.*`, for this once.
       */
      readonly kind: "complete";
      readonly run: string;
      readonly file: string;
      readonly keep: string;
      readonly overrides: readonly string[];
      /** Grids drawn for each completion, of which one is taken by the known codes that come after (default: 8). */
      readonly candidates?: number;
      readonly out?: string;
    }
  | {
      /**
       * Files into `.slbk` files by a run's model and code frequencies, or such files back into pictures or NIfTI files,
       * in `out` (default: `RUN/compressed`, `RUN/decompressed`).
       */
      readonly kind: "compress" | "decompress";
      readonly run: string;
      readonly files: readonly string[];
      readonly out?: string;
      /** Write over files that are there. */
      readonly force: boolean;
    }
  | {
      /** A run's model as ONNX graphs and safetensors in `out` (default: `RUN/export`). */
      readonly kind: "export";
      readonly run: string;
      readonly out?: string;
      /** In float16. */
      readonly half: boolean;
    }
  | {
      /** What is in the data set of a YAML file; with `out`, a contact sheet is written there (PNG). */
      readonly kind: "inspect";
      readonly config: string;
      readonly overrides: readonly string[];
      readonly out?: string;
    }
  | {
      /** Writes procedural slices into `out`, in one of the real data sets' layouts. */
      readonly kind: "phantom";
      readonly layout: PhantomLayout;
      readonly out: string;
      readonly seed: number;
      /** Subjects in each split (default: the data sets package's). */
      readonly subjects?: { readonly train: number; readonly validate: number; readonly test: number };
      readonly slicesPerSubject?: number;
      /** Height and width in pixels (default: the layout's own). */
      readonly size?: readonly [number, number];
    };

/** What happens meanwhile; plain JSON, posted from the worker. */
export type Event =
  | {
      readonly type: "stage";
      readonly stage: Stage;
      readonly state: "start" | "skip" | "done";
      readonly seconds?: number;
      /** Why a stage is skipped. */
      readonly reason?: string;
    }
  | {
      readonly type: "progress";
      readonly stage: Stage | "read" | "reconstruct" | "compress" | "decompress" | "phantom";
      /** Of what is trained part by part, the number of the part. */
      readonly part?: number;
      readonly step: number;
      /** Unknown when only minutes limit the stage. */
      readonly totalSteps?: number;
      /** The current epoch, from 1; 0 for what has no epochs. */
      readonly epoch: number;
      readonly totalEpochs?: number;
      /** Done so far, 0 to 1. */
      readonly fraction: number;
      /** Units a second. */
      readonly rate?: number;
      readonly unit: "images" | "grids" | "slices" | "codes";
      /** Seconds left. */
      readonly eta?: number;
      readonly metrics: Readonly<Record<string, number>>;
    }
  | { readonly type: "epoch"; readonly stage: Stage; readonly row: MetricsRow }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "file"; readonly path: string; readonly what: string };

/** What became of one stage. */
export interface StageResult {
  readonly stage: Stage;
  readonly state: "skipped" | "done";
  readonly seconds: number;
}

/** What is in one split. */
export interface SplitSummary {
  readonly slices: number;
  readonly subjects: number;
  /** Slices that have a segmentation mask. */
  readonly masks: number;
  /** Slices of each class, and subjects. */
  readonly classes: Readonly<Record<string, number>>;
  readonly classSubjects: Readonly<Record<string, number>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
  /** The least and greatest value; absent where no slice can be read. */
  readonly range?: readonly [number, number];
}

/** What `inspect` found. */
export interface Inspection {
  readonly dataset: string;
  readonly root?: string;
  /** Height and width after the size policy. */
  readonly size: readonly [number, number];
  readonly classes: readonly string[];
  readonly splits: Readonly<Record<"train" | "validate" | "test", SplitSummary>>;
  /** How many slices have each stored size, `256×128`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** How many slices have each stored type, `int16`. */
  readonly types: Readonly<Record<string, number>>;
  /** The least and greatest value in the originals' units. */
  readonly range: readonly [number, number];
  /** Mean and variance of the preprocessed training slices. */
  readonly statistics: { readonly mean: number; readonly variance: number };
  /** Slices left out because they cannot be read, where the configuration says so. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Slices with the same values; across splits, training has seen what it is tested on. */
  readonly duplicates: readonly { readonly paths: readonly string[]; readonly acrossSplits: boolean }[];
  /** Slices unlike the others: of one value, of an unusual size or spread. */
  readonly outliers: readonly { readonly path: string; readonly reason: string }[];
  /** Subjects that are in more than one split. */
  readonly overlap: readonly { readonly subject: string; readonly splits: readonly string[] }[];
  /** Files beside the slices whose names do not fit the layout. */
  readonly ignored: readonly string[];
  /** What working with the data set takes on this machine. */
  readonly estimate: InspectionEstimate;
  readonly fingerprint: string;
}

/** Estimated from reading the slices once, and some of them again. */
export interface InspectionEstimate {
  /** Bytes of all prepared slices: on disk, or in memory with `dataset.cache=false`. */
  readonly preparedBytes: number;
  /** Bytes of a training slice as the model gets it, float32: a batch holds this times its slices. */
  readonly sliceBytes: number;
  /** Seconds to decode all slices, which the first run does. */
  readonly decodeSeconds: number;
  /** Seconds to read all training slices, as every epoch does beside its training. */
  readonly epochSeconds: number;
}

export interface Result {
  /** The run folder; absent for `inspect` and `phantom`. */
  readonly run?: string;
  readonly stages: readonly StageResult[];
  /** The key figures by name: `ssim`, `ssimLow` and `ssimHigh` (its 95 % interval), `psnr`, `perplexity`, `bitsPerCode`, … */
  readonly figures: Readonly<Record<string, number>>;
  /** What as many bytes buy otherwise, where that is measured. */
  readonly baselines?: Baselines;
  /** What limits the samples that were drawn, and what to change, where that is measured. */
  readonly limit?: Limit;
  /** The files made, relative to the current directory where they lie under it. */
  readonly files: readonly string[];
  /** The command to type next; empty when there is none. */
  readonly next: string;
  /** Of `inspect` only. */
  readonly inspection?: Inspection;
  /** Whether this was only tried: nothing was kept. */
  readonly dryRun?: boolean;
}

export interface ExecuteOptions {
  readonly onEvent?: (event: Event) => void;
  /** Aborting it saves what there is, then rejects with the `SlicebookError` `INTERRUPTED`. */
  readonly signal?: AbortSignal;
}

/** One thing that `doctor` looked at. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Whether a run with the usual settings needs it. */
  readonly needed: boolean;
  /** What was found: a version, a speed, why it does not work. */
  readonly found: string;
  readonly remedy?: string;
}

export interface DoctorReport {
  /** Whether everything that a run needs works. */
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}
