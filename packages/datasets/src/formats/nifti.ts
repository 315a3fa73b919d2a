import type { SliceImage } from "../types.ts";
import type { Format, FormatHeader, SliceOptions } from "./format.ts";
import { decodeNifti } from "./nifti/decode.ts";
import { niftiByteLength, niftiVersion, readNiftiHeader } from "./nifti/header.ts";
import { slicePlace, volumeSides } from "./nifti/slice-place.ts";
import { unpackFile } from "./unpack-gzip.ts";

export const nifti: Format = {
  name: "NIfTI",
  endings: [".nii", ".hdr"],
  imageEndings: { ".hdr": ".img" },
  placed: true,
  sniff: (start) => niftiVersion(start) !== undefined,
  header: headerOf,
  decode: decodeNifti,
};

function headerOf(start: Uint8Array): FormatHeader {
  const header = readNiftiHeader(start);
  return {
    shape: header.shape,
    byteLength: niftiByteLength(header),
    paired: header.paired,
    sides: (orientation) => volumeSides(header, orientation),
    check: (options) => void slicePlace(header, options),
  };
}

/**
 * Decodes a slice of a file that may be compressed (`.nii.gz`); the same in Node and in browsers.
 *
 * No more is unpacked than the header announces, so that a small file cannot fill the memory by itself:
 * `limit` (512 MiB unless given) is the most that a header may announce.
 */
export async function readNifti(
  bytes: Uint8Array,
  { limit, ...options }: SliceOptions & { readonly limit?: number } = {},
): Promise<SliceImage> {
  const checkedHeader = (start: Uint8Array) => {
    const header = headerOf(start);
    header.check(options);
    return header;
  };
  return decodeNifti(unpackFile(bytes, { header: checkedHeader, limit }), options);
}
