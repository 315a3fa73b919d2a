import type {
  Evaluation,
  KeptCovariates,
  MetricsRow,
  Novelty,
  RunEvaluation,
  RunInfo,
} from "@slicebook/runs";
import type { Plot } from "./figures/chart.ts";

/** A picture with its description. */
export interface Picture {
  /** A heading of its own: `Reconstructions`. */
  readonly title: string;
  /** What to see in it, in a sentence or two. */
  readonly text?: string;
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  /** A PNG, JPEG or WebP. */
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

/** All that a run's report and model card describe; what a run does not have yet is left out. */
export interface ReportInput {
  readonly run: RunInfo;
  /** The resolved `config.yaml`. */
  readonly config: string;
  /** The rows of `metrics.jsonl`, the prior's after the model's. */
  readonly metrics: readonly MetricsRow[];
  readonly evaluation?: RunEvaluation;
  /** What a reader must know before anything else, such as that the run only overfits. */
  readonly notice?: string;
  /** Evaluations on other data, by name. */
  readonly evaluations: readonly { readonly name: string; readonly evaluation: Evaluation }[];
  /** How new, varied and true the run's samples are. */
  readonly novelty?: Novelty;
  /** What is known of slices besides their classes, and the bits that test codes take with and without it. */
  readonly covariates?: Pick<KeptCovariates, "covariates" | "known"> & {
    readonly bitsPerCode?: { readonly told: number; readonly untold: number };
  };
  readonly pictures: readonly Picture[];
  readonly plots: readonly Pick<Plot, "name" | "title" | "alt" | "svg">[];
  /** What to type next. */
  readonly next: readonly NextCommand[];
}
