import { type HostTensors, type Signature, specsOf } from "@slicebook/base";
import { codesName, gridSpecs } from "../code-space.ts";
import { checkTensors } from "../params.ts";
import { conditionSpecs } from "./conditions.ts";
import type { BoundPrior, PriorPart } from "./contract.ts";

/** {@link PriorPart.score} of all levels, as a function of its own. */
export function scoreOf({ parts }: Pick<BoundPrior, "parts">): PriorPart["score"] {
  return (params, codes, conditions, known) => {
    const scored = parts.map(({ levels, score }) => {
      const end = 1 + Math.max(...levels);
      return score(params, codes.slice(0, end), conditions, known?.slice(0, end));
    });
    return {
      logLikelihood: scored.flatMap(({ logLikelihood }) => logLikelihood),
      correct: scored.flatMap(({ correct }) => correct),
    };
  };
}

/** The shapes and types of the inputs of a part's training step, noise included. */
export function stepInputs(
  prior: Pick<BoundPrior, "space" | "conditions">,
  part: PriorPart,
  batch: number,
): Signature {
  const grids = gridSpecs(prior.space.levels.slice(0, 1 + Math.max(...part.levels)), batch);
  return {
    ...Object.fromEntries(grids.map((spec, level) => [codesName(level), spec])),
    ...conditionSpecs(prior.conditions, prior.space, batch),
    progress: { shape: [], dtype: "float32" },
    ...specsOf(part.stepNoise({ seed: 0, step: 0, batch })),
  };
}

/** Checks a part's checkpoint; throws a `SlicebookError` (`CHECKPOINT_MISMATCH`) if it is of another architecture. */
export function checkCarry(part: PriorPart, carry: HostTensors): void {
  checkTensors("the prior's checkpoint", specsOf(part.initialCarry(0)), carry);
}
