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
