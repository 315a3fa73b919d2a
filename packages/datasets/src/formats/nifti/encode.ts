import type { Affine } from "../../orientation.ts";
import type { PixelType } from "../../types.ts";
import { type NiftiHeader, niftiByteLength, niftiType } from "./header.ts";

/** How {@link encodeNifti} writes. */
export interface EncodeNiftiOptions {
  /** The lengths of the axes; the values run along the last one first. */
  readonly shape: readonly number[];
  readonly type: Exclude<PixelType, "rgb24" | "rgba32">;
  /**
   * Written as `scl_slope` and `scl_inter`: what is stored is (value - intercept) / slope, rounded for
   * integers.
   */
  readonly slope?: number;
  readonly intercept?: number;
  readonly littleEndian?: boolean;
  readonly version?: 1 | 2;
  /** Rows of the 4×4 matrix from voxel indices to millimetres, written as the sform. */
  readonly affine?: Affine;
  /**
   * NIfTI's code of the space that the matrix leads to, the scanner's (1) unless given. With 0 it is not known how the
   * image lies: of the matrix only the voxel sizes are written.
   */
  readonly affineCode?: number;
}

const IDENTITY = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];

const INTEGER_RANGES: Partial<Record<PixelType, readonly [low: number, high: number]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

/**
 * Encodes values as a single NIfTI file (`.nii`), not compressed; the inverse of `decodeNifti`.
 *
 * `values` are row-major (`values[row * width + column]`); the file has axis 0 running fastest, as NIfTI
 * asks. Throws a `RangeError` if the values do not fill the shape or do not fit the type.
 */
export function encodeNifti(
  values: ArrayLike<number>,
  {
    shape,
    type,
    slope = 1,
    intercept = 0,
    littleEndian = true,
    version = 1,
    affine = IDENTITY,
    affineCode = 1,
  }: EncodeNiftiOptions,
): Uint8Array {
  const offset = version === 1 ? 352 : 544;
  const header: NiftiHeader = {
    version,
    littleEndian,
    shape,
    type,
    offset,
    slope,
    intercept,
    paired: false,
    affine,
    affineCode,
  };
  const bytes = new Uint8Array(niftiByteLength(header));
  const size = (bytes.length - offset) / niftiType(type).bytes;
  if (values.length !== size) {
    throw new RangeError(`${values.length} values do not fill the shape [${shape.join(", ")}]`);
  }
  const view = new DataView(bytes.buffer);
  writeHeader(view, header);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, side) => product * side, 1));
  const write = valueWriter(view, type, littleEndian);
  const limits = INTEGER_RANGES[type];
  for (let index = 0; index < size; index++) {
    let element = 0;
    let rest = index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      element += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    let stored = (values[index]! - intercept) / slope;
    if (limits !== undefined) {
      stored = Math.round(stored);
      if (!(stored >= limits[0] && stored <= limits[1])) {
        throw new RangeError(`the value ${values[index]} does not fit ${type} (stored as ${stored})`);
      }
    }
    write(offset + element * niftiType(type).bytes, stored);
  }
  return bytes;
}

function writeHeader(view: DataView, header: NiftiHeader): void {
  const { version, littleEndian: little, shape, type, offset, slope, intercept, affine, affineCode } = header;
  const { code, bytes } = niftiType(type);
  const dims = [shape.length, ...shape, ...Array<number>(7 - shape.length).fill(1)];
  const sizes = [1, ...[0, 1, 2].map((axis) => voxelSize(affine, axis)), 1, 1, 1, 1];
  const rows = affineCode === 0 ? [] : affine.slice(0, 3).flat();
  const ascii = (text: string, at: number) => {
    for (const [index, character] of [...text].entries()) view.setUint8(at + index, character.charCodeAt(0));
  };
  if (version === 1) {
    view.setInt32(0, 348, little);
    for (const [index, side] of dims.entries()) view.setInt16(40 + 2 * index, side, little);
    view.setInt16(70, code, little);
    view.setInt16(72, 8 * bytes, little);
    for (const [index, side] of sizes.entries()) view.setFloat32(76 + 4 * index, side, little);
    view.setFloat32(108, offset, little);
    view.setFloat32(112, slope, little);
    view.setFloat32(116, intercept, little);
    view.setUint8(123, 2); // millimetres
    view.setInt16(254, affineCode, little);
    for (const [index, value] of rows.entries()) view.setFloat32(280 + 4 * index, value, little);
    ascii("n+1", 344);
  } else {
    view.setInt32(0, 540, little);
    ascii("n+2\0\r\n\x1a\n", 4);
    view.setInt16(12, code, little);
    view.setInt16(14, 8 * bytes, little);
    for (const [index, side] of dims.entries()) view.setBigInt64(16 + 8 * index, BigInt(side), little);
    for (const [index, side] of sizes.entries()) view.setFloat64(104 + 8 * index, side, little);
    view.setBigInt64(168, BigInt(offset), little);
    view.setFloat64(176, slope, little);
    view.setFloat64(184, intercept, little);
    view.setInt32(348, affineCode, little);
    for (const [index, value] of rows.entries()) view.setFloat64(400 + 8 * index, value, little);
    view.setInt32(500, 2, little);
  }
}

function voxelSize(affine: Affine, axis: number): number {
  return Math.hypot(affine[0]![axis]!, affine[1]![axis]!, affine[2]![axis]!);
}

function valueWriter(
  view: DataView,
  type: EncodeNiftiOptions["type"],
  little: boolean,
): (at: number, value: number) => void {
  switch (type) {
    case "int8":
      return (at, value) => view.setInt8(at, value);
    case "uint8":
      return (at, value) => view.setUint8(at, value);
    case "int16":
      return (at, value) => view.setInt16(at, value, little);
    case "uint16":
      return (at, value) => view.setUint16(at, value, little);
    case "int32":
      return (at, value) => view.setInt32(at, value, little);
    case "uint32":
      return (at, value) => view.setUint32(at, value, little);
    case "int64":
      return (at, value) => view.setBigInt64(at, BigInt(value), little);
    case "uint64":
      return (at, value) => view.setBigUint64(at, BigInt(value), little);
    case "float32":
      return (at, value) => view.setFloat32(at, value, little);
    case "float64":
      return (at, value) => view.setFloat64(at, value, little);
  }
}
