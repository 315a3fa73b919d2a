import type { SliceRecord } from "./types.ts";

/**
 * Where each slice lies among its subject's, by number: 0 for the first, 1 for the last; undefined where all of a
 * subject's slices have one number.
 */
export function slicePositions(
  records: readonly Pick<SliceRecord, "subject" | "slice">[],
): (number | undefined)[] {
  const bounds = new Map<string, { low: number; high: number }>();
  for (const { subject, slice } of records) {
    const { low, high } = bounds.get(subject) ?? { low: slice, high: slice };
    bounds.set(subject, { low: Math.min(low, slice), high: Math.max(high, slice) });
  }
  return records.map(({ subject, slice }) => {
    const { low, high } = bounds.get(subject)!;
    return low === high ? undefined : (slice - low) / (high - low);
  });
}
