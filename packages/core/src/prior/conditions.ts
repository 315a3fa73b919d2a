import type { Signature, TensorSpec } from "@slicebook/base";
import type { CodeSpace } from "../code-space.ts";

/**
 * What a prior can be told of a slice besides its codes, by name, for a batch of b:
 *
 * - `labels` int32 [b]: the number of its class.
 * - `slicePositions` float32 [b]: where it lies in its scan, from 0, the first slice, to 1, the last; −1 if unknown.
 * - `variations` float32 [b, n]: how it was varied, from −1 to 1 (see {@link CodeSpace.variations}). It is told in
 *   training only: slices that are scored or drawn are not varied.
 */
export const CONDITIONS = ["labels", "slicePositions", "variations"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Conditions of several slices, by name. */
export type ConditionValues = Readonly<Partial<Record<Condition, ArrayLike<number>>>>;

/** Stands for a slice's position in its scan where that is not known. */
export const UNKNOWN_SLICE_POSITION = -1;

/** Those of a prior's conditions that hold for slices to score or to draw, which are not varied. */
export function lastingConditions(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.filter((name) => name !== "variations");
}

/** The shapes and types of conditions for a batch. */
export function conditionSpecs(
  conditions: readonly Condition[],
  { variations = 0 }: Pick<CodeSpace, "variations">,
  batch: number,
): Signature {
  const specs: Record<Condition, TensorSpec> = {
    labels: { shape: [batch], dtype: "int32" },
    slicePositions: { shape: [batch], dtype: "float32" },
    variations: { shape: [batch, variations], dtype: "float32" },
  };
  return Object.fromEntries(conditions.map((name) => [name, specs[name]]));
}
