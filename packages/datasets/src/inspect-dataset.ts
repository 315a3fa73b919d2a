import { decodeAll, type Progress } from "./decoding/decode-all.ts";
import type { SliceInfo } from "./decoding/decode-slice.ts";
import { type DuplicateGroup, findDuplicates, findOutliers, type Outlier } from "./find-oddities.ts";
import { type ListDatasetOptions, listDataset, overlapOf } from "./list-dataset.ts";
import type { SkippedSlice } from "./prepare-splits.ts";
import type { DatasetInput } from "./schema.ts";
import type { Size, SliceRecord, Split } from "./types.ts";

/** What {@link inspectDataset} takes besides the configuration. */
export interface InspectDatasetOptions extends ListDatasetOptions {
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What is in one split. */
export interface SplitSummary {
  readonly slices: number;
  readonly subjects: number;
  /** How many of the slices have a segmentation mask. */
  readonly masks: number;
  /** How many of the slices can be read. */
  readonly readable: number;
  /** How many slices of each size there are: `{ "256x128": 239, "256x144": 32 }`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** How many slices of each pixel type there are. */
  readonly types: Readonly<Record<string, number>>;
  /** How many slices and subjects each class has. */
  readonly classes: Readonly<Record<string, { readonly slices: number; readonly subjects: number }>>;
  /** The smallest and largest value of all; absent when no slice can be read. */
  readonly range?: readonly [low: number, high: number];
}

/** What is in a data set: plain values, to be printed or written as JSON. */
export interface DatasetSummary {
  readonly adapter: string;
  readonly root: string | undefined;
  /** The size to which slices would be brought. */
  readonly size: Size;
  readonly classes: readonly string[];
  readonly splits: Readonly<Record<Split, SplitSummary>>;
  /** Slices that cannot be read, and why. */
  readonly unreadable: readonly SkippedSlice[];
  /** Files beside the slices whose names do not fit the layout. */
  readonly ignored: readonly string[];
  /** Subjects in more than one split. */
  readonly overlap: readonly { readonly subject: string; readonly splits: readonly Split[] }[];
  /** Slices with the same size and values, within a split or across splits. */
  readonly duplicates: readonly DuplicateGroup[];
  /** Slices of one value, of an unusual size, or whose values spread unusually. */
  readonly outliers: readonly Outlier[];
  readonly fingerprint: string;
}

/**
 * Reads every slice and says what there is; slices of any size are welcome, and unreadable ones are listed.
 *
 * Throws the errors of `openDataset` about the configuration and the folders, none about slices or overlap.
 */
export async function inspectDataset(
  config: DatasetInput,
  { workers, onProgress, signal, ...options }: InspectDatasetOptions = {},
): Promise<DatasetSummary> {
  const lenient = { ...config, splits: { ...config.splits, allowOverlap: true } };
  const listed = await listDataset(lenient, options);
  const unreadable: SkippedSlice[] = [];
  const infos = new Map<number, SliceInfo>();
  await decodeAll(listed.loaded, listed.records, {
    decode: { ...listed.context, sizePolicy: undefined, want: "info" },
    onSlice: (index, slice) => {
      if ("info" in slice) infos.set(index, slice.info);
    },
    onError: (index, error) => {
      if (error.code === "OUT_OF_MEMORY") throw error;
      const { path, split } = listed.records[index]!;
      unreadable.push({ path, split, reason: error.message });
    },
    workers,
    onProgress,
    signal,
  });
  const slices = listed.records.map((record, index) => ({ record, info: infos.get(index) }));
  const readable = slices.flatMap(({ record, info }) => (info === undefined ? [] : [{ record, info }]));
  const summarise = (split: Split) => splitSummary(slices.filter(({ record }) => record.split === split));
  return {
    adapter: listed.loaded.adapter.name,
    root: listed.config.root,
    size: listed.context.size,
    classes: listed.classes,
    splits: { train: summarise("train"), validate: summarise("validate"), test: summarise("test") },
    unreadable,
    ignored: listed.ignored,
    overlap: overlapOf(listed.records),
    duplicates: findDuplicates(readable),
    outliers: findOutliers(readable),
    fingerprint: await listed.fingerprint(),
  };
}

function splitSummary(slices: readonly { record: SliceRecord; info: SliceInfo | undefined }[]): SplitSummary {
  const infos = slices.flatMap(({ info }) => info ?? []);
  const classes: Record<string, { slices: number; subjects: number }> = {};
  for (const label of new Set(slices.flatMap(({ record }) => record.label ?? []))) {
    const labelled = slices.filter(({ record }) => record.label === label);
    classes[label] = { slices: labelled.length, subjects: subjectsOf(labelled) };
  }
  return {
    slices: slices.length,
    subjects: subjectsOf(slices),
    masks: slices.filter(({ record }) => record.mask !== undefined).length,
    readable: infos.length,
    sizes: histogram(infos.map(({ height, width }) => `${height}x${width}`)),
    types: histogram(infos.map(({ type }) => type)),
    classes,
    ...(infos.length > 0 && {
      range: [
        infos.reduce((low, info) => Math.min(low, info.low), Infinity),
        infos.reduce((high, info) => Math.max(high, info.high), -Infinity),
      ] as const,
    }),
  };
}

function subjectsOf(slices: readonly { record: SliceRecord }[]): number {
  return new Set(slices.map(({ record }) => record.subject)).size;
}

function histogram(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
