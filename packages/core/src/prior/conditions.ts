import type { Signature, TensorSpec } from "@slicebook/base";
import type { CodeSpace } from "../code-space.ts";

/**
 * What a prior can be told of a slice besides its codes, by name, for a batch of b:
 *
 * - `labels` int32 [b]: the number of its class; of a prior that is `guidable`, −1 if unknown.
 * - `slicePositions` float32 [b]: where it lies in its scan, from 0, the first slice, to 1, the last; −1 if unknown.
 * - `variations` float32 [b, n]: how it was varied, from −1 to 1 (see {@link CodeSpace.variations}). It is told in
 *   training only: slices that are scored or drawn are not varied.
 * - `covariates` float32 [b, n]: one for each of {@link CodeSpace.covariates}. A number goes from 0, the least of the training
 *   slices, to 1, the greatest; the k-th of K values to choose from, counted from 0, is k / (K − 1); −1 if unknown.
 */
export const CONDITIONS = ["labels", "slicePositions", "variations", "covariates"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Conditions of several slices, by name. */
export type ConditionValues = Readonly<Partial<Record<Condition, ArrayLike<number>>>>;

/** Stands for what is not known of a slice: its class, its position in its scan, a covariate. */
export const UNKNOWN = -1;

/** Those of a prior's conditions that hold for slices to score or to draw, which are not varied. */
export function lastingConditions(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.filter((name) => name !== "variations");
}

/** The shapes and types of conditions for a batch. */
export function conditionSpecs(
  conditions: readonly Condition[],
  { variations = 0, covariates = [] }: Pick<CodeSpace, "variations" | "covariates">,
  batch: number,
): Signature {
  const specs: Record<Condition, TensorSpec> = {
    labels: { shape: [batch], dtype: "int32" },
    slicePositions: { shape: [batch], dtype: "float32" },
    variations: { shape: [batch, variations], dtype: "float32" },
    covariates: { shape: [batch, covariates.length], dtype: "float32" },
  };
  return Object.fromEntries(conditions.map((name) => [name, specs[name]]));
}
