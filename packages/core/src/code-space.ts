import type { TensorSpec } from "@slicebook/base";

/** One grid of codes of a slice, [rows, columns] in raster order. */
export interface CodeLevel {
  /** Entries of the codebook, K: indices are 0 to K − 1. */
  readonly codes: number;
  readonly rows: number;
  readonly columns: number;
}

/** What a covariate can be, such as a subject's age, sex or scanner. */
export interface CovariateSpace {
  /** How many values there are to choose from; 0 for a number. */
  readonly categories: number;
}

/** The codes of a slice: a list of grids, the coarsest and first quantized first. */
export interface CodeSpace {
  readonly levels: readonly CodeLevel[];
  /** Classes that samples can be conditioned on; 0 if there are none. */
  readonly classes: number;
  /** Numbers that say how a training slice was varied, for the prior to be told; none unless given. */
  readonly variations?: number;
  /** What may be known of slices besides their class; nothing unless given. */
  readonly covariates?: readonly CovariateSpace[];
}

/** The shapes and types of code grids for a batch, int32 [batch, rows, columns] for each level. */
export function gridSpecs(
  levels: readonly Pick<CodeLevel, "rows" | "columns">[],
  batch: number,
): TensorSpec[] {
  return levels.map(({ rows, columns }) => ({ shape: [batch, rows, columns], dtype: "int32" }));
}

/** The name of a level's grid in flat records, such as a prior's step inputs and files of code grids: `codes.0`, … */
export function codesName(level: number): string {
  return `codes.${level}`;
}

/**
 * What a flat record has for the grids of codes, by {@link codesName}, the first level first; of one level it may be called
 * `codes`, as in files of earlier versions.
 */
export function codeGridsIn<T>(record: Readonly<Record<string, T>>): T[] {
  if (record.codes !== undefined) return [record.codes];
  const grids: T[] = [];
  for (let level = 0; ; level++) {
    const grid = record[codesName(level)];
    if (grid === undefined) return grids;
    grids.push(grid);
  }
}
