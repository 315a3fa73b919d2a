import { existsSync, statSync } from "node:fs";
import { gunzipSync, constants as zlib } from "node:zlib";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { readRegularFile, readRegularFileStart } from "@slicebook/base/node";
import { isOutOfMemory } from "../../out-of-memory.ts";
import type { SliceImage } from "../../types.ts";
import {
  checkedLength,
  checkSlice,
  type DecodeNiftiOptions,
  decodeNifti,
  LARGEST_FILE,
  type NiftiHeader,
  niftiByteLength,
  readNiftiHeader,
} from "../nifti.ts";
import { isTiff } from "../tiff-directory.ts";
import { isGzip, unpackGzip } from "../unpack-gzip.ts";
import { decodePicture } from "./decode-picture.ts";

/** Enough of a compressed file to hold its NIfTI header. */
const HEAD_BYTES = 4096;
/** Files that unpack to no more need no look at their header first. */
const SMALL_BYTES = 2 ** 24;
/** How much may follow the last value before a file is taken for a bomb. */
const SLACK_BYTES = 2 ** 20;

/**
 * Reads one slice from a file, whose kind is told by its first bytes rather than by its name.
 *
 * NIfTI (`.nii`, `.nii.gz`, `.hdr` with its `.img`), PNG, JPEG, TIFF and WebP. Throws `SLICE_UNREADABLE`,
 * naming the file and what is wrong with it.
 */
export async function decodeFile(path: string, options: DecodeNiftiOptions = {}): Promise<SliceImage> {
  try {
    if (options.slice !== undefined) {
      const { content, image } = readVolume(path, options);
      return decodeNifti(content, { ...options, ...(image !== undefined && { image }) });
    }
    const bytes = readWhole(path);
    if (isPicture(bytes)) return await decodePicture(bytes);
    const { content, image } = unpackNifti(path, bytes, options);
    return decodeNifti(content, { ...options, ...(image !== undefined && { image }) });
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Reads the header of a NIfTI file and no more; throws `SLICE_UNREADABLE`. */
export async function readHeaderOf(path: string): Promise<NiftiHeader> {
  try {
    const bytes = readRegularFileStart(path, HEAD_BYTES);
    if (bytes.length === 0) throw new Error("it is empty");
    return readNiftiHeader(isGzip(bytes) ? gunzipHead(bytes) : bytes);
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

interface NiftiContent {
  readonly content: Uint8Array;
  /** The `.img` file's, where the content is a `.hdr`'s. */
  readonly image: Uint8Array | undefined;
}

let latestVolume: (NiftiContent & { readonly key: string }) | undefined;

/** Reads a volume; the latest one is kept, since its slices are asked for one after another. */
function readVolume(path: string, options: DecodeNiftiOptions): NiftiContent {
  const { size, mtimeMs } = statSync(path);
  const key = JSON.stringify([path, size, mtimeMs]);
  if (latestVolume?.key !== key) {
    latestVolume = { key, ...unpackNifti(path, readWhole(path), options) };
  }
  return latestVolume;
}

/** Waits for the disk, which for files of slices is much sooner done than to let others work meanwhile. */
function readWhole(path: string): Buffer {
  const bytes = readRegularFile(path, { most: LARGEST_FILE });
  if (bytes.length === 0) throw new Error("it is empty");
  return bytes;
}

function unpackNifti(path: string, bytes: Uint8Array, options: DecodeNiftiOptions): NiftiContent {
  const quick = isGzip(bytes) ? gunzipSmall(bytes) : bytes;
  const header = readNiftiHeader(quick ?? gunzipHead(bytes));
  checkSlice(header, options);
  if (quick !== undefined && !header.paired && quick.length <= niftiByteLength(header) + SLACK_BYTES) {
    return { content: quick, image: undefined };
  }
  if (!header.paired)
    return { content: isGzip(bytes) ? gunzipNifti(bytes, header) : bytes, image: undefined };
  const content = isGzip(bytes) ? gunzip(bytes, SLACK_BYTES) : bytes;
  return { content, image: readImageFile(path, header) };
}

function isPicture(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString("latin1");
  return (
    start.startsWith("\x89PNG") ||
    start.startsWith("\xff\xd8\xff") ||
    isTiff(bytes) ||
    (start.startsWith("RIFF") && start.endsWith("WEBP"))
  );
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

/** Unpacks no more than the NIfTI header announces and a little. */
function gunzipNifti(bytes: Uint8Array, header: NiftiHeader): Uint8Array {
  const length = checkedLength(header, LARGEST_FILE);
  try {
    return gunzip(bytes, length);
  } catch (error) {
    // Node's own is several times as fast, and refuses a file for what follows its last member.
    const bomb = isSlicebookError(error) && error.cause instanceof RangeError;
    if (bomb || header.paired || isOutOfMemory(error)) throw error;
    return unpackGzip(bytes, { headerBytes: HEAD_BYTES, announced: () => length });
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

/** Where the values of a `.hdr` file may be; none for other files. */
export function imagePathsOf(path: string): readonly string[] {
  const beside = path.replace(/\.hdr(\.gz)?$/i, "");
  return beside === path ? [] : [`${beside}.img`, `${beside}.img.gz`];
}

function readImageFile(path: string, header: NiftiHeader): Uint8Array {
  const places = imagePathsOf(path);
  for (const place of places) {
    if (!existsSync(place)) continue;
    const bytes = readWhole(place);
    return isGzip(bytes) ? gunzipNifti(bytes, header) : bytes;
  }
  const missing = places[0] ?? "its .img file";
  throw new SlicebookError("NIFTI_INVALID", `it is the header of a pair, and ${missing} is missing`);
}
