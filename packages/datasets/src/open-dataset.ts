import { SlicebookError } from "@slicebook/base";
import { decodeAll, type Progress } from "./decode-all.ts";
import { type ListDatasetOptions, type ListedDataset, listDataset } from "./list-dataset.ts";
import {
  applySliceMap,
  fitPreprocessing,
  type Preprocessing,
  pooledMoments,
  restoreSlice,
  type SliceMap,
  sliceMap,
} from "./preprocess.ts";
import type { DatasetInput } from "./schema.ts";
import type { StoredSlice } from "./stored-slice.ts";
import { type Size, type SliceRecord, SPLITS, type Split } from "./types.ts";

/** The slices of one split, in numeric order. */
export interface SliceSet {
  readonly records: readonly SliceRecord[];
  /** How many different subjects they are of. */
  readonly subjects: number;
  /** Preprocessed slices, `[count, height, width]` row-major. */
  images(indices: ArrayLike<number>): Float32Array;
  /** The same slices in their original units, at the data set's size. */
  originals(indices: ArrayLike<number>): Float32Array;
  /**
   * Maps values in preprocessed units, such as a reconstruction of slice `index`, to that slice's original
   * units.
   */
  toOriginal(index: number, values: Float32Array): Float32Array;
}

/** A slice that was left out. */
export interface SkippedSlice {
  readonly path: string;
  readonly split: Split;
  readonly reason: string;
}

/** A data set whose slices are decoded, sized, and ready to be preprocessed. */
export interface Dataset {
  /** The adapter's name. */
  readonly name: string;
  readonly size: Size;
  /** The labels in the order of their class numbers; empty where slices have none. */
  readonly classes: readonly string[];
  readonly splits: Readonly<Record<Split, SliceSet>>;
  /** Changes when a file or an option that decides a value does; see `fingerprintDataset`. */
  readonly fingerprint: string;
  /** What the preprocessing learnt from the training slices; give it to another folder's `openDataset`. */
  readonly preprocessing: Preprocessing;
  /**
   * Over all pixels of the preprocessed training slices (of all opened slices, if training was not opened).
   */
  readonly statistics: { readonly mean: number; readonly variance: number };
  readonly skipped: readonly SkippedSlice[];
  /** Files beside the slices whose names do not fit the layout. */
  readonly ignored: readonly string[];
}

/** What {@link openDataset} takes besides the configuration. */
export interface OpenDatasetOptions extends ListDatasetOptions {
  /** The splits that are needed; each must have slices. The others stay empty. All three unless given. */
  readonly splits?: readonly Split[];
  /** What a preprocessing learnt elsewhere, so that another folder is evaluated in the units of training. */
  readonly preprocessing?: Preprocessing;
  /** Decoding threads; 0 decodes in this one. As many as there are processors unless given. */
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Lists, checks and decodes a data set; slices are held in memory in the smallest type that holds their
 * values.
 *
 * Throws `SlicebookError`s: `CONFIG_INVALID`, `DATASET_ROOT`, `DATASET_EMPTY` (no folder, or a split without
 * slices), `DATASET_AMBIGUOUS`, `DATASET_OVERLAP`, `SLICE_UNREADABLE`, `SLICE_SIZE`, `ADAPTER_UNKNOWN`,
 * `ADAPTER_INVALID`.
 */
export async function openDataset(config: DatasetInput, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { splits: wanted = SPLITS, workers, onProgress, signal } = options;
  const listed = await listDataset(config, options);
  for (const split of wanted) {
    if (!listed.records.some((record) => record.split === split)) throw noSlices(listed, split);
  }
  const records = listed.records.filter((record) => wanted.includes(record.split));
  const skipped: SkippedSlice[] = [];
  const { onUnreadable, sizePolicy, preprocessing: name } = listed.config;
  const decoded = await decodeAll(listed.loaded, records, {
    decode: { ...listed.context, sizePolicy, keepValues: true },
    onError: (record, error) => {
      if (onUnreadable === "error" || error.code !== "SLICE_UNREADABLE") throw error;
      skipped.push({ path: record.path, split: record.split, reason: error.message });
    },
    workers,
    onProgress,
    signal,
  });
  const slices = records.flatMap((record, index) => {
    const slice = decoded[index];
    return slice !== undefined && "values" in slice ? [{ record, values: slice.values }] : [];
  });
  for (const split of wanted) {
    if (!slices.some(({ record }) => record.split === split)) throw noneReadable(split, skipped);
  }
  const training = wanted.includes("train")
    ? slices.filter(({ record }) => record.split === "train")
    : slices;
  const preprocessing =
    options.preprocessing ?? fitPreprocessing(name, () => training.map(({ values }) => values));
  const [height, width] = listed.context.size;
  const mapped = slices.map(
    (slice): MappedSlice => ({ ...slice, map: sliceMap(preprocessing, slice.values) }),
  );
  const set = (split: Split) =>
    sliceSet(
      mapped.filter(({ record }) => record.split === split),
      preprocessing,
      height * width,
    );
  const splits = { train: set("train"), validate: set("validate"), test: set("test") };
  return {
    name: listed.loaded.adapter.name,
    size: listed.context.size,
    classes: listed.classes,
    splits,
    fingerprint: await listed.fingerprint(),
    preprocessing,
    statistics: statisticsOf(wanted.includes("train") ? [splits.train] : Object.values(splits)),
    skipped,
    ignored: listed.ignored,
  };
}

interface MappedSlice {
  readonly record: SliceRecord;
  readonly values: StoredSlice;
  readonly map: SliceMap;
}

function sliceSet(slices: readonly MappedSlice[], preprocessing: Preprocessing, pixels: number): SliceSet {
  const records = slices.map(({ record }) => record);
  const at = (index: number) => {
    const slice = slices[index];
    if (slice === undefined) throw new RangeError(`there is no slice ${index} among ${slices.length}`);
    return slice;
  };
  const gathered = (indices: ArrayLike<number>, put: (slice: MappedSlice, out: Float32Array) => void) => {
    const out = new Float32Array(indices.length * pixels);
    for (let place = 0; place < indices.length; place++) {
      put(at(indices[place]!), out.subarray(place * pixels, (place + 1) * pixels));
    }
    return out;
  };
  return {
    records,
    subjects: new Set(records.map(({ subject }) => subject)).size,
    images: (indices) =>
      gathered(indices, ({ map, values }, out) => applySliceMap(preprocessing, map, values, out)),
    originals: (indices) => gathered(indices, ({ values }, out) => out.set(values)),
    toOriginal: (index, values) => restoreSlice(preprocessing, at(index).map, values),
  };
}

function statisticsOf(sets: readonly SliceSet[]): { mean: number; variance: number } {
  function* images() {
    for (const set of sets) for (const index of set.records.keys()) yield set.images([index]);
  }
  const { mean, deviation } = pooledMoments(images());
  return { mean, variance: deviation ** 2 };
}

function noSlices({ config, loaded, places }: ListedDataset, split: Split): SlicebookError {
  const where = config.root === undefined ? "" : ` in ${config.root}`;
  return new SlicebookError(
    "DATASET_EMPTY",
    `the ${split} split of the data set "${loaded.adapter.name}" has no slices${where}: ` +
      `looked for ${places[split]}`,
    { remedy: "Check that the archive was unpacked whole and that dataset.root is its folder." },
  );
}

function noneReadable(split: Split, skipped: readonly SkippedSlice[]): SlicebookError {
  const reasons = skipped.filter((slice) => slice.split === split).map(({ reason }) => reason);
  return new SlicebookError(
    "DATASET_EMPTY",
    `none of the ${reasons.length} ${split} slices can be read: ${reasons[0]}`,
    {
      remedy: "Check that the archive was unpacked whole.",
    },
  );
}
