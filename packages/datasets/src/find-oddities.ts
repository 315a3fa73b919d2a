import { MANY_VALUES, type SliceInfo } from "./decoding/decode-slice.ts";
import type { SliceRecord, Split } from "./types.ts";

/** A readable slice and what is known of it. */
export interface InspectedSlice {
  readonly record: SliceRecord;
  readonly info: SliceInfo;
}

/** Slices with the same size and values. */
export interface DuplicateGroup {
  readonly slices: readonly { readonly path: string; readonly split: Split; readonly subject: string }[];
  /** Whether they are in more than one split: training has then seen what it is tested on. */
  readonly acrossSplits: boolean;
}

/** A slice unlike the others. */
export interface Outlier {
  readonly path: string;
  readonly split: Split;
  readonly reason: string;
}

/** How many robust standard deviations from the median a slice's spread of values may be. */
const FURTHEST = 6;
/** Fewer slices than this say too little about what is usual. */
const LEAST_FOR_RANGE = 16;

/**
 * Groups slices of equal content, in the order of their first ones. Slices of one value are left to the
 * outliers.
 */
export function findDuplicates(slices: readonly InspectedSlice[]): DuplicateGroup[] {
  const groups = new Map<string, SliceRecord[]>();
  for (const { record, info } of slices) {
    if (info.low === info.high) continue;
    const group = groups.get(info.digest);
    if (group === undefined) groups.set(info.digest, [record]);
    else group.push(record);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      slices: group.map(({ path, split, subject }) => ({ path, split, subject })),
      acrossSplits: new Set(group.map(({ split }) => split)).size > 1,
    }));
}

/**
 * Finds slices of one value only or of few, as masks are, of another size than most, or whose values spread far more or
 * less than others'.
 *
 * The spread (largest less smallest value) is compared on a logarithmic scale among slices of the same pixel
 * type, by the median and the median absolute deviation, which outliers themselves hardly move.
 */
export function findOutliers(slices: readonly InspectedSlice[]): Outlier[] {
  const usual = mostCommon(slices.map(({ info }) => sizeText(info)));
  const spreads = new Map<string, number[]>();
  for (const { info } of slices) {
    if (info.high === info.low) continue;
    const spread = spreads.get(info.type);
    if (spread === undefined) spreads.set(info.type, [logSpread(info)]);
    else spread.push(logSpread(info));
  }
  const bounds = new Map([...spreads].map(([type, values]) => [type, usualBounds(values)]));
  return slices.flatMap(({ record: { path, split }, info }): Outlier[] => {
    const reasons: string[] = [];
    if (sizeText(info) !== usual) reasons.push(`it is ${sizeText(info)}, most are ${usual}`);
    const bound = bounds.get(info.type);
    if (info.low === info.high) reasons.push(`all its values are ${info.low}`);
    else if (bound !== undefined && (logSpread(info) < bound[0] || logSpread(info) > bound[1])) {
      const [least, most] = bound.map((value) => Math.exp(value).toPrecision(3));
      reasons.push(
        `its values spread over ${(info.high - info.low).toPrecision(3)}, most over ${least} to ${most}`,
      );
    }
    if (info.low < info.high && info.distinct < MANY_VALUES) {
      reasons.push(`it has only ${info.distinct} different values, as a mask has`);
    }
    return reasons.length === 0 ? [] : [{ path, split, reason: reasons.join("; ") }];
  });
}

function sizeText({ height, width }: SliceInfo): string {
  return `${height}x${width}`;
}

function logSpread({ low, high }: SliceInfo): number {
  return Math.log(high - low);
}

function usualBounds(values: readonly number[]): [low: number, high: number] | undefined {
  if (values.length < LEAST_FOR_RANGE) return undefined;
  const middle = median(values);
  // 1.4826 makes the median absolute deviation the standard deviation of a normal distribution. A tenth at
  // least, so that sets whose slices all spread alike do not turn up slices that differ by a little.
  const deviation = Math.max(0.1, 1.4826 * median(values.map((value) => Math.abs(value - middle))));
  return [middle - FURTHEST * deviation, middle + FURTHEST * deviation];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function mostCommon(keys: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((left, right) => right[1] - left[1])[0]?.[0];
}
