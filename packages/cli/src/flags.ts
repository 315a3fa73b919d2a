import type { InitialPreset } from "@slicebook/config";

/** Options that every command which works takes. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Options of `init`. */
export interface InitFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly preset: InitialPreset;
}

/** Options of `run` and `train`. */
export interface RunFlags {
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  /** Training slices to overfit. */
  readonly overfit?: number;
}

/** Options of the stages of a run folder. */
export interface StageFlags {
  readonly resume?: boolean;
  /** What becomes of subjects that the run does not know. */
  readonly newSubjects?: "test";
}

/** Short names of `sample.*` overrides, as typed. */
export interface SampleFlags {
  readonly count?: string;
  readonly seed?: string;
  readonly class?: string;
  readonly position?: string;
  /** `NAME=VALUE` each. */
  readonly with?: readonly string[];
  readonly guidance?: string;
  readonly temperature?: string;
  readonly topK?: string;
  readonly topP?: string;
}

/** What `sample` takes besides, to complete a slice rather than to draw new ones. */
export interface CompletionFlags {
  readonly complete?: string | undefined;
  readonly keep?: string | undefined;
  readonly candidates?: number | undefined;
  readonly out?: string | undefined;
}

/** Options of `compress` and `decompress`. */
export interface CompressFlags {
  /** A run's folder. */
  readonly model: string;
  readonly out?: string;
  readonly force?: boolean;
}

export interface PackFlags extends CompressFlags {
  readonly coding?: "prior" | "tables";
  readonly archive?: string;
  readonly lambda?: number;
}

export interface UnpackFlags extends CompressFlags {
  readonly only?: string[];
  readonly list?: boolean;
}

export interface ExportFlags {
  /** Where the model goes. */
  readonly out?: string;
  readonly half?: boolean;
  /** Where the viewer's static files go, instead of the model's. */
  readonly site?: string;
}

export interface InspectFlags {
  readonly adapter?: string;
  readonly out?: string;
}

export interface PhantomFlags {
  readonly layout: "hipmri" | "oasis" | "adni";
  readonly out: string;
  readonly subjects?: { readonly train: number; readonly validate: number; readonly test: number };
  readonly slices?: number;
  readonly size?: readonly [number, number];
  readonly covariates?: boolean;
  readonly seed: number;
}

export interface ViewFlags {
  readonly host: string;
  readonly port?: number;
  readonly open: boolean;
}
