import type { readHeader } from "nifti-reader-js";
import type { Affine } from "../../orientation.ts";

/** Where the voxels of a NIfTI file lie. */
export interface NiftiAffine {
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

type Header = ReturnType<typeof readHeader>;

/** As nibabel's `get_best_affine`, after the repairs that it makes on loading. */
export function readAffine(
  view: DataView,
  header: Header,
  { version, shape }: { readonly version: 1 | 2; readonly shape: readonly number[] },
): NiftiAffine {
  const sizes = header.pixDims.slice(1, 4).map(usableSize) as [number, number, number];
  const unplaced = { affine: centredAffine(shape, sizes), affineCode: 0 };
  const [sformCode, qformCode] = [header.sform_code, header.qform_code].map((code) =>
    code >= 1 && code <= LARGEST_CODE ? code : 0,
  ) as [number, number];
  const [name, affineCode] = sformCode > 0 ? ["sform", sformCode] : ["qform", qformCode];
  if (affineCode === 0) return unplaced;
  const affine = name === "sform" ? readSform(view, header.littleEndian, version) : readQform(header, sizes);
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

function readSform(view: DataView, littleEndian: boolean, version: 1 | 2): number[][] {
  // The reader drops a NIfTI-1 sform when the qform's code is higher; nibabel and most others prefer it.
  const at = (index: number) =>
    version === 1
      ? view.getFloat32(280 + 4 * index, littleEndian)
      : view.getFloat64(400 + 8 * index, littleEndian);
  return [...[0, 4, 8].map((row) => [0, 1, 2, 3].map((column) => at(row + column))), BOTTOM];
}

/** How far a quaternion's length may be above 1 by rounding, as nibabel allows. */
const QUATERNION_TOLERANCE = 3.6e-7;

/** `undefined` for a quaternion that is not a rotation. */
function readQform(header: Header, [dx, dy, dz]: readonly [number, number, number]): number[][] | undefined {
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
