import type { TracedOperand } from "@slicebook/tfjs-onnx";

/** The numbers of a tensor; int64, which is for shapes and indices only, as whole numbers in float64. */
export type Values = Float32Array | Int32Array | Uint8Array | Float64Array;
export type ValueType = TracedOperand["type"];

/** A tensor that a kernel takes, at the place where its values are each time. */
export interface Operand {
  readonly type: ValueType;
  readonly shape: readonly number[];
  readonly values: Values;
  /** Whether its values are there when the kernel is made, and never change. */
  readonly constant: boolean;
}

/** How far apart neighbours along each axis lie in a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Those of a tensor that broadcasts to another shape: 0 along axes on which it repeats. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const missing = to.length - shape.length;
  const strides = stridesOf(shape);
  return to.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** For each element of a row-major tensor, in its order, a start and the sum of strides times coordinates. */
export function elementOffsets(shape: readonly number[], strides: readonly number[], start = 0): Int32Array {
  const offsets = new Int32Array(shape.reduce((product, side) => product * side, 1));
  const coordinates = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let at = 0; at < offsets.length; at++) {
    offsets[at] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++coordinates[axis]! < shape[axis]!) break;
      offset -= shape[axis]! * strides[axis]!;
      coordinates[axis] = 0;
    }
  }
  return offsets;
}
