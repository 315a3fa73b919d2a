import { readHeader } from "nifti-reader-js";
import type { PixelType } from "../../types.ts";
import { whyUnknown } from "../foreign-kind.ts";
import { greyOf } from "../grey.ts";
import { type NiftiAffine, readAffine } from "./affine.ts";
import { invalid } from "./invalid.ts";

/** The fields of a NIfTI header that say where and what the values are. */
export interface NiftiHeader extends NiftiAffine {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /**
   * The lengths of the axes as written, such as `[256, 128]` or `[256, 128, 1]`; axis 0 runs fastest in the
   * file.
   */
  readonly shape: readonly number[];
  readonly type: PixelType;
  /** Where the values start, in bytes; in the `.img` file if `paired`. */
  readonly offset: number;
  /** Original value = stored × slope + intercept; 1 and 0 where the header names none. */
  readonly slope: number;
  readonly intercept: number;
  /** Whether the values are in an `.img` file beside this `.hdr`. */
  readonly paired: boolean;
}

interface NiftiType {
  readonly code: number;
  readonly bytes: number;
  /** Whether float32 holds every value of the type exactly. */
  readonly exact: boolean;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

const TYPES: Readonly<Record<PixelType, NiftiType>> = {
  uint8: { code: 2, bytes: 1, exact: true, read: (view, at) => view.getUint8(at) },
  int16: { code: 4, bytes: 2, exact: true, read: (view, at, little) => view.getInt16(at, little) },
  int32: { code: 8, bytes: 4, exact: false, read: (view, at, little) => view.getInt32(at, little) },
  float32: { code: 16, bytes: 4, exact: true, read: (view, at, little) => view.getFloat32(at, little) },
  float64: { code: 64, bytes: 8, exact: false, read: (view, at, little) => view.getFloat64(at, little) },
  rgb24: { code: 128, bytes: 3, exact: true, read: readColour },
  int8: { code: 256, bytes: 1, exact: true, read: (view, at) => view.getInt8(at) },
  uint16: { code: 512, bytes: 2, exact: true, read: (view, at, little) => view.getUint16(at, little) },
  uint32: { code: 768, bytes: 4, exact: false, read: (view, at, little) => view.getUint32(at, little) },
  int64: {
    code: 1024,
    bytes: 8,
    exact: false,
    read: (view, at, little) => Number(view.getBigInt64(at, little)),
  },
  uint64: {
    code: 1280,
    bytes: 8,
    exact: false,
    read: (view, at, little) => Number(view.getBigUint64(at, little)),
  },
  rgba32: { code: 2304, bytes: 4, exact: true, read: readColour },
};

const UNSUPPORTED: Readonly<Record<number, string>> = {
  1: "1-bit",
  32: "complex64",
  1536: "float128",
  1792: "complex128",
  2048: "complex256",
};

/** How values of a type are stored in a NIfTI file. */
export function niftiType(type: PixelType): NiftiType {
  return TYPES[type];
}

/**
 * Reads the header of a NIfTI-1 or NIfTI-2 file, single (`.nii`) or paired (`.hdr`), in either byte order.
 *
 * `bytes` are not compressed. Throws `NIFTI_INVALID` if they are not a NIfTI file or are one of an unsupported type.
 */
export function readNiftiHeader(bytes: Uint8Array): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = niftiVersion(bytes);
  if (version === undefined) throw invalid(whyUnknown(bytes));
  const length = version === 1 ? 348 : 540;
  if (bytes.length < length) throw invalid(`its header is cut off after ${bytes.length} of ${length} bytes`);
  // Only a copy of the header itself is handed over, so that a malformed extension behind it does no harm.
  const header = attempt(() => readHeader(new Uint8Array(bytes.subarray(0, length)).buffer, true));
  const { littleEndian, dims } = header;
  const count = dims[0]!;
  if (!(count >= 1 && count <= 7)) throw invalid(`its header names ${count} axes, where 1 to 7 are allowed`);
  const shape = dims.slice(1, count + 1);
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 1)) {
    throw invalid(`its header names the shape [${shape.join(", ")}]`);
  }
  const code = header.datatypeCode;
  const entry = Object.entries(TYPES).find(([, type]) => type.code === code);
  if (entry === undefined) {
    throw invalid(`its values are of the unsupported type ${UNSUPPORTED[code] ?? `with the code ${code}`}`);
  }
  const paired = (version === 1 ? view.getUint8(345) : view.getUint8(5)) === "i".charCodeAt(0);
  const least = paired ? 0 : length + 4;
  const offset = header.vox_offset === 0 ? least : header.vox_offset;
  if (!Number.isSafeInteger(offset) || offset < least) {
    throw invalid(`its header says that the values start at byte ${offset}`);
  }
  const scaled = Number.isFinite(header.scl_slope) && header.scl_slope !== 0;
  if (scaled && !Number.isFinite(header.scl_inter)) {
    throw invalid(`its scl_inter is ${header.scl_inter} although its scl_slope is ${header.scl_slope}`);
  }
  return {
    version,
    littleEndian,
    shape,
    type: entry[0] as PixelType,
    offset,
    slope: scaled ? header.scl_slope : 1,
    intercept: scaled ? header.scl_inter : 0,
    paired,
    ...readAffine(view, header, { version, shape }),
  };
}

/** The bytes that a file with this header must have, up to its last value. */
export function niftiByteLength({ shape, type, offset }: NiftiHeader): number {
  return offset + shape.reduce((product, side) => product * side, TYPES[type].bytes);
}

/** The version of the NIfTI header that bytes start with; `undefined` for other files. */
export function niftiVersion(bytes: Uint8Array): 1 | 2 | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  for (const littleEndian of [true, false]) {
    const length = view.getInt32(0, littleEndian);
    if (length === 348) return 1;
    if (length === 540) return 2;
  }
  return undefined;
}

function readColour(view: DataView, at: number): number {
  return greyOf(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2));
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw invalid("it does not start with a NIfTI header", error);
  }
}
