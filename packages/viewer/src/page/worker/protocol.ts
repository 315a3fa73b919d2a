import type { CodeLevel, PerLevel } from "@slicebook/core";
import type { Covariate, CovariateValues, SizePolicy } from "@slicebook/datasets";

/** The engines that a reader may choose; `auto` takes a graphics card where there is one. */
export const ENGINES = ["auto", "webgpu", "wasm"] as const;
export type EngineChoice = (typeof ENGINES)[number];

/** What to do with a slice of another size: as in training, or by one of the policies. */
export type Fit = "training" | SizePolicy;

export interface OpenOptions {
  readonly engine: EngineChoice;
  /** The folder of TensorFlow.js's WebAssembly files. */
  readonly wasmPath: string;
  /** The run's configuration. */
  readonly config: unknown;
  readonly urls: {
    readonly model: string;
    readonly preprocessing: string;
    readonly prior: string | null;
    /** Grids of the test split, whose header names the classes. */
    readonly codes: string | null;
    /** The noise of training slices; null: samples are drawn without. */
    readonly grain: string | null;
    /** What is known of slices besides their classes; null: nothing. */
    readonly covariates: string | null;
    /** How often the training slices use each code. */
    readonly frequencies: string;
  };
}

/** A model that is ready. */
export interface OpenedModel {
  readonly engine: { readonly kind: "webgpu" | "wasm" | "cpu"; readonly description: string };
  /** Why a faster engine was passed over. */
  readonly passedOver: string | null;
  readonly size: readonly [height: number, width: number];
  /** What training did with slices of another size; null: it had none. */
  readonly sizePolicy: SizePolicy | null;
  readonly levels: readonly CodeLevel[];
  /** For each level a colour for each code, red, green and blue in one number; like codes have like colours. */
  readonly colours: readonly (readonly number[])[];
  readonly classes: readonly string[];
  /** How the names of the files end that can be opened. */
  readonly fileEndings: readonly string[];
  /** Whether there is a prior; if not, why. */
  readonly prior: true | string;
  /** Whether that prior can be asked for slices from a place of the scan. */
  readonly slicePosition: boolean;
  /** What else slices can be asked for by. */
  readonly covariates: readonly Covariate[];
  /** Whether samples can be guided: drawn more closely by what is asked for than slices are. */
  readonly guidable: boolean;
  /** How the run draws its samples, a number for each level. */
  readonly sampling: {
    readonly temperature: readonly number[];
    readonly topP: readonly number[];
    readonly guidance: number;
  };
}

/** What is in a file that was dropped on the page. */
export type ScanInfo =
  | {
      readonly kind: "slice";
      readonly name: string;
      readonly height: number;
      readonly width: number;
      readonly type: string;
    }
  | { readonly kind: "volume"; readonly name: string; readonly shape: readonly [number, number, number] };

/** Grids of codes, one a level, each [rows, columns]. */
export type Grids = readonly Int32Array[];

/** A slice, what the model makes of it, and how good that is. */
export interface Encoded {
  /** At the model's size, its own range mapped to [0, 1]. */
  readonly original: Float32Array;
  readonly decoded: Decoded;
  readonly codes: Grids;
  /** The file's size where it was fitted to the model's, else null. */
  readonly fitted: { readonly height: number; readonly width: number; readonly policy: SizePolicy } | null;
}

export interface Decoded {
  /** On the original's scale and clipped to [0, 1]; without an original, its own range mapped to [0, 1]. */
  readonly image: Float32Array;
  /** Against the original. */
  readonly ssim: number | null;
  /** Decibels. */
  readonly psnr: number | null;
  readonly milliseconds: number;
}

export interface SampleRequest {
  readonly seed: number;
  readonly count: number;
  readonly temperature: PerLevel;
  readonly topP: PerLevel;
  /** The number of the class; null: each in turn. */
  readonly label: number | null;
  /** Where in their scans the slices lie, from 0, the first, to 1, the last; null: anywhere. */
  readonly position: number | null;
  /** The covariates asked for; the others as some training slice has them, or unknown of a slice that is filled in. */
  readonly covariates: CovariateValues;
  /** 1: as conditions say. */
  readonly guidance: number;
  /** Codes that are kept: 1 in `known` where they are. */
  readonly given: { readonly codes: Grids; readonly known: readonly Uint8Array[] } | null;
}

/** A row of the samples' grids as it is drawn. */
export interface SampledRow {
  readonly level: number;
  readonly row: number;
  readonly first: number;
  /** [samples, columns] */
  readonly codes: Int32Array;
}

/** What the coarsest levels hold of the samples, as soon as all of these are drawn so far. */
export interface SampledPictures {
  /** The size that these levels give, smaller than the model's. */
  readonly size: readonly [height: number, width: number];
  /** One for each sample, [height, width] of that size, in the greys of the samples, or of the slice that is filled in. */
  readonly images: readonly Float32Array[];
}

/** What is told while samples are drawn. */
export type SampleEvent = { readonly row: SampledRow } | { readonly pictures: SampledPictures };

export interface Sampled {
  /** For each sample its grids. */
  readonly grids: readonly Grids[];
  /** One for each sample, [height, width], in the greys of {@link SampledPictures}. */
  readonly images: readonly Float32Array[];
  readonly labels: readonly number[];
  /** Of each what it was drawn by; nothing where the prior takes none. */
  readonly covariates: readonly CovariateValues[];
  readonly seconds: number;
}

/** A slice of a compressed file. */
export interface CompressedEntry {
  /** Its own in an archive, else its file's without the ending. */
  readonly name: string;
  /** Its share of the file. */
  readonly bytes: number;
  /** Of the original, where it was brought to the model's size. */
  readonly originalSize: readonly [height: number, width: number] | null;
  /** Whether it has a place in space, by which the command line restores a NIfTI file. */
  readonly placed: boolean;
}

/** What is told while a compressed file is restored. */
export type RestoreEvent =
  /** What the file holds, of which nothing is decoded yet. */
  | { readonly slices: readonly CompressedEntry[] }
  /** Codes that the prior has read, and has to read. */
  | { readonly codes: { readonly done: number; readonly all: number } }
  /** The next slice as a grey PNG, in the order of what was found. */
  | { readonly picture: Blob };

/** What the worker does, by name: its argument, its answer, and what it tells meanwhile. */
export interface Calls {
  open: { argument: OpenOptions; answer: OpenedModel };
  /** Reads a file, which is then the scan whose slices `slice` takes. */
  scan: { argument: { readonly file: Blob; readonly name: string }; answer: ScanInfo };
  slice: {
    argument: { readonly plane: 0 | 1 | 2; readonly index: number; readonly fit: Fit };
    answer: Encoded;
  };
  /** Decodes grids beside the slice that was encoded last. */
  decode: { argument: { readonly codes: Grids }; answer: Decoded };
  /** Decodes grids by themselves. */
  images: { argument: { readonly grids: readonly Grids[] }; answer: readonly Float32Array[] };
  /** Bits of each code given those before it. */
  likelihood: {
    argument: { readonly codes: Grids; readonly label: number };
    answer: readonly Float32Array[];
  };
  /**
   * What each code of a level looks like among its own, in the picture of its grid and the coarser ones: square patches
   * of that side, in [0, 1]. The other levels of that picture hold one code each, the one nearest the mean of its level's.
   */
  patches: {
    argument: { readonly level: number };
    answer: { readonly side: number; readonly patches: readonly Float32Array[] };
  };
  /** Grids of a file of the run. */
  grids: {
    argument: { readonly url: string; readonly indices: readonly number[] };
    answer: readonly Grids[];
  };
  sample: { argument: SampleRequest; answer: Sampled; event: SampleEvent };
  /** Restores the slices of a file that was compressed with the run; answers with the seconds that it took. */
  restore: {
    argument: { readonly file: Blob; readonly name: string };
    answer: { readonly seconds: number };
    event: RestoreEvent;
  };
}

/** What is told while the worker does something; nothing of most. */
export type EventOf<Name extends CallName> = Calls[Name] extends { readonly event: infer Event }
  ? Event
  : never;

export type CallName = keyof Calls;

/** To the worker. */
export type ToWorker =
  | { readonly call: number; readonly name: CallName; readonly argument: unknown }
  | { readonly cancel: number };

/** From the worker. */
export type FromWorker =
  | { readonly call: number; readonly answer: unknown }
  | { readonly call: number; readonly event: EventOf<CallName> }
  | {
      readonly call: number;
      readonly error: string;
      readonly remedy: string | null;
      readonly cancelled: boolean;
    };
