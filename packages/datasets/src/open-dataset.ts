import { SlicebookError } from "@slicebook/base";
import { learnPreprocessing } from "./learn-preprocessing.ts";
import {
  type KnownCovariates,
  type ListDatasetOptions,
  type ListedDataset,
  listDataset,
} from "./list-dataset.ts";
import { mapValues } from "./map-values.ts";
import {
  type PreparedSplit,
  type PrepareOptions,
  prepareSplits,
  type SkippedSlice,
} from "./prepare-splits.ts";
import { applySliceMap, type Preprocessing, restoreSlice, sliceMapOf } from "./preprocess.ts";
import { readMask } from "./read-mask.ts";
import type { DatasetInput } from "./schema.ts";
import type { VisitSlice } from "./store/slice-store.ts";
import { type MaskLabel, type Size, type SliceRecord, SPLITS, type Split } from "./types.ts";

/** The slices of one split, in numeric order. */
export interface SliceSet {
  readonly records: readonly SliceRecord[];
  /** How many different subjects they are of. */
  readonly subjects: number;
  /**
   * Preprocessed slices, `[count, height, width]` row-major; in the first part of `into` where it is given, which over
   * many batches spares the system from handing out fresh memory for each.
   */
  images(indices: ArrayLike<number>, into?: Float32Array): Float32Array;
  /** The same as `images`, read off this thread: for a batch that is wanted later. See also {@link batches}. */
  load(indices: ArrayLike<number>): Promise<Float32Array>;
  /** The same slices in their original units, at the data set's size. */
  originals(indices: ArrayLike<number>, into?: Float32Array): Float32Array;
  /**
   * Maps values in preprocessed units, such as a reconstruction of slice `index`, to that slice's original
   * units.
   */
  toOriginal(index: number, values: Float32Array): Float32Array;
  /**
   * The labels of a slice's segmentation mask, `[height, width]` row-major, brought to the data set's size as the
   * slice was (resized by nearest neighbour, padded with 0); null where there is no mask.
   *
   * Read from its file each time. Throws `SLICE_UNREADABLE`, naming the mask.
   */
  mask(index: number): Promise<Uint16Array | null>;
}

/** A data set whose slices are decoded, sized, and ready to be preprocessed. */
export interface Dataset {
  /** The adapter's name. */
  readonly name: string;
  readonly size: Size;
  /** The labels in the order of their class numbers; empty where slices have none. */
  readonly classes: readonly string[];
  /** What the labels of `SliceSet.mask` mean, the background among them; empty where the adapter does not say. */
  readonly maskLabels: readonly MaskLabel[];
  readonly splits: Readonly<Record<Split, SliceSet>>;
  /** Changes when a file or an option that decides a value does; see `fingerprintDataset`. */
  fingerprint(): Promise<string>;
  /** The same of the masks; undefined where no slice has one. */
  maskFingerprint(): Promise<string | undefined>;
  /** What is known of slices besides their class; see `listDataset`. */
  covariates(): KnownCovariates | undefined;
  /** What the preprocessing learned from the training slices; give it to another folder's `openDataset`. */
  readonly preprocessing: Preprocessing;
  /**
   * Over all pixels of the preprocessed training slices (of all opened slices, if training was not opened).
   */
  readonly statistics: { readonly mean: number; readonly variance: number };
  readonly skipped: readonly SkippedSlice[];
  /** How many slices were decoded to open it: none where all had been prepared by an earlier run. */
  readonly decoded: number;
  /** What the values of all opened slices take: in the cache's files, or in memory where there is no cache. */
  readonly bytes: number;
  /** Files beside the slices whose names do not fit the layout. */
  readonly ignored: readonly string[];
}

/** What {@link openDataset} takes besides the configuration. */
export interface OpenDatasetOptions extends ListDatasetOptions, PrepareOptions {
  /** The splits that are needed; each must have slices. The others stay empty. All three unless given. */
  readonly splits?: readonly Split[];
  /** What a preprocessing learned elsewhere, so that another folder is evaluated in the units of training. */
  readonly preprocessing?: Preprocessing;
}

/**
 * Lists, checks and decodes a data set.
 *
 * Slices are decoded once, on all cores, and kept in the cache folder, from which batches are read; with
 * `cache: false`, and where slices come from no files, they are held in memory. Either way each is stored in the
 * smallest type that holds its values.
 *
 * Throws `SlicebookError`s: `CONFIG_INVALID`, `DATASET_ROOT`, `DATASET_EMPTY` (no folder, or a split without
 * slices), `DATASET_AMBIGUOUS`, `DATASET_OVERLAP`, `SLICE_UNREADABLE`, `SLICE_SIZE`, `ADAPTER_UNKNOWN`,
 * `ADAPTER_INVALID`, `CACHE_WRITE`.
 */
export async function openDataset(config: DatasetInput, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { splits: wanted = SPLITS } = options;
  const listed = await listDataset(config, options);
  for (const split of wanted) {
    if (!listed.records.some((record) => record.split === split)) throw noSlices(listed, split);
  }
  const { parts, decoded } = await prepareSplits(listed, wanted, options);
  const skipped = parts.flatMap((part) => part.skipped);
  for (const { split, records } of parts) if (records.length === 0) throw noneReadable(split, skipped);
  const learning = wanted.includes("train") ? parts.filter(({ split }) => split === "train") : parts;
  const [height, width] = listed.context.size;
  const { preprocessing, statistics } = await learnPreprocessing(
    options.preprocessing ?? listed.config.preprocessing,
    learning,
    height * width,
  );
  const { adapter } = listed.loaded;
  const shared = {
    preprocessing,
    pixels: height * width,
    readMask: (record: SliceRecord) =>
      readMask(adapter, record, { ...listed.context, sizePolicy: listed.config.sizePolicy }),
  };
  const set = (split: Split) =>
    sliceSet(
      parts.find((part) => part.split === split),
      shared,
    );
  const splits = { train: set("train"), validate: set("validate"), test: set("test") };
  return {
    name: adapter.name,
    size: listed.context.size,
    classes: listed.classes,
    maskLabels: adapter.maskLabels?.(listed.context.options) ?? [],
    splits,
    fingerprint: listed.fingerprint,
    maskFingerprint: listed.maskFingerprint,
    covariates: listed.covariates,
    preprocessing,
    statistics,
    skipped,
    decoded,
    bytes: parts.reduce((sum, { store }) => sum + store.bytes, 0),
    ignored: listed.ignored,
  };
}

const NOTHING: Pick<PreparedSplit, "records" | "store"> = {
  records: [],
  store: { bytes: 0, statistics: [], visit: () => {}, visitAsync: async () => {} },
};

const UNCHANGED = { offset: 0, scale: 1 };

interface SharedBySets {
  readonly preprocessing: Preprocessing;
  readonly pixels: number;
  readonly readMask: (record: SliceRecord) => Promise<Uint16Array | null>;
}

function sliceSet(
  { records, store }: Pick<PreparedSplit, "records" | "store"> = NOTHING,
  { preprocessing, pixels, readMask }: SharedBySets,
): SliceSet {
  const maps = store.statistics.map((statistics) => sliceMapOf(preprocessing, statistics, pixels));
  const check = (indices: ArrayLike<number>, into?: Float32Array) => {
    for (let position = 0; position < indices.length; position++) {
      const index = indices[position]!;
      if (maps[index] === undefined) throw new RangeError(`there is no slice ${index} among ${maps.length}`);
    }
    const length = indices.length * pixels;
    if (into === undefined) return new Float32Array(length);
    if (into.length < length) throw new RangeError(`${length} values do not fit into ${into.length}`);
    return into.subarray(0, length);
  };
  const partOf = (out: Float32Array, position: number) =>
    out.subarray(position * pixels, (position + 1) * pixels);
  const preprocessTo =
    (out: Float32Array, indices: ArrayLike<number>): VisitSlice =>
    (values, position) =>
      applySliceMap(preprocessing, maps[indices[position]!]!, values, partOf(out, position));
  return {
    records,
    subjects: new Set(records.map(({ subject }) => subject)).size,
    images(indices, into) {
      const out = check(indices, into);
      store.visit(indices, preprocessTo(out, indices));
      return out;
    },
    async load(indices) {
      const out = check(indices);
      await store.visitAsync(indices, preprocessTo(out, indices));
      return out;
    },
    originals(indices, into) {
      const out = check(indices, into);
      store.visit(indices, (values, position) => mapValues(values, UNCHANGED, partOf(out, position)));
      return out;
    },
    toOriginal(index, values) {
      check([index]);
      return restoreSlice(preprocessing, maps[index]!, values);
    },
    async mask(index) {
      check([index]);
      return readMask(records[index]!);
    },
  };
}

/**
 * Preprocessed slices in the given order, `size` at a time (the last ones may be fewer); while one batch is
 * used, the next one is read off this thread.
 */
export async function* batches(
  set: SliceSet,
  order: ArrayLike<number>,
  size: number,
): AsyncGenerator<Float32Array, void, undefined> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`a batch cannot hold ${size} slices`);
  const indices = Array.from(order);
  let next = set.load(indices.slice(0, size));
  for (let start = 0; start < indices.length; start += size) {
    const current = await next;
    next = set.load(indices.slice(start + size, start + 2 * size));
    // Whoever stops early never awaits it; whoever continues gets the error then.
    next.catch(() => {});
    yield current;
  }
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
