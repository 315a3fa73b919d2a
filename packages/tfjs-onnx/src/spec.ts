import type { Structure } from "./structure.ts";

/** The element types a traced function takes and gives. */
export type DType = "float32" | "int32" | "bool";

/** What is known of a tensor before it has values. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A tensor on the host, row-major; a `bool` holds 0 or 1. */
export interface ConstantTensor extends TensorSpec {
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** The arguments' shapes and types, one structure for each. */
export type Signature = readonly Structure<TensorSpec>[];

/** Whether a value is a tensor's shape and type (and not a record that holds some). */
export function isTensorSpec(value: unknown): value is TensorSpec {
  if (typeof value !== "object" || value === null) return false;
  if (!("shape" in value) || !("dtype" in value)) return false;
  const { shape, dtype } = value;
  return (
    Array.isArray(shape) &&
    shape.every((side) => Number.isInteger(side) && side >= 0) &&
    (dtype === "float32" || dtype === "int32" || dtype === "bool")
  );
}

/** The number of values in a tensor of this shape; 1 for a scalar, `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
