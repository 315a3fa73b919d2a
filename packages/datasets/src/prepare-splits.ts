import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isSlicebookError, type SlicebookError } from "@slicebook/base";
import { decodeAll, type Progress } from "./decoding/decode-all.ts";
import { type ListedDataset, relativeTo } from "./list-dataset.ts";
import { createPrepared, openPrepared, userCacheFolder } from "./store/prepared-cache.ts";
import { memorySink, type SkippedIndex, type SliceSink, type SliceStore } from "./store/slice-store.ts";
import type { SliceRecord, Split } from "./types.ts";

/** Part of every key: raised when the same files and options come to other values, or are stored otherwise. */
const VERSION = 3;

/** How {@link prepareSplits} goes about it. */
export interface PrepareOptions {
  /** Threads that decode, this one among them. As many as there are processors unless given. */
  readonly workers?: number;
  /** Not called when everything was prepared before. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** A slice that was left out. */
export interface SkippedSlice {
  readonly path: string;
  readonly split: Split;
  readonly reason: string;
}

/** The decoded slices of a split. */
export interface PreparedSplit {
  readonly split: Split;
  /** The records whose slices can be read, one for each slice of the store. */
  readonly records: readonly SliceRecord[];
  readonly store: SliceStore;
  readonly skipped: readonly SkippedSlice[];
  /** Where the slices are kept for later runs; absent if they are held in memory. */
  readonly place: CachePlace | undefined;
}

/** A key in a cache folder. */
export interface CachePlace {
  readonly folder: string;
  readonly key: string;
}

interface SplitRecords {
  readonly split: Split;
  readonly records: readonly SliceRecord[];
  readonly place: CachePlace | undefined;
}

/** Opens the slices that were prepared before, and decodes the others. */
export async function prepareSplits(
  listed: ListedDataset,
  wanted: readonly Split[],
  options: PrepareOptions,
): Promise<{ parts: PreparedSplit[]; decoded: number }> {
  const { sizePolicy, onUnreadable } = listed.config;
  const [height, width] = listed.context.size;
  const pixels = height * width;
  const places = await cachePlaces(listed, wanted);
  const parts: PreparedSplit[] = [];
  const missing: SplitRecords[] = [];
  for (const split of wanted) {
    const records = listed.records.filter((record) => record.split === split);
    const part = { split, records, place: places.get(split) };
    const before = part.place && (await openPrepared(part.place.folder, part.place.key, pixels));
    const usable = before !== undefined && (onUnreadable === "skip" || before.skipped.length === 0);
    if (usable) parts.push(prepared(part, before.store, before.skipped));
    else missing.push(part);
  }
  const work: { part: number; index: number }[] = [];
  for (const [part, { records }] of missing.entries()) {
    for (const index of records.keys()) work.push({ part, index });
  }
  const sinks: SliceSink[] = [];
  const skipped = missing.map((): SkippedIndex[] => []);
  const onError = (at: number, error: SlicebookError) => {
    if (onUnreadable === "error" || error.code !== "SLICE_UNREADABLE") throw error;
    const { part, index } = work[at]!;
    skipped[part]!.push({ index, reason: error.message });
  };
  try {
    for (const part of missing) sinks.push(await sinkFor(listed, part, pixels));
    const records = work.map(({ part, index }) => missing[part]!.records[index]!);
    await decodeAll(listed.loaded, records, {
      decode: { ...listed.context, sizePolicy, want: "values and statistics" },
      onSlice: (at, slice) => {
        const { part, index } = work[at]!;
        if ("statistics" in slice) return sinks[part]!.add(index, slice.values, slice.statistics);
      },
      onError,
      workers: options.workers,
      onProgress: options.onProgress,
      signal: options.signal,
    });
    for (const [part, sink] of sinks.entries()) {
      const left = skipped[part]!;
      parts.push(prepared(missing[part]!, await sink.finish(left), left));
    }
  } catch (error) {
    for (const sink of sinks) await sink.discard();
    throw error;
  }
  parts.sort((left, right) => wanted.indexOf(left.split) - wanted.indexOf(right.split));
  return { parts, decoded: work.length };
}

function prepared(
  { split, records, place }: SplitRecords,
  store: SliceStore,
  skipped: readonly SkippedIndex[],
): PreparedSplit {
  const left = new Set(skipped.map(({ index }) => index));
  return {
    split,
    records: records.filter((_, index) => !left.has(index)),
    store,
    skipped: skipped.map(({ index, reason }) => ({ path: records[index]!.path, split, reason })),
    place,
  };
}

/** In the user's own cache folder only if it can be written to; one that was asked for must be. */
async function sinkFor(
  { config }: ListedDataset,
  { place }: SplitRecords,
  pixels: number,
): Promise<SliceSink> {
  if (place === undefined) return memorySink();
  try {
    return await createPrepared(place.folder, place.key, pixels);
  } catch (error) {
    if (config.cache !== undefined || !isSlicebookError(error)) throw error;
    return memorySink();
  }
}

/**
 * Where each split's prepared slices are, by a key of everything that decides their values but the
 * preprocessing. Splits with slices from no file have none, nor have those of an adapter that is not a module:
 * nothing would tell that what it draws has changed.
 */
async function cachePlaces(
  { config, loaded, context, records, marks }: ListedDataset,
  wanted: readonly Split[],
): Promise<Map<Split, CachePlace>> {
  const places = new Map<Split, CachePlace>();
  const adapter = await adapterMark(loaded.specifier);
  if (config.cache === false || adapter === undefined) return places;
  const folder = join(config.cache ?? userCacheFolder(), "prepared");
  const known = await marks();
  for (const split of wanted) {
    const files = records.flatMap((record, index) => {
      const { path, mask, ...rest } = record;
      return record.split === split
        ? [{ ...rest, path: relativeTo(config.root ?? "", path), mark: known[index] }]
        : [];
    });
    if (files.some(({ mark }) => mark === undefined)) continue;
    const { options, seed, size } = context;
    const { sizePolicy = null } = config;
    const deciding = [VERSION, endianness(), adapter, options, seed, size, sizePolicy, files];
    const key = createHash("sha256").update(JSON.stringify(deciding)).digest("hex");
    places.set(split, { folder, key });
  }
  return places;
}

/** A built-in adapter's name, or a module's file with its size and time; of others nothing is known. */
async function adapterMark(specifier: string | undefined): Promise<string | undefined> {
  if (specifier === undefined || !specifier.startsWith("file:")) return specifier;
  const { size, mtimeMs } = await stat(fileURLToPath(specifier));
  return `${specifier} ${size}@${mtimeMs}`;
}
