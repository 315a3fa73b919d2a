import { constants } from "node:buffer";
import { readFile } from "node:fs/promises";
import { gunzipSync, constants as zlib } from "node:zlib";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { decodePicture } from "./decode-picture.ts";
import { checkedLength, type DecodeNiftiOptions, decodeNifti, isGzip, readNiftiHeader } from "./nifti.ts";
import type { SliceImage } from "./types.ts";

/** Enough of a compressed file to hold its NIfTI header. */
const HEAD_BYTES = 4096;
/** How much may follow the last value before a file is taken for a bomb. */
const SLACK_BYTES = 2 ** 20;
const LARGEST_FILE = Math.min(2 ** 31, constants.MAX_LENGTH);

/**
 * Reads one slice from a file, whose kind is told by its first bytes rather than by its name.
 *
 * NIfTI (`.nii`, `.nii.gz`, `.hdr` with its `.img`), PNG, JPEG, TIFF and WebP. Throws `SLICE_UNREADABLE`, naming
 * the file and what is wrong with it.
 */
export async function decodeFile(path: string, options: DecodeNiftiOptions = {}): Promise<SliceImage> {
  try {
    const bytes = await readFile(path);
    if (bytes.length === 0) throw new Error("it is empty");
    if (isPicture(bytes)) return await decodePicture(bytes);
    const content = isGzip(bytes) ? gunzipNifti(bytes) : bytes;
    const image = readNiftiHeader(content).paired ? await readImageFile(path) : undefined;
    return decodeNifti(content, { ...options, ...(image !== undefined && { image }) });
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The error for a slice that cannot be read, whatever the reason. */
export function unreadable(path: string, error: unknown): SlicebookError {
  if (isSlicebookError(error) && error.code === "SLICE_UNREADABLE") return error;
  const why = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  return new SlicebookError("SLICE_UNREADABLE", `${path} cannot be read: ${why}`, {
    remedy: 'Mend or remove the file, or set dataset.onUnreadable to "skip" to leave such slices out.',
    cause: error,
  });
}

function isPicture(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString("latin1");
  return (
    start.startsWith("\x89PNG") ||
    start.startsWith("\xff\xd8\xff") ||
    start.startsWith("II*\0") ||
    start.startsWith("MM\0*") ||
    (start.startsWith("RIFF") && start.endsWith("WEBP"))
  );
}

/** Unpacks no more than the NIfTI header announces and a little. */
function gunzipNifti(bytes: Uint8Array): Uint8Array {
  const head = gunzip(bytes.subarray(0, HEAD_BYTES), { finishFlush: zlib.Z_SYNC_FLUSH });
  const header = readNiftiHeader(head);
  const length = header.paired ? SLACK_BYTES : checkedLength(header, LARGEST_FILE) + SLACK_BYTES;
  return gunzip(bytes, { maxOutputLength: length });
}

function gunzip(bytes: Uint8Array, options: Parameters<typeof gunzipSync>[1]): Uint8Array {
  try {
    return gunzipSync(bytes, options);
  } catch (error) {
    const large = error instanceof RangeError;
    const why = large
      ? "it unpacks to more than its header announces"
      : "its compressed data is damaged or cut off";
    throw new SlicebookError("NIFTI_INVALID", why, { cause: error });
  }
}

async function readImageFile(path: string): Promise<Uint8Array> {
  const beside = path.replace(/\.hdr(\.gz)?$/i, "");
  for (const ending of [".img", ".img.gz"]) {
    const bytes = await readFile(beside + ending).catch(() => undefined);
    if (bytes !== undefined) {
      return isGzip(bytes) ? gunzip(bytes, { maxOutputLength: LARGEST_FILE }) : bytes;
    }
  }
  throw new SlicebookError("NIFTI_INVALID", `it is the header of a pair, and ${beside}.img is missing`);
}
