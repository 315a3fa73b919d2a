import { SlicebookError } from "@slicebook/base";
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from "pako";
import type { FormatHeader } from "./format.ts";
import { LARGEST_FILE } from "./limits.ts";

/** Enough of a file to hold its header. */
export const HEAD_BYTES = 4096;

/** zlib's window with gzip's header and checksum. */
const GZIP_WINDOW = 31;
/** How much may follow the last value before the rest is left alone, or the file is taken for a bomb. */
export const SLACK_BYTES = 2 ** 20;

/** Whether bytes start like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The bytes of a file with this header when it is unpacked, up to its last value; throws `NIFTI_INVALID` if they are
 * more than `limit`.
 */
export function announcedLength({ shape, byteLength }: FormatHeader, limit = LARGEST_FILE): number {
  if (byteLength <= limit) return byteLength;
  const why = `its header announces [${shape.join(", ")}] values, ${byteLength} bytes of at most ${limit}`;
  throw new SlicebookError("NIFTI_INVALID", why);
}

/**
 * A file's content, which may be packed by gzip; no more is unpacked than its header announces, of at most `limit`
 * bytes.
 */
export function unpackFile(
  bytes: Uint8Array,
  {
    header,
    limit,
  }: {
    readonly header: (start: Uint8Array) => FormatHeader | undefined;
    readonly limit?: number | undefined;
  },
): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  return unpackGzip(bytes, (start) => {
    const announced = header(start);
    return announced === undefined || announced.paired ? start.length : announcedLength(announced, limit);
  });
}

/**
 * Unpacks a gzip file of one or several members, no more than its header announces; what follows the last member
 * (zeros, as tapes and some file systems add, or anything else) is left alone, as gzip does.
 *
 * Throws `NIFTI_INVALID` if the data is cut off or does not fit its checksum.
 *
 * @param announced the bytes that a file has whose first ones are given; throws if it is not to be read
 */
export function unpackGzip(bytes: Uint8Array, announced: (start: Uint8Array) => number): Uint8Array {
  const stream = new ZStream();
  zlibInflateInit2(stream, GZIP_WINDOW);
  stream.input = bytes;
  stream.next_in = 0;
  stream.avail_in = bytes.length;
  let out = new Uint8Array(HEAD_BYTES);
  let length = 0;
  let wanted: number | undefined;
  /** What follows is looked at for the checksum only. */
  let beside: Uint8Array<ArrayBuffer> | undefined;
  let followed = 0;
  for (;;) {
    const from = beside === undefined ? length : 0;
    stream.output = beside ?? out;
    stream.next_out = from;
    stream.avail_out = stream.output.length - from;
    const status = zlibInflate(stream, Z_NO_FLUSH);
    if (beside === undefined) length = stream.next_out;
    else followed += stream.next_out;
    if (wanted === undefined && length === HEAD_BYTES) {
      wanted = announced(out);
      const all = new Uint8Array(Math.max(wanted, length));
      all.set(out);
      out = all;
    }
    if (length === out.length) beside ??= new Uint8Array(2 ** 16);
    if (followed > SLACK_BYTES) return out;
    if (status === Z_STREAM_END) {
      if (!isGzip(bytes.subarray(stream.next_in))) return out.subarray(0, length);
      zlibInflateReset(stream);
    } else if (
      (status !== Z_OK && status !== Z_BUF_ERROR) ||
      (stream.avail_in === 0 && stream.avail_out > 0)
    ) {
      throw new SlicebookError("NIFTI_INVALID", "its compressed data is damaged or cut off");
    }
  }
}
