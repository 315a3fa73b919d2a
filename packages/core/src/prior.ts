import type { HostTensor, HostTensors, Signature, TensorEngine } from "@slicebook/base";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { CodeSpace } from "./code-space.ts";
import type { Params, TensorRecord } from "./params.ts";
import type { PerLevel } from "./per-level.ts";

/** A model of code grids, as a plug-in: its name, its own options and a function that makes it. */
export interface Prior<Config = unknown> {
  readonly name: string;
  /** Its options in the `prior.options` of a run's configuration, with defaults. */
  readonly schema: z.ZodType<Config>;
  /** The prior for codes of that form; throws a `SlicebookError` if it cannot model them. */
  bind(config: Config, space: CodeSpace): BoundPrior;
}

/** Stands for a slice's position in its scan where that is not known. */
export const UNKNOWN_SLICE_POSITION = -1;

/**
 * A prior for codes of one form: pure functions over flat records, like the VQ-VAE's.
 *
 * It is trained part by part: one that has a network for each level names a part for each, the coarsest first, and one
 * that models all levels at once a single part. The carries of all parts together, which share no name, are the prior's.
 */
export interface BoundPrior {
  readonly parts: readonly PriorPart[];
  /** The weights of a carry, as {@link PriorPart.score} and {@link sample} take them; `average` for their average. */
  parameters(carry: HostTensors, options: { average: boolean }): HostTensors;
  /** Draws codes: int32 [count, rows, columns] for each level; each slice depends on the seed and its number only. */
  sample(engine: TensorEngine, params: HostTensors, options: SampleOptions): Promise<Int32Array[]>;
}

/** A part of a prior that is trained by itself: the model of some levels' codes, given those of all levels before. */
export interface PriorPart {
  /** The numbers of its levels, one after the other. */
  readonly levels: readonly number[];
  /**
   * What training starts from: weights, moments, averages, step. `vectors` are those of each level's
   * codebook, float32 [codes, D], for a prior to start from what is alike.
   */
  initialCarry(seed: number, options?: { readonly vectors?: readonly HostTensor[] }): HostTensors;
  /** Checks a checkpoint; throws a `SlicebookError` (`CHECKPOINT_MISMATCH`) if it is of another architecture. */
  checkCarry(carry: HostTensors): void;
  /**
   * One step of training: `inputs` are a grid int32 [b, rows, columns] for each level up to its last (`codes.0`,
   * `codes.1`, …), `labels` int32 [b] (zeros if there are no classes), `progress` [] from 0 to 1 of the run, and the
   * noise of {@link stepNoise}. A prior that is conditioned on them also takes `slicePositions` float32 [b]: where each
   * slice lies in its scan, from 0, the first, to 1, the last; −1 where that is not known; and `variations` float32
   * [b, n]: how each slice was varied, from −1 to 1, zeros for one as it is (see {@link CodeSpace.variations}).
   *
   * Its metrics are scalars, among them `loss` (nats per code), `accuracy` (share of codes predicted) and
   * `gradientNorm`.
   */
  readonly trainStep: (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];
  /** The shapes and types of a step's inputs, noise included. */
  stepInputs(batch: number): Signature;
  /** The noise of one step, drawn on the host: it depends on seed and step only. */
  stepNoise(options: { seed: number; step: number; batch: number }): HostTensors;
  /**
   * ln p of each code of its levels given those before it, in its grid and in the levels before, and the label, and
   * whether the code is the likeliest one: a grid [b, rows, columns] for each level up to its last, `labels` and
   * `slicePositions` as in a step → `logLikelihood` float32 and `correct` int32 0 or 1, [b, rows, columns] for each of
   * its levels. Without `slicePositions`, none is known.
   */
  readonly score: (
    params: Params,
    codes: readonly Tensor[],
    labels: Tensor,
    slicePositions?: Tensor,
  ) => CodeScores;
}

/** What a prior says of codes, a tensor a level: see {@link PriorPart.score}. */
export type CodeScores = {
  readonly logLikelihood: Tensor[];
  readonly correct: Tensor[];
};

/** {@link PriorPart.score} of all levels, as a function of its own. */
export function scoreOf({ parts }: Pick<BoundPrior, "parts">): PriorPart["score"] {
  return (params, codes, ...conditions) => {
    const scored = parts.map(({ levels, score }) =>
      score(params, codes.slice(0, 1 + Math.max(...levels)), ...conditions),
    );
    return {
      logLikelihood: scored.flatMap(({ logLikelihood }) => logLikelihood),
      correct: scored.flatMap(({ correct }) => correct),
    };
  };
}

/** Whether a prior is conditioned on where slices lie in their scans. */
export function takesSlicePositions({ parts }: Pick<BoundPrior, "parts">): boolean {
  return parts.some((part) => "slicePositions" in part.stepInputs(1));
}

/** How a prior draws grids. */
export interface SampleOptions {
  readonly count: number;
  readonly seed: number;
  /** Divides the logits: below 1 safer, above 1 more varied. Default 1. */
  readonly temperature?: PerLevel;
  /** Draw among the k likeliest codes only. */
  readonly topK?: number;
  /** Draw among the likeliest codes that make up this probability only. */
  readonly topP?: PerLevel;
  /** The levels that are drawn already, [count, rows, columns] each: only the others are. */
  readonly drawn?: readonly Int32Array[];
  /** Levels to draw, with those that are drawn already; all unless given. */
  readonly levels?: number;
  /** The class of each grid, `count` of them; needed if the prior has classes. */
  readonly labels?: ArrayLike<number>;
  /**
   * Where each slice lies in its scan, `count` numbers from 0, the first, to 1, the last; for a prior that is
   * conditioned on it, which draws them by the seed unless they are given.
   */
  readonly slicePositions?: ArrayLike<number>;
  /** Codes that every slice has, by level: only the others are drawn, in raster order, from what lies before them. */
  readonly given?: readonly (GivenCodes | undefined)[];
  /** Called now and then with the number of codes drawn and to draw. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with every row as it is drawn, so that a grid can be shown while it grows. */
  readonly onRow?: (drawn: DrawnRow) => void;
  /** Stops the drawing: `sample` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A part of a grid that is known, for the rest to be drawn. */
export interface GivenCodes {
  /** [rows, columns]; what lies where nothing is known is ignored. */
  readonly codes: ArrayLike<number>;
  /** [rows, columns]: 1 where the code is known, 0 where it is to be drawn. */
  readonly known: ArrayLike<number>;
}

/** One row of the grids that are drawn side by side. */
export interface DrawnRow {
  readonly level: number;
  readonly row: number;
  /** The number of the first of these samples. */
  readonly first: number;
  /** [samples, columns]. */
  readonly codes: Int32Array;
}
