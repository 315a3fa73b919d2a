import type { CodeLevel, CodeSpace, CovariateSpace } from "../code-space.ts";

/** One grid of codes, as one network models it: given the grids before it, and a class. */
export interface GridSpace extends CodeLevel {
  readonly classes: number;
  /** Numbers that say how a training slice was varied; 0 if it is not told. */
  readonly variations: number;
  /** What may be known of slices besides their class. */
  readonly covariates: readonly CovariateSpace[];
  /** The levels that are known before this one: it is conditioned on their codes. */
  readonly earlier: readonly CodeLevel[];
}

/** The levels of a slice's codes as grids, each with those before it. */
export function gridSpaces({ levels, classes, variations = 0, covariates = [] }: CodeSpace): GridSpace[] {
  return levels.map((level, index) => ({
    ...level,
    classes,
    variations,
    covariates,
    earlier: levels.slice(0, index),
  }));
}

/** What precedes the names of a level's weights and noise: nothing where there is one level only. */
export function levelPrefix(level: number, levels: number): string {
  return levels === 1 ? "" : `level${level}.`;
}
