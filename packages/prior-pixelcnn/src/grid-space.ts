import { SlicebookError } from "@slicebook/base";
import type { CodeLevel, CodeSpace } from "@slicebook/core";

/** The one grid that this prior models, and the classes it can be conditioned on. */
export interface GridSpace extends CodeLevel {
  readonly classes: number;
}

/** The grid of codes of one level; throws `PRIOR_LEVELS` where there are several. */
export function gridSpace({ levels, classes }: CodeSpace): GridSpace {
  const [level, ...others] = levels;
  if (level === undefined || others.length > 0) {
    throw new SlicebookError("PRIOR_LEVELS", `pixelcnn models one grid of codes, not ${levels.length}`, {
      remedy: "Train a model with model.hierarchy=1 and model.quantizer.depth=1, or take another prior.",
    });
  }
  return { ...level, classes };
}
