/** Rows of a 4×4 matrix from voxel indices to millimetres: x to the right, y to the front, z to the top. */
export type Affine = readonly (readonly number[])[];

/** Where an image lies: its matrix to millimetres, and NIfTI's code of the space that it leads to (0: not known). */
export interface Placement {
  readonly affine: Affine;
  readonly code: number;
}

/** How the axes of a NIfTI image lie: as in its file, or turned to the patient's. */
export const ORIENTATIONS = ["file", "canonical"] as const;

export type Orientation = (typeof ORIENTATIONS)[number];

/** An axis of the file, and whether it is run through from its end. */
export interface AxisTurn {
  readonly axis: 0 | 1 | 2;
  readonly reversed: boolean;
}

/** The file's own axes. */
export const FILE_AXES: readonly AxisTurn[] = [
  { axis: 0, reversed: false },
  { axis: 1, reversed: false },
  { axis: 2, reversed: false },
];

/**
 * Which axis of the file runs to the patient's right, which to the front and which to the top, and which of them run
 * the other way: the axes of nibabel's `as_closest_canonical`.
 *
 * Each axis of the file is given the direction that it is nearest to, among those that are left.
 */
export function canonicalAxes(affine: Affine): readonly AxisTurn[] {
  const turns: AxisTurn[] = [];
  for (const { axis } of FILE_AXES) {
    const column = [0, 1, 2].map((direction) => affine[direction]![axis]!);
    const free = [0, 1, 2].filter((direction) => turns[direction] === undefined);
    const nearest = free.reduce((best, direction) =>
      Math.abs(column[direction]!) > Math.abs(column[best]!) ? direction : best,
    );
    turns[nearest] = { axis, reversed: column[nearest]! < 0 };
  }
  return turns;
}

/** The matrix of an image whose rows, columns and slices start at `origin` and step by `steps`, in voxels. */
export function affineOf(
  affine: Affine,
  origin: readonly number[],
  steps: readonly (readonly number[])[],
): number[][] {
  const spatial = affine.slice(0, 3).map((row) => {
    const along = (voxel: readonly number[]) =>
      row[0]! * voxel[0]! + row[1]! * voxel[1]! + row[2]! * voxel[2]!;
    return [...steps.map(along), along(origin) + row[3]!];
  });
  return [...spatial, [0, 0, 0, 1]];
}
