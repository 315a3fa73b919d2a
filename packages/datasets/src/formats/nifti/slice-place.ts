import {
  type Affine,
  type AxisTurn,
  affineOf,
  canonicalAxes,
  FILE_AXES,
  type Orientation,
} from "../../orientation.ts";
import type { SliceOptions } from "../format.ts";
import { LARGEST_SLICE } from "../limits.ts";
import type { NiftiHeader } from "./header.ts";
import { invalid } from "./invalid.ts";

/** Where the values of a slice are in a file. */
export interface SlicePlace {
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

/** Finds a slice in a file with this header; throws `NIFTI_INVALID` if there is no such slice. */
export function slicePlace(header: NiftiHeader, options: SliceOptions): SlicePlace {
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
