import type { HostTensor, HostTensors } from "@slicebook/base";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { CodeSpace } from "./code-space.ts";
import type { Params, Signature, TensorRecord, TensorSpec } from "./params.ts";

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

/** A prior for codes of one form: pure functions over flat records, like the VQ-VAE's. */
export interface BoundPrior {
  /**
   * What training starts from: weights, moments, averages, step. `vectors` are those of each level's
   * codebook, float32 [codes, D], for a prior to start from what is alike.
   */
  initialCarry(seed: number, options?: { readonly vectors?: readonly HostTensor[] }): HostTensors;
  /** Checks a checkpoint; throws a `SlicebookError` (`CHECKPOINT_MISMATCH`) if it is of another architecture. */
  checkCarry(carry: HostTensors): void;
  /**
   * One step of training: `inputs` are a grid int32 [b, rows, columns] for each level (`codes.0`, `codes.1`, …),
   * `labels` int32 [b] (zeros if there are no classes), `progress` [] from 0 to 1 of the run, and the noise of
   * {@link stepNoise}. A prior that is conditioned on them also takes `slicePositions` float32 [b]: where each slice
   * lies in its scan, from 0, the first, to 1, the last; −1 where that is not known.
   *
   * Its metrics are scalars, among them `loss` (nats per code), `accuracy` (share of codes guessed) and
   * `gradientNorm`.
   */
  readonly trainStep: (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];
  /** The shapes and types of a step's inputs, noise included. */
  stepInputs(batch: number): Signature;
  /** The noise of one step, drawn on the host: it depends on seed and step only. */
  stepNoise(options: { seed: number; step: number; batch: number }): HostTensors;
  /** The weights of a carry, as {@link logLikelihood} and {@link sample} take them; `average` for their average. */
  parameters(carry: HostTensors, options: { average: boolean }): HostTensors;
  /**
   * ln p of each code given those before it, in its grid and in the levels before, and the label: a grid
   * [b, rows, columns] a level, `labels` and `slicePositions` as in a step → as many tensors of the same shapes.
   * Without `slicePositions`, none is known.
   */
  readonly logLikelihood: (
    params: Params,
    codes: readonly Tensor[],
    labels: Tensor,
    slicePositions?: Tensor,
  ) => Tensor[];
  /** The same, and whether each code is the likeliest one: `correct` int32 0 or 1 [b, rows, columns] a level. */
  readonly score: (
    params: Params,
    codes: readonly Tensor[],
    labels: Tensor,
    slicePositions?: Tensor,
  ) => { readonly logLikelihood: Tensor[]; readonly correct: Tensor[] };
  /** Draws codes: int32 [count, rows, columns] for each level; each slice depends on the seed and its number only. */
  sample(engine: SamplerEngine, params: HostTensors, options: SampleOptions): Promise<Int32Array[]>;
}

/** Whether a prior is conditioned on where slices lie in their scans. */
export function takesSlicePositions(prior: Pick<BoundPrior, "stepInputs">): boolean {
  return "slicePositions" in prior.stepInputs(1);
}

/** How a prior draws grids. */
export interface SampleOptions {
  readonly count: number;
  readonly seed: number;
  /** Divides the logits: below 1 safer, above 1 more varied. Default 1. */
  readonly temperature?: number;
  /** Draw among the k likeliest codes only. */
  readonly topK?: number;
  /** Draw among the likeliest codes that make up this probability only. */
  readonly topP?: number;
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

/** Tensors in nested lists and records. */
export type Nested<T> = T | readonly Nested<T>[] | { readonly [name: string]: Nested<T> };

/** The part of an engine that a sampler needs, so that a prior need not import one. */
export interface SamplerEngine {
  /** Prepares `fn` for arguments of these shapes; with `parameters` it is called as `fn(parameters, ...args)`. */
  compile(
    fn: (...args: never[]) => Nested<Tensor>,
    signature: readonly Nested<TensorSpec>[],
    options?: { readonly parameters?: HostTensors },
  ): Promise<SamplerFunction>;
  /** Prepares a step whose carry stays with the engine; with `parameters`, `step(parameters, carry, inputs)`. */
  loop(
    step: (...args: never[]) => [TensorRecord, TensorRecord],
    carry: HostTensors,
    inputs: Signature,
    options?: { readonly parameters?: HostTensors },
  ): Promise<SamplerLoop>;
}

/** A function that an engine has prepared. */
export interface SamplerFunction {
  run(...args: readonly Nested<HostTensor>[]): Promise<Nested<HostTensor>>;
  dispose(): Promise<void>;
}

/** A step function that an engine has prepared, with its carry. */
export interface SamplerLoop {
  next(inputs: HostTensors): Promise<HostTensors>;
  read(): Promise<HostTensors>;
  replace(carry: HostTensors): Promise<void>;
  dispose(): Promise<void>;
}
