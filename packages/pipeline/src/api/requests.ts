import type { Baselines, Limit } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";
import type { Coding } from "../commands/compress.ts";
import type { Inspection } from "../commands/inspection.ts";
import type { StageResult } from "../stages/run-stages.ts";

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
      readonly out?: string | undefined;
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
      /** Drawings for each completion, of which one is taken by the known codes that come after, where any do (default: 8). */
      readonly candidates?: number | undefined;
      readonly out?: string | undefined;
    }
  | {
      /** Files into `.slbk` files by a run's model, in `out` (default: `RUN/compressed`), or all into the archive. */
      readonly kind: "compress";
      readonly run: string;
      readonly files: readonly string[];
      readonly out?: string | undefined;
      /** Write over files that are there. */
      readonly force: boolean;
      /** How codes are coded (default: by the run's prior where it has one). */
      readonly coding?: Coding | undefined;
      /** One file for all slices. */
      readonly archive?: string | undefined;
      /** Above 0, codes are chosen for fewer bits (default: 0, the nearest). */
      readonly lambda?: number | undefined;
    }
  | {
      /** Such files and archives back into pictures or NIfTI files, in `out` (default: `RUN/decompressed`). */
      readonly kind: "decompress";
      readonly run: string;
      readonly files: readonly string[];
      readonly out?: string | undefined;
      /** Write over files that are there. */
      readonly force: boolean;
      /** Of archives these slices only. */
      readonly only?: readonly string[] | undefined;
      /** Say what is in the files, and restore nothing. */
      readonly list?: boolean | undefined;
    }
  | {
      /** A run's model as ONNX graphs and safetensors in `out` (default: `RUN/export`). */
      readonly kind: "export";
      readonly run: string;
      readonly out?: string | undefined;
      /** In float16. */
      readonly half: boolean;
    }
  | {
      /** What is in the data set of a YAML file; with `out`, a contact sheet is written there (PNG). */
      readonly kind: "inspect";
      readonly config: string;
      readonly overrides: readonly string[];
      readonly out?: string | undefined;
    }
  | {
      /** Writes procedural slices into `out`, in one of the real data sets' layouts. */
      readonly kind: "phantom";
      readonly layout: PhantomLayout;
      readonly out: string;
      readonly seed: number;
      /** Subjects in each split (default: the data sets package's). */
      readonly subjects?: Readonly<Record<"train" | "validate" | "test", number>> | undefined;
      readonly slicesPerSubject?: number | undefined;
      readonly covariates?: boolean | undefined;
      /** Height and width in pixels (default: the layout's own). */
      readonly size?: readonly [number, number] | undefined;
    };

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
  /** Of `decompress` only, where it lists: the slices of the files, and the bytes that each takes. */
  readonly slices?: readonly { readonly name: string; readonly bytes: number }[];
  /** Of `inspect` only. */
  readonly inspection?: Inspection;
  /** Whether this was only tried: nothing was kept. */
  readonly dryRun?: boolean;
}
