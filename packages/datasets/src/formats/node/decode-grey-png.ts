import { crc32, inflateSync } from "node:zlib";
import type { SliceImage } from "../../types.ts";
import { LARGEST_SLICE } from "../limits.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Chunks that do not change grey values; any other one leaves the file to the general decoder. */
const HARMLESS = ["gAMA", "cHRM", "sRGB", "iCCP", "pHYs", "tIME", "tEXt", "zTXt", "iTXt", "bKGD", "sBIT"];

/**
 * Decodes a plain grey PNG of 8 or 16 bits, as data sets have them, an order of magnitude sooner than the general
 * decoder; `undefined` for any other picture, and for a damaged one.
 */
export function decodeGreyPng(bytes: Uint8Array): SliceImage | undefined {
  if (bytes.length < 57 || SIGNATURE.some((byte, index) => bytes[index] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let ended = false;
  for (let at = 8; !ended; ) {
    if (at + 12 > bytes.length) return undefined;
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) return undefined;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) return undefined;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if ((type === "IHDR") !== (at === 8)) return undefined;
    if (type === "IDAT") data.push(bytes.subarray(at + 8, end));
    else if (type === "IEND") ended = true;
    else if (type !== "IHDR" && !HARMLESS.includes(type)) return undefined;
    at = end + 4;
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colour, compression, filter, interlace] = bytes.subarray(24, 29);
  const plain = colour === 0 && (depth === 8 || depth === 16) && !compression && !filter && !interlace;
  if (!plain || width === 0 || height === 0 || width * height > LARGEST_SLICE) return undefined;
  const step = depth === 16 ? 2 : 1;
  const rows = inflated(data, height * (1 + width * step));
  if (rows === undefined || !unfilter(rows, { height, stride: width * step, step })) return undefined;
  const values = new (step === 1 ? Uint8Array : Uint16Array)(width * height);
  for (let row = 0; row < height; row++) {
    const start = row * (1 + width * step) + 1;
    if (step === 1) {
      values.set(rows.subarray(start, start + width), row * width);
    } else {
      for (let column = 0, at = start; column < width; column++, at += 2) {
        values[row * width + column] = (rows[at]! << 8) | rows[at + 1]!;
      }
    }
  }
  return { height, width, values, type: depth === 16 ? "uint16" : "uint8" };
}

function inflated(parts: readonly Uint8Array[], length: number): Uint8Array | undefined {
  try {
    const packed = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const out = inflateSync(packed, { chunkSize: Math.max(64, length + 1), maxOutputLength: length });
    return out.length === length ? out : undefined;
  } catch {
    return undefined;
  }
}

/** Undoes the filter of each row in place (PNG specification, section 9); false for an unknown filter. */
function unfilter(
  rows: Uint8Array,
  { height, stride, step }: { readonly height: number; readonly stride: number; readonly step: 1 | 2 },
): boolean {
  for (let row = 0; row < height; row++) {
    const start = row * (stride + 1) + 1;
    const filter = rows[start - 1]!;
    if (filter > 4) return false;
    // Above the first row are zeros: there is nothing to add, and Paeth's choice is always the left.
    const above = row > 0;
    if (filter === 1 || (filter === 4 && !above)) addLeft(rows, start, stride, step);
    else if (filter === 2 && above) addAbove(rows, start, stride);
    else if (filter === 3)
      for (let part = 0; part < step; part++) addMean(rows, start + part, stride, step, above);
    else if (filter === 4) for (let part = 0; part < step; part++) addPaeth(rows, start + part, stride, step);
  }
  return true;
}

function addLeft(rows: Uint8Array, start: number, stride: number, step: number): void {
  for (let at = start + step; at < start + stride; at++) rows[at] = rows[at]! + rows[at - step]!;
}

function addAbove(rows: Uint8Array, start: number, stride: number): void {
  for (let at = start; at < start + stride; at++) rows[at] = rows[at]! + rows[at - stride - 1]!;
}

/** Every `step`-th byte of a row from `first` on. */
function addMean(rows: Uint8Array, first: number, stride: number, step: number, above: boolean): void {
  const up = stride + 1;
  const end = first + stride;
  let left = 0;
  for (let at = first; at < end; at += step) {
    left = (rows[at]! + ((left + (above ? rows[at - up]! : 0)) >> 1)) & 0xff;
    rows[at] = left;
  }
}

/** The same, by the neighbour nearest to left + above − corner. */
function addPaeth(rows: Uint8Array, first: number, stride: number, step: number): void {
  const up = stride + 1;
  const end = first + stride;
  let left = 0;
  let corner = 0;
  for (let at = first; at < end; at += step) {
    const above = rows[at - up]!;
    const toLeft = Math.abs(above - corner);
    const toAbove = Math.abs(left - corner);
    const toCorner = Math.abs(left + above - 2 * corner);
    const nearest = toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    left = (rows[at]! + nearest) & 0xff;
    corner = above;
    rows[at] = left;
  }
}
