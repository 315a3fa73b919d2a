import { decodeAll } from "./decoding/decode-all.ts";
import { type ListDatasetOptions, listDataset } from "./list-dataset.ts";
import type { PrepareOptions, SkippedSlice } from "./prepare-splits.ts";
import type { DatasetInput } from "./schema.ts";
import type { StoredSlice } from "./store/stored-slice.ts";
import type { SliceRecord } from "./types.ts";

/** What {@link readSlices} takes besides the configuration. */
export interface ReadSlicesOptions extends ListDatasetOptions, PrepareOptions {
  /**
   * Takes each slice as it is decoded, one at a time but in any order; decoding waits for it. Values are in their
   * original units, `[height, width]` row-major, at the data set's size, in the smallest type that holds them.
   */
  readonly onSlice: (record: SliceRecord, values: StoredSlice) => void | Promise<void>;
}

/**
 * Decodes every slice of a data set once, on all cores, and keeps none, neither in memory nor in the cache; returns
 * the slices that were left out.
 *
 * Throws the errors of `openDataset`.
 */
export async function readSlices(
  config: DatasetInput,
  { onSlice, workers, onProgress, signal, ...options }: ReadSlicesOptions,
): Promise<readonly SkippedSlice[]> {
  const { loaded, context, records, config: checked } = await listDataset(config, options);
  const skipped: SkippedSlice[] = [];
  await decodeAll(loaded, records, {
    decode: { ...context, sizePolicy: checked.sizePolicy, want: "values" },
    onSlice: (index, slice) => {
      if ("values" in slice) return onSlice(records[index]!, slice.values);
    },
    onError: (index, error) => {
      if (checked.onUnreadable === "error" || error.code !== "SLICE_UNREADABLE") throw error;
      const { path, split } = records[index]!;
      skipped.push({ path, split, reason: error.message });
    },
    workers,
    onProgress,
    signal,
  });
  return skipped;
}
