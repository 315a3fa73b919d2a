import type { HostTensor, HostTensors, TensorEngine } from "@slicebook/base";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { CodeSpace } from "../code-space.ts";
import type { Params, TensorRecord } from "../params.ts";
import type { PerLevel } from "../per-level.ts";
import type { Condition, ConditionValues } from "./conditions.ts";

/** A model of code grids, as a plug-in: its name, its own options and a function that makes it. */
export interface Prior<Config = unknown> {
  readonly name: string;
  /** Its options in the `prior.options` of a run's configuration, with defaults. */
  readonly schema: z.ZodType<Config>;
  /** The options to start a new data set with, by its number of code levels; its defaults unless given. */
  readonly initialOptions?: (levels: number) => Readonly<Record<string, unknown>>;
  /** The prior for codes of that form; throws a `SlicebookError` if it cannot model them. */
  bind(config: Config, space: CodeSpace): BoundPrior;
}

/**
 * A prior for codes of one form: pure functions over flat records, like the VQ-VAE's.
 *
 * It is trained part by part: one that has a network for each level names a part for each, the coarsest first, and one
 * that models all levels at once a single part. The carries of all parts together, which share no name, are the prior's.
 */
export interface BoundPrior {
  readonly space: CodeSpace;
  /** What it is told of a slice besides its codes. */
  readonly conditions: readonly Condition[];
  /** By condition, the option that makes the prior take it when set to true. */
  readonly switches?: Readonly<Partial<Record<Condition, string>>>;
  /**
   * Whether it was also trained on slices of which it was told nothing, so that it can score and draw without conditions: what
   * {@link SampleOptions.guidance} needs.
   */
  readonly guidable?: boolean;
  /**
   * Whether it also learned orders in which known codes come first, in raster order, and then the others of their grid: these are
   * then drawn, and scored, given all that is known of it, wherever that lies.
   */
  readonly knownFirst?: boolean;
  readonly parts: readonly PriorPart[];
  /**
   * The weights of a carry, as {@link PriorPart.score} and {@link sample} take them. With `average` their averages, from
   * the tensors named `average.…` alone: these are what a trained prior is kept as.
   */
  parameters(carry: HostTensors, options: { average: boolean }): HostTensors;
  /**
   * Draws codes: int32 [count, rows, columns] for each level. Each slice depends on the seed and its number only: its
   * code at a position is drawn by `drawCode`, with the number that `uniformAt` gives.
   */
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
  /**
   * One step of training: `inputs` are a grid int32 [b, rows, columns] for each level up to its last (`codes.0`,
   * `codes.1`, …), the prior's conditions by their names, `progress` [] from 0 to 1 of the run, and the noise of
   * {@link stepNoise}.
   *
   * Its metrics are scalars, among them `loss` (nats per code); `accuracy` (share of codes predicted), `gradientNorm`
   * and `learningRate` are plotted where there are any.
   */
  readonly trainStep: (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];
  /** The noise of one step, drawn on the host: it depends on seed and step only. */
  stepNoise(options: { seed: number; step: number; batch: number }): HostTensors;
  /**
   * ln p of each code of its levels given those before it, in its grid and in the levels before, and the conditions, and
   * whether the code is the likeliest one: a grid [b, rows, columns] for each level up to its last → `logLikelihood`
   * float32 and `correct` int32 0 or 1, [b, rows, columns] for each of its levels. A condition that is absent is not
   * known.
   *
   * The codes of a grid come in raster order; of a prior that is `knownFirst`, those come first that are 1 in `known`, int32 0 or
   * 1 [b, rows, columns] for each level up to its last.
   */
  readonly score: (
    params: Params,
    codes: readonly Tensor[],
    conditions: Params,
    known?: readonly Tensor[],
  ) => CodeScores;
}

/** What a prior says of codes, a tensor a level: see {@link PriorPart.score}. */
export type CodeScores = {
  readonly logLikelihood: Tensor[];
  readonly correct: Tensor[];
};

/** How a prior draws grids. */
export interface SampleOptions {
  readonly count: number;
  readonly seed: number;
  /** The numbers of the samples to draw, `count` whole ones from 0; the first `count` unless given. */
  readonly numbers?: readonly number[];
  /** Divides the logits: below 1 safer, above 1 more varied. Default 1. */
  readonly temperature?: PerLevel;
  /**
   * The temperature of the first level's first row, which decides of which kind a slice is: a low one draws the kind that is
   * easiest to predict too often. Default: that of the level.
   */
  readonly firstRowTemperature?: number;
  /** Draw among the k likeliest codes only. */
  readonly topK?: number;
  /** Draw among the likeliest codes that make up this probability only. */
  readonly topP?: PerLevel;
  /** The levels that are drawn already, [count, rows, columns] each: only the others are. */
  readonly drawn?: readonly Int32Array[];
  /** Levels to draw, with those that are drawn already; all unless given. */
  readonly levels?: number;
  /**
   * The conditions of each slice, `count` of them: `labels`, needed if the prior takes them, `slicePositions` (−1 where
   * unknown), which are drawn by the seed unless they are given, and `covariates`, which are unknown unless they are given.
   */
  readonly conditions?: ConditionValues;
  /**
   * How closely samples follow their conditions (classifier-free guidance, Ho and Salimans, 2022): the logits are those
   * without conditions and this times what these change. Default 1: as the conditions say.
   */
  readonly guidance?: number;
  /**
   * Gives each code, from its logits [K], in place of chance: an entropy coder, for one. Seed, temperatures, `topK` and
   * `topP` then decide nothing, and slice positions that are not given are unknown.
   */
  readonly choose?: (logits: Float32Array, place: CodePlace) => number;
  /**
   * Codes that every slice has, by level: only the others are drawn, in raster order, from what lies before them; by a prior that
   * is `knownFirst`, from all that are given of their level as well.
   */
  readonly given?: readonly (GivenCodes | undefined)[];
  /** Called now and then with the number of codes drawn and to draw. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with every row as it is drawn, so that a grid can be shown while it grows. */
  readonly onRow?: (drawn: DrawnRow) => void;
  /** Stops the drawing: `sample` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Which code it is. */
export interface CodePlace {
  /** The slice's number among those that are drawn. */
  readonly slice: number;
  readonly level: number;
  /** In raster order. */
  readonly position: number;
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
