import type { SliceStatistics } from "./slice-statistics.ts";
import type { StoredSlice } from "./stored-slice.ts";

/** Is handed a slice's original values, which it must not keep, and its position among those asked for. */
export type VisitSlice = (values: StoredSlice, position: number) => void;

/** Decoded slices of one size, in memory or in a file. */
export interface SliceStore {
  /** What all values take, in memory or in the file. */
  readonly bytes: number;
  /** What is known of each slice, in order. */
  readonly statistics: readonly SliceStatistics[];
  /** Hands over slices, in any order. */
  visit(indices: ArrayLike<number>, use: VisitSlice): void;
  /** The same, reading off this thread. */
  visitAsync(indices: ArrayLike<number>, use: VisitSlice): Promise<void>;
}

/** Where slices are put as they are decoded, in any order, one at a time. */
export interface SliceSink {
  add(index: number, values: StoredSlice, statistics: SliceStatistics): void | Promise<void>;
  /** Ends it: the store's slices are in the order of their indices, without the ones that were never added. */
  finish(skipped: readonly SkippedIndex[]): SliceStore | Promise<SliceStore>;
  discard(): Promise<void>;
}

/** A slice that was left out. */
export interface SkippedIndex {
  readonly index: number;
  readonly reason: string;
}

/** Holds slices in memory. */
export function memorySink(): SliceSink {
  const slices: { values: StoredSlice; statistics: SliceStatistics }[] = [];
  return {
    add(index, values, statistics) {
      slices[index] = { values, statistics };
    },
    finish() {
      const kept = slices.flat(); // closes the gaps
      const visit: SliceStore["visit"] = (indices, use) => {
        for (let position = 0; position < indices.length; position++)
          use(kept[indices[position]!]!.values, position);
      };
      return {
        bytes: kept.reduce((sum, { values }) => sum + values.byteLength, 0),
        statistics: kept.map(({ statistics }) => statistics),
        visit,
        visitAsync: async (indices, use) => visit(indices, use),
      };
    },
    discard: async () => {},
  };
}
