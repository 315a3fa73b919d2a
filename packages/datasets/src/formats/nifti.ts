import { SlicebookError } from "@slicebook/base";
import { readHeader } from "nifti-reader-js";
import {
  type Affine,
  type AxisTurn,
  affineOf,
  canonicalAxes,
  FILE_AXES,
  type Orientation,
} from "../orientation.ts";
import type { PixelType, Samples, SliceImage, VolumePlace } from "../types.ts";
import { foreignKind } from "./foreign-kind.ts";
import { greyOf } from "./grey.ts";
import { isGzip, unpackGzip } from "./unpack-gzip.ts";

/** The fields of a NIfTI header that say where and what the values are. */
export interface NiftiHeader {
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
  /**
   * Rows of the 4×4 matrix from voxel indices to millimetres, as nibabel has it: the sform, else the qform, else made of
   * the voxel sizes, with x to the left and the centre at 0.
   */
  readonly affine: Affine;
  /** NIfTI's code of the space that the matrix leads to, 1 the scanner's, …; 0 where the header does not say. */
  readonly affineCode: number;
  /** What is wrong with the matrix that the header holds; then `affine` is made of the voxel sizes, with the code 0. */
  readonly affineFault?: string;
}

/** Which slice to take out of a volume; a file with one slice needs none. */
export interface DecodeNiftiOptions extends Partial<VolumePlace> {
  /** `canonical`: axes are turned to the patient's first, so that plane 2 is axial; `file` unless given. */
  readonly orientation?: Orientation | undefined;
  /** The content of the `.img` file, for a `.hdr`. */
  readonly image?: Uint8Array;
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

/**
 * The most bytes that a file may have, or unpack to: 512 MiB, a volume of 512×512×512 float32 values. A gzip file of
 * half a megabyte can announce that much, and several are read at a time.
 */
export const LARGEST_FILE = 2 ** 29;

/**
 * The most pixels that a slice may have: 2²⁴, as many as the largest size that can be asked for, 4096×4096. In
 * float64, which some need, that is 128 MiB.
 */
export const LARGEST_SLICE = 2 ** 24;

/** The bytes that {@link readNiftiHeader} looks at. */
const NIFTI_HEADER_BYTES = 540;

/** The code and the bytes of a pixel type in a NIfTI header. */
export function niftiType(type: PixelType): { code: number; bytes: number } {
  return TYPES[type];
}

/**
 * Reads the header of a NIfTI-1 or NIfTI-2 file, single (`.nii`) or paired (`.hdr`), in either byte order.
 *
 * `bytes` are not compressed. Throws `NIFTI_INVALID` if they are not a NIfTI file or are one of an unsupported type.
 */
export function readNiftiHeader(bytes: Uint8Array): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = headerVersion(view);
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
    ...readAffine(view, header, shape),
  };
}

/** The bytes that a file with this header must have, up to its last value. */
export function niftiByteLength({ shape, type, offset }: NiftiHeader): number {
  return offset + shape.reduce((product, side) => product * side, TYPES[type].bytes);
}

/**
 * Decodes one slice: `values[row * width + column]` is what nibabel's `dataobj[row, column]` is.
 *
 * Axis 0 of the array is rows, although it runs fastest in the file; of a volume, the two axes that remain
 * keep their order. `scl_slope` and `scl_inter` are applied in float64. Integers are exact up to 2⁵³. Colour
 * turns to grey. Throws `NIFTI_INVALID` for bytes that are not a NIfTI image, or when which slice is meant is
 * not clear.
 */
export function decodeNifti(bytes: Uint8Array, options: DecodeNiftiOptions = {}): SliceImage {
  const header = readNiftiHeader(bytes);
  const source = header.paired ? options.image : bytes;
  if (source === undefined) throw invalid("it is the header of a pair, whose .img file was not given");
  const needed = niftiByteLength(header);
  if (source.length < needed) throw invalid(`it is cut off after ${source.length} of ${needed} bytes`);
  const { height, width, start, rowStride, columnStride, affine } = slicePlace(header, options);
  const affineCode = codeOf(header, options);
  const type = TYPES[header.type];
  const { slope, intercept, littleEndian, offset } = header;
  const scaled = slope !== 1 || intercept !== 0;
  const plain =
    columnStride === height && rowStride === 1
      ? plainValues(source, header, offset + start * type.bytes, height * width)
      : undefined;
  if (plain !== undefined) {
    const values = transposed(plain, header, { height, width });
    return { height, width, values, type: header.type, affine, affineCode };
  }
  const values = type.exact && !scaled ? new Float32Array(height * width) : new Float64Array(height * width);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let row = 0; row < height; row++) {
    let at = offset + (start + row * rowStride) * type.bytes;
    for (let column = 0; column < width; column++) {
      const stored = type.read(view, at, littleEndian);
      values[row * width + column] = scaled ? stored * slope + intercept : stored;
      at += columnStride * type.bytes;
    }
  }
  return { height, width, values, type: header.type, affine, affineCode };
}

/** Axes that are chosen or turned by a guess are said to be "aligned", as nibabel does when it turns an image. */
function codeOf({ affineCode, affineFault }: NiftiHeader, options: DecodeNiftiOptions): number {
  const { plane = 2, orientation = "file" } = options;
  const asInFile = plane === 2 && orientation === "file";
  return affineCode === 0 && affineFault === undefined && !asInFile ? ALIGNED : affineCode;
}

const ALIGNED = 2;

/** Values that lie together in this machine's byte order are taken at once, which is much faster. */
function plainValues(
  source: Uint8Array,
  { type, littleEndian }: NiftiHeader,
  at: number,
  count: number,
): Samples | undefined {
  if (!littleEndian || !LITTLE_ENDIAN_MACHINE) return undefined;
  const aligned = (bytes: number): [ArrayBufferLike, number, number] =>
    (source.byteOffset + at) % bytes === 0
      ? [source.buffer, source.byteOffset + at, count]
      : [new Uint8Array(source.subarray(at, at + bytes * count)).buffer, 0, count];
  switch (type) {
    case "uint8":
      return new Uint8Array(...aligned(1));
    case "int16":
      return new Int16Array(...aligned(2));
    case "uint16":
      return new Uint16Array(...aligned(2));
    case "float32":
      return new Float32Array(...aligned(4));
    case "float64":
      return new Float64Array(...aligned(8));
    default:
      return undefined;
  }
}

const LITTLE_ENDIAN_MACHINE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** From the file's order, axis 0 fastest, to rows; scaled. */
function transposed(source: Samples, { slope, intercept }: NiftiHeader, sides: Sides): Samples {
  if (slope === 1 && intercept === 0) {
    if (source instanceof Uint8Array) return transpose(source, new Uint8Array(source.length), sides);
    if (source instanceof Int16Array) return transpose(source, new Int16Array(source.length), sides);
    if (source instanceof Uint16Array) return transpose(source, new Uint16Array(source.length), sides);
    if (source instanceof Float32Array) return transpose(source, new Float32Array(source.length), sides);
    return transpose(source, new Float64Array(source.length), sides);
  }
  const out = transpose(source, new Float64Array(source.length), sides);
  for (let pixel = 0; pixel < out.length; pixel++) out[pixel] = out[pixel]! * slope + intercept;
  return out;
}

function transpose<Out extends Samples>(source: Samples, out: Out, { height, width }: Sides): Out {
  // In strips of columns, whose cache lines stay while the rows below are filled.
  for (let strip = 0; strip < width; strip += TRANSPOSED_COLUMNS) {
    const end = Math.min(width, strip + TRANSPOSED_COLUMNS);
    for (let row = 0; row < height; row++) {
      for (let column = strip; column < end; column++) {
        out[row * width + column] = source[column * height + row]!;
      }
    }
  }
  return out;
}

const TRANSPOSED_COLUMNS = 16;

/** Throws `NIFTI_INVALID` if a file with this header has no such slice, before its values are unpacked. */
export function checkSlice(header: NiftiHeader, options: DecodeNiftiOptions = {}): void {
  slicePlace(header, options);
}

/**
 * Decodes a slice of a file that may be compressed (`.nii.gz`); the same in Node and in browsers.
 *
 * No more is unpacked than the header announces, so that a small file cannot fill the memory by itself:
 * `limit` (512 MiB unless given) is the most that a header may announce.
 */
export async function readNifti(
  bytes: Uint8Array,
  { limit = LARGEST_FILE, ...options }: DecodeNiftiOptions & { readonly limit?: number } = {},
): Promise<SliceImage> {
  return decodeNifti(unpackNifti(bytes, { limit, ...options }), options);
}

/**
 * A file's content, which may be compressed by gzip; no more is unpacked than its header announces, of at most `limit`
 * bytes. Throws `NIFTI_INVALID`.
 */
export function unpackNifti(
  bytes: Uint8Array,
  {
    limit = LARGEST_FILE,
    ...options
  }: DecodeNiftiOptions & {
    readonly limit?: number;
    /** Whether the file may be a volume of which no slice is chosen yet. */
    readonly anySlice?: boolean;
  } = {},
): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  return unpackGzip(bytes, {
    headerBytes: NIFTI_HEADER_BYTES,
    announced(start) {
      const header = readNiftiHeader(start);
      if (header.paired) return start.length;
      if (options.anySlice !== true) checkSlice(header, options);
      return checkedLength(header, limit);
    },
  });
}

/**
 * The bytes that a file with this header has when unpacked; throws `NIFTI_INVALID` if they are more than
 * `limit`.
 */
export function checkedLength(header: NiftiHeader, limit: number): number {
  const length = niftiByteLength(header);
  if (length > limit) {
    throw invalid(
      `its header announces [${header.shape.join(", ")}] values, ${length} bytes of at most ${limit}`,
    );
  }
  return length;
}

function headerVersion(view: DataView): 1 | 2 {
  if (view.byteLength >= 4) {
    for (const littleEndian of [true, false]) {
      const length = view.getInt32(0, littleEndian);
      if (length === 348) return 1;
      if (length === 540) return 2;
    }
  }
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  throw invalid(foreignKind(bytes) ?? "it does not start with a NIfTI header");
}

interface SlicePlace {
  readonly height: number;
  readonly width: number;
  /** Counted in values, not bytes. */
  readonly start: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** From (row, column, slice) to millimetres. */
  readonly affine: Affine;
}

/** The three lengths of a volume, or a slice's two and 1; throws `NIFTI_INVALID` for any other shape. */
export function volumeSides(
  header: NiftiHeader,
  orientation: Orientation = "file",
): [number, number, number] {
  const { shape } = header;
  const sides = [...shape];
  while (sides.length > 2 && sides.at(-1) === 1) sides.pop();
  if (sides.length === 1 || sides.length > 3) {
    throw invalid(`its shape [${shape.join(", ")}] is neither a slice nor a volume`);
  }
  const lengths = [sides[0]!, sides[1]!, sides[2] ?? 1];
  const [first, second, third] = axesOf(header, orientation).map(({ axis }) => lengths[axis]!);
  return [first!, second!, third!];
}

/** Throws `NIFTI_INVALID` where axes are to be turned and how they lie is not known. */
function axesOf({ affine, affineFault }: NiftiHeader, orientation: Orientation): readonly AxisTurn[] {
  if (orientation !== "canonical") return FILE_AXES;
  if (affineFault !== undefined) throw invalid(`how it lies is not known: ${affineFault}`);
  return canonicalAxes(affine);
}

function slicePlace(header: NiftiHeader, options: DecodeNiftiOptions): SlicePlace {
  const { shape, affine } = header;
  const { plane, slice, orientation = "file" } = options;
  const lengths = volumeSides(header, orientation);
  const turns = axesOf(header, orientation);
  const fileLengths = volumeSides(header);
  const strides = [1, fileLengths[0], fileLengths[0] * fileLengths[1]];
  const text = `[${shape.join(", ")}]`;
  if (fileLengths[2] > 1 && (plane === undefined || slice === undefined)) {
    throw invalid(`it is a volume of shape ${text}, and no plane and slice are chosen`);
  }
  const across = plane ?? turns.findIndex(({ axis }) => axis === 2);
  const index = slice ?? 0;
  if (!Number.isInteger(index) || index < 0 || index >= lengths[across]!) {
    throw invalid(`slice ${index} is outside its shape ${text} along axis ${across}`);
  }
  const [rowAxis, columnAxis] = [0, 1, 2].filter((axis) => axis !== across) as [number, number];
  const [height, width] = [lengths[rowAxis]!, lengths[columnAxis]!];
  if (height * width > LARGEST_SLICE) {
    throw invalid(`a slice of its shape ${text} has ${height * width} pixels, of at most ${LARGEST_SLICE}`);
  }
  /** The voxel, in the file, of the slice's first value, and what a step along each of its axes adds. */
  const origin = [0, 0, 0];
  const steps = [rowAxis, columnAxis, across].map((turned) => {
    const { axis, reversed } = turns[turned]!;
    const along = turned === across ? index : 0;
    origin[axis] = reversed ? lengths[turned]! - 1 - along : along;
    return [0, 1, 2].map((other) => (other === axis ? (reversed ? -1 : 1) : 0));
  });
  const inValues = (voxel: readonly number[]) =>
    voxel[0]! * strides[0]! + voxel[1]! * strides[1]! + voxel[2]! * strides[2]!;
  return {
    height,
    width,
    start: inValues(origin),
    rowStride: inValues(steps[0]!),
    columnStride: inValues(steps[1]!),
    affine: affineOf(affine, origin, steps),
  };
}

type AffineFields = Pick<NiftiHeader, "affine" | "affineCode" | "affineFault">;

/** As nibabel's `get_best_affine`, after the repairs that it makes on loading. */
function readAffine(
  view: DataView,
  header: ReturnType<typeof readHeader>,
  shape: readonly number[],
): AffineFields {
  const sizes = header.pixDims.slice(1, 4).map(usableSize) as [number, number, number];
  const unplaced = { affine: centredAffine(shape, sizes), affineCode: 0 };
  const [sformCode, qformCode] = [header.sform_code, header.qform_code].map((code) =>
    code >= 1 && code <= LARGEST_CODE ? code : 0,
  ) as [number, number];
  const [name, affineCode] = sformCode > 0 ? ["sform", sformCode] : ["qform", qformCode];
  if (affineCode === 0) return unplaced;
  const affine = name === "sform" ? readSform(view, header) : readQform(header, sizes);
  const fault = affine === undefined ? "its qform holds no rotation" : faultOf(affine, shape, name as string);
  return affine === undefined || fault !== undefined
    ? { ...unplaced, affineFault: fault! }
    : { affine, affineCode: affineCode as number };
}

/** The largest of the codes of spaces that NIfTI names. */
const LARGEST_CODE = 5;
const BOTTOM = [0, 0, 0, 1];

function usableSize(size: number): number {
  return Number.isFinite(size) && size !== 0 ? Math.abs(size) : 1;
}

function centredAffine(shape: readonly number[], sizes: readonly number[]): number[][] {
  const rows = sizes.map((size, axis) => {
    const step = axis === 0 ? -size : size;
    const row = [0, 0, 0, (-step * ((shape[axis] ?? 1) - 1)) / 2];
    row[axis] = step;
    return row;
  });
  return [...rows, BOTTOM];
}

function readSform(view: DataView, header: ReturnType<typeof readHeader>): number[][] {
  // The reader drops a NIfTI-1 sform when the qform's code is higher; nibabel and most others prefer it.
  const one = view.byteLength < 540 || headerVersion(view) === 1;
  const at = (index: number) =>
    one
      ? view.getFloat32(280 + 4 * index, header.littleEndian)
      : view.getFloat64(400 + 8 * index, header.littleEndian);
  return [...[0, 4, 8].map((row) => [0, 1, 2, 3].map((column) => at(row + column))), BOTTOM];
}

/** How far a quaternion's length may be above 1 by rounding, as nibabel allows. */
const QUATERNION_TOLERANCE = 3.6e-7;

/** `undefined` for a quaternion that is not a rotation. */
function readQform(
  header: ReturnType<typeof readHeader>,
  [dx, dy, dz]: readonly [number, number, number],
): number[][] | undefined {
  const { quatern_b, quatern_c, quatern_d } = header;
  const rest = 1 - (quatern_b ** 2 + quatern_c ** 2 + quatern_d ** 2);
  if (!(rest >= -QUATERNION_TOLERANCE)) return undefined;
  const length = Math.sqrt(Math.max(1, 1 - rest));
  const a = Math.sqrt(Math.max(0, rest));
  const [b, c, d] = [quatern_b / length, quatern_c / length, quatern_d / length];
  const sign = header.pixDims[0] === -1 ? -1 : 1;
  const rotation: [number, number, number][] = [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
  ];
  const shift = [header.qoffset_x, header.qoffset_y, header.qoffset_z];
  return [...rotation.map(([x, y, z], row) => [x * dx, y * dy, z * dz * sign, shift[row]!]), BOTTOM];
}

/** Why a matrix does not say how the axes that are longer than 1 lie; `undefined` if it does. */
function faultOf(affine: Affine, shape: readonly number[], name: string): string | undefined {
  const bad = affine.flat().find((value) => !Number.isFinite(value));
  if (bad !== undefined) return `its ${name} holds ${bad}`;
  const [x, y, z] = [0, 1, 2].map((axis) => affine.slice(0, 3).map((row) => row[axis]!)) as [
    number[],
    number[],
    number[],
  ];
  const across = [
    x[1]! * y[2]! - x[2]! * y[1]!,
    x[2]! * y[0]! - x[0]! * y[2]!,
    x[0]! * y[1]! - x[1]! * y[0]!,
  ];
  const third = (shape[2] ?? 1) > 1 ? z : across;
  const volume = Math.abs(across.reduce((sum, value, row) => sum + value * third[row]!, 0));
  const sides = Math.hypot(...x) * Math.hypot(...y) * Math.hypot(...third);
  return volume > 1e-6 * sides ? undefined : `its ${name} brings several axes to one line, or to a point`;
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

function invalid(why: string, cause?: unknown): SlicebookError {
  return new SlicebookError("NIFTI_INVALID", why, { cause });
}
