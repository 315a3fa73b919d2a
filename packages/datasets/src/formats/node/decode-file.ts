import { existsSync, statSync } from "node:fs";
import { gunzipSync, constants as zlib } from "node:zlib";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { readRegularFile, readRegularFileStart } from "@slicebook/base/node";
import { isOutOfMemory } from "../../out-of-memory.ts";
import type { SliceImage } from "../../types.ts";
import type { Format, FormatHeader, SliceOptions } from "../format.ts";
import { LARGEST_FILE } from "../limits.ts";
import { formatOf, imagePathsOf } from "../registry.ts";
import { announcedLength, HEAD_BYTES, isGzip, SLACK_BYTES, unpackGzip } from "../unpack-gzip.ts";
import { decodeStill } from "./decode-picture.ts";

/** Files that unpack to no more need no look at their header first. */
const SMALL_BYTES = 2 ** 24;

/**
 * Reads one slice from a file, whose format is told by its first bytes rather than by its name.
 *
 * Throws `SLICE_UNREADABLE`, naming the file and what is wrong with it.
 */
export async function decodeFile(path: string, options: SliceOptions = {}): Promise<SliceImage> {
  try {
    const { format, content, image } =
      options.slice === undefined ? openFile(path, options) : openVolume(path, options);
    return await format.decode(content, { ...options, image }, decodeStill);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Decodes the bytes of a picture to one grey slice; throws an `Error` that says what is wrong with them. */
export async function decodePicture(bytes: Uint8Array): Promise<SliceImage> {
  return formatOf(bytes).decode(bytes, {}, decodeStill);
}

/** Reads the header of a file and no more; `undefined` for a picture. Throws `SLICE_UNREADABLE`. */
export async function readHeaderOf(path: string): Promise<FormatHeader | undefined> {
  try {
    const bytes = readRegularFileStart(path, HEAD_BYTES);
    if (bytes.length === 0) throw new Error("it is empty");
    const packed = isGzip(bytes);
    const start = packed ? gunzipHead(bytes) : bytes;
    return formatOf(start, { packed }).header?.(start);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The error for a slice that cannot be read, whatever the reason; `OUT_OF_MEMORY` where its file is not to blame. */
export function unreadable(path: string, error: unknown): SlicebookError {
  if (
    isSlicebookError(error) &&
    ["SLICE_UNREADABLE", "OUT_OF_MEMORY", "ADAPTER_INVALID"].includes(error.code)
  )
    return error;
  const why = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  if (isOutOfMemory(error)) {
    return new SlicebookError("OUT_OF_MEMORY", `there is not enough memory to read ${path}: ${why}`, {
      remedy: "End other programs, or raise the limit (ulimit -v, the container's or the job's memory).",
      cause: error,
    });
  }
  return new SlicebookError("SLICE_UNREADABLE", `${path} cannot be read: ${why}`, {
    remedy: 'Fix or remove the file, or set dataset.onUnreadable to "skip" to leave such slices out.',
    cause: error,
  });
}

interface OpenedFile {
  readonly format: Format;
  /** Unpacked. */
  readonly content: Uint8Array;
  /** That of the file with the values, where this one is only a header. */
  readonly image?: Uint8Array;
}

let latestVolume: (OpenedFile & { readonly key: string }) | undefined;

/** Opens a volume; the latest one is kept, since its slices are asked for one after another. */
function openVolume(path: string, options: SliceOptions): OpenedFile {
  const { size, mtimeMs } = statSync(path);
  const key = JSON.stringify([path, size, mtimeMs]);
  if (latestVolume?.key !== key) latestVolume = { key, ...openFile(path, options) };
  return latestVolume;
}

/** Waits for the disk, which for files of slices is much sooner done than to let others work meanwhile. */
function readWhole(path: string): Buffer {
  const bytes = readRegularFile(path, { most: LARGEST_FILE });
  if (bytes.length === 0) throw new Error("it is empty");
  return bytes;
}

function openFile(path: string, options: SliceOptions): OpenedFile {
  const bytes = readWhole(path);
  const packed = isGzip(bytes);
  const quick = packed ? gunzipSmall(bytes) : bytes;
  const start = quick ?? gunzipHead(bytes);
  const format = formatOf(start, { packed });
  const header = format.header?.(start);
  header?.check(options);
  if (header === undefined && (options.slice ?? 0) > 0)
    throw new Error("it is a picture, which holds one slice");
  if (header === undefined || (!packed && !header.paired)) return { format, content: bytes };
  if (header.paired) {
    const content = packed ? gunzip(bytes, SLACK_BYTES) : bytes;
    return { format, content, image: readImageFile(path, header) };
  }
  const whole = quick !== undefined && quick.length <= header.byteLength + SLACK_BYTES;
  return { format, content: whole ? quick : gunzipAnnounced(bytes, header) };
}

/**
 * Unpacks a file at once if it says in its last four bytes that it is small, as the files of slices are, and if that
 * is true.
 */
function gunzipSmall(bytes: Uint8Array): Uint8Array | undefined {
  const end = bytes.byteOffset + bytes.byteLength;
  const length = bytes.length < 18 ? 0 : new DataView(bytes.buffer, end - 4).getUint32(0, true);
  if (length < zlib.Z_MIN_CHUNK || length > SMALL_BYTES) return undefined;
  try {
    return gunzipSync(bytes, { chunkSize: length + 1, maxOutputLength: length });
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    return undefined;
  }
}

/** Unpacks no more than the header announces and a little. */
function gunzipAnnounced(bytes: Uint8Array, header: FormatHeader): Uint8Array {
  const length = announcedLength(header);
  try {
    return gunzip(bytes, length);
  } catch (error) {
    // Node's own is several times as fast, and refuses a file for what follows its last member.
    const bomb = isSlicebookError(error) && error.cause instanceof RangeError;
    if (bomb || header.paired || isOutOfMemory(error)) throw error;
    return unpackGzip(bytes, () => length);
  }
}

function gunzipHead(bytes: Uint8Array): Uint8Array {
  return unpacked(() => gunzipSync(bytes.subarray(0, HEAD_BYTES), { finishFlush: zlib.Z_SYNC_FLUSH }));
}

function gunzip(bytes: Uint8Array, length: number): Uint8Array {
  // In one piece: zlib joins smaller ones at the end, and needs twice the memory for it.
  const options = {
    chunkSize: Math.max(length + 1, zlib.Z_MIN_CHUNK),
    maxOutputLength: length + SLACK_BYTES,
  };
  return unpacked(() => gunzipSync(bytes, options));
}

function unpacked(unpack: () => Uint8Array): Uint8Array {
  try {
    return unpack();
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    const large = error instanceof RangeError;
    const why = large
      ? "it unpacks to more than its header announces"
      : "its compressed data is damaged or cut off";
    throw new SlicebookError("NIFTI_INVALID", why, { cause: error });
  }
}

function readImageFile(path: string, header: FormatHeader): Uint8Array {
  const imagePaths = imagePathsOf(path);
  for (const imagePath of imagePaths) {
    if (!existsSync(imagePath)) continue;
    const bytes = readWhole(imagePath);
    return isGzip(bytes) ? gunzipAnnounced(bytes, header) : bytes;
  }
  const missing = imagePaths[0] ?? "its .img file";
  throw new SlicebookError("NIFTI_INVALID", `it is the header of a pair, and ${missing} is missing`);
}
