import { createHash } from "node:crypto";
import { checkValues } from "../check-values.ts";
import { decodeFile, unreadable } from "../formats/node/decode-file.ts";
import { fitSize, type SizePolicy } from "../size-policy.ts";
import { range, type SliceStatistics, sliceStatistics } from "../store/slice-statistics.ts";
import { packed, type StoredSlice } from "../store/stored-slice.ts";
import type { DatasetAdapter, DecodeContext, PixelType, Samples, SliceImage, SliceRecord } from "../types.ts";

/** How an adapter reads slices. */
export type SliceDecoder = Pick<DatasetAdapter, "decode">;

/** How slices are decoded; can be sent to a worker thread. */
export interface DecodeOptions extends DecodeContext<unknown> {
  readonly sizePolicy: SizePolicy | undefined;
  /** What is wanted of each slice. */
  readonly want: "values" | "values and statistics" | "info";
}

/** What is known of a slice as it is in its file, before any change of size. */
export interface SliceInfo {
  readonly height: number;
  readonly width: number;
  readonly type: PixelType;
  readonly low: number;
  readonly high: number;
  /** How many different values it has, counted to {@link MANY_VALUES}. */
  readonly distinct: number;
  /** A hash of its size and values. */
  readonly digest: string;
}

/** Different values are counted no further: masks have fewer. */
export const MANY_VALUES = 13;

/** A decoded slice: its values at the size asked for, or what is known of it as it was. */
export type DecodedSlice =
  | { readonly values: StoredSlice }
  | { readonly values: StoredSlice; readonly statistics: SliceStatistics }
  | { readonly info: SliceInfo };

/** Decodes one slice and brings it to size; throws `SLICE_UNREADABLE` or `SLICE_SIZE`, naming the file. */
export async function decodeSlice(
  decoder: SliceDecoder,
  record: SliceRecord,
  { sizePolicy, want, ...context }: DecodeOptions,
): Promise<DecodedSlice> {
  const image = await decodeRecord(decoder, record, context);
  const { height, width, type, values } = image;
  try {
    checkValues(image);
  } catch (error) {
    throw unreadable(record.path, error);
  }
  if (want !== "info") {
    // What an adapter hands out may be its own, to be handed out again.
    const owned = decoder.decode === undefined;
    const stored = packed(fitSize(image, context.size, { policy: sizePolicy, path: record.path }), { owned });
    return want === "values" ? { values: stored } : { values: stored, statistics: sliceStatistics(stored) };
  }
  const [low, high] = range(values);
  const digest = createHash("sha1").update(`${height}x${width}:`).update(packed(values)).digest("hex");
  return { info: { height, width, type, low, high, distinct: countDistinct(values), digest } };
}

/** Decodes one slice as it is in its file; throws `SLICE_UNREADABLE`, naming the file. */
export async function decodeRecord(
  decoder: SliceDecoder,
  record: SliceRecord,
  context: DecodeContext<unknown>,
): Promise<SliceImage> {
  try {
    const { path, volume, orientation } = record;
    return await (decoder.decode?.(record, context) ?? decodeFile(path, { ...volume, orientation }));
  } catch (error) {
    throw unreadable(record.path, error);
  }
}

function countDistinct(values: Samples): number {
  const seen = new Set<number>();
  for (let pixel = 0; pixel < values.length && seen.size < MANY_VALUES; pixel++) seen.add(values[pixel]!);
  return seen.size;
}
