import type { Plot } from "../figures/chart.ts";
import type { Novelty } from "../novelty/schema.ts";
import type { Estimate, Evaluation } from "./evaluation-schema.ts";

export type { Estimate, Evaluation };

/** What training steps say, averaged over those since the row before; other names go into the CSV too. */
export interface TrainMetrics {
  readonly loss: number;
  readonly reconstruction?: number;
  readonly commitment?: number;
  readonly perplexity?: number;
  readonly codesInUse?: number;
  readonly bitsPerCode?: number;
  readonly accuracy?: number;
  readonly learningRate?: number;
  readonly gradientNorm?: number;
  readonly [name: string]: number | undefined;
}

/** What the validation split says at the end of an epoch. */
export interface ValidationMetrics {
  readonly loss?: number;
  readonly ssim?: Estimate;
  readonly perplexity?: number;
  readonly codesInUse?: number;
  readonly bitsPerCode?: number;
  readonly accuracy?: number;
}

/** A line of `metrics.jsonl`. */
export interface MetricsRow {
  readonly stage: "train" | "prior";
  /** Of a prior that is trained part by part, the part, by its number. */
  readonly part?: number;
  /** `step`: every so many steps; `epoch`: at the end of one, or when the validation split is looked at. */
  readonly kind: "step" | "epoch";
  /** From 1; a fraction where the validation split is looked at within an epoch. */
  readonly epoch: number;
  /** Steps taken so far in this stage. */
  readonly step: number;
  /** Seconds of training so far in this stage. */
  readonly seconds: number;
  /** Slices (or code grids) seen so far in this stage. */
  readonly images?: number;
  readonly train: TrainMetrics;
  readonly validation?: ValidationMetrics;
}

/** One split of the run's data. */
interface SplitInfo {
  readonly slices: number;
  readonly subjects: number;
  /** Slices of each class; empty where the data has no classes. */
  readonly classes: Readonly<Record<string, number>>;
}

/** `run.json`. */
export interface RunInfo {
  readonly schema: 1;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  /** Of `slicebook`, `node` and the libraries that computed. */
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    /** Bytes. */
    readonly memory: number;
  };
  readonly engine: {
    readonly kind: string;
    readonly device: string;
    readonly threads: number;
    readonly description: string;
  };
  readonly seed: number;
  /** The git commit that Slicebook was run from; `null` outside a repository. */
  readonly commit: string | null;
  readonly data: {
    readonly adapter: string;
    readonly root?: string;
    readonly size: readonly [number, number];
    readonly preprocessing: string;
    readonly fingerprint: string;
    readonly splits: Readonly<Record<"train" | "validate" | "test", SplitInfo>>;
    /** Slices left out because they cannot be read. */
    readonly skipped: number;
  };
  readonly model: {
    readonly preset: string;
    /** Weights and codebook entries. */
    readonly parameters: number;
    /** Rows and columns of each level's grid of codes. */
    readonly grids: readonly (readonly [number, number])[];
    /** Entries of all codebooks together. */
    readonly codes: number;
    /** Entries of each level's codebook; records of earlier versions have none, and levels with as many codes each. */
    readonly codebooks?: readonly number[];
    readonly codeSize: number;
  };
  /** Seconds that each finished stage took, the processors' joules where the machine tells, and when it ended (ISO 8601). */
  readonly stages: Readonly<
    Record<string, { readonly seconds: number; readonly joules?: number; readonly finished: string }>
  >;
}

/** A picture with its description. */
export interface Picture {
  /** A heading of its own: `Reconstructions`. */
  readonly title: string;
  /** What to see in it, in a sentence or two. */
  readonly text?: string;
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  /** A PNG, WebP or GIF. */
  readonly bytes: Uint8Array;
  /** Where it lies, relative to the run folder, with `/`. */
  readonly path: string;
  /** Animated pictures start when the reader asks for them. */
  readonly animated?: boolean;
}

/** A command, and what it does. */
export interface NextCommand {
  readonly command: string;
  readonly what: string;
}

/** All that a run's report and model card tell of; what a run does not have yet is left out. */
export interface ReportInput {
  readonly run: RunInfo;
  /** The resolved `config.yaml`. */
  readonly config: string;
  /** The rows of `metrics.jsonl`, the prior's after the model's. */
  readonly metrics: readonly MetricsRow[];
  readonly evaluation?: Evaluation;
  /** What a reader must know before anything else, such as that the run only overfits. */
  readonly notice?: string;
  /** Evaluations on other data, by name. */
  readonly evaluations: readonly { readonly name: string; readonly evaluation: Evaluation }[];
  /** How new, varied and true the run's samples are. */
  readonly novelty?: Novelty;
  readonly pictures: readonly Picture[];
  readonly plots: readonly Pick<Plot, "name" | "title" | "alt" | "svg">[];
  /** What to type next. */
  readonly next: readonly NextCommand[];
}
