import type { HostTensors, TensorEngine } from "@slicebook/base";
import type { Tensor } from "@tensorflow/tfjs-core";
import { type CodeSpace, codesName } from "../code-space.ts";
import { initialTraining, type OptimizerConfig, trainedWeights } from "../optimizer.ts";
import { type Params, param, withoutPrefix, withPrefix } from "../params.ts";
import { drawWeights, type Weights } from "../weights.ts";
import type { Condition } from "./conditions.ts";
import type { BoundPrior, GivenCodes, PriorPart } from "./contract.ts";
import { crossEntropyStep, scoreByLogits } from "./cross-entropy.ts";
import { drawLevels } from "./draw-levels.ts";
import { type GridSpace, gridSpaces, levelPrefix } from "./grid-space.ts";
import { corrupted, levelNoise, type NoiseOptions, toldConditions } from "./level-noise.ts";
import type { LevelSampler } from "./level-sampler.ts";
import { likeCodebooks } from "./like-codebooks.ts";
import type { SliceConditions } from "./slice-biases.ts";

/** The network of one level's codes, given those of the levels before: what {@link priorByLevel} needs to know of it. */
export interface LevelNetwork {
  /** Among them `embedding` and, of the levels before, `context.embedding0` and so on: a vector for each code. */
  readonly weights: Weights;
  readonly optimizer: OptimizerConfig;
  readonly noise: NoiseOptions;
  /** The logits of its codes `[b·rows·columns, K]`. */
  logits(params: Params, given: LevelInput): Tensor;
  /** Prepares it for drawing. */
  open(options: LevelSession): Promise<LevelSampler>;
}

/** What a level's network gets of a batch. */
export interface LevelInput extends SliceConditions {
  /** int32 `[b, rows, columns]`: of each only those before a code are its context. */
  readonly codes: Tensor;
  /** The grids of the levels before. */
  readonly earlier: readonly Tensor[];
  /** int32 `[b, rows, columns]`: 1 for codes that come before the others; all come in raster order where it is absent. */
  readonly known?: Tensor | undefined;
  /** float32 `[b, …]`, factors for channels; none is dropped where it is absent. */
  readonly dropout?: Tensor | undefined;
}

/** What a level's network is prepared for drawing with. */
export interface LevelSession {
  readonly engine: TensorEngine;
  /** The level's own weights. */
  readonly parameters: HostTensors;
  readonly lanes: number;
  /** `[rows, columns]`: 1 for codes that are given; none are where it is absent. */
  readonly known: GivenCodes["known"] | undefined;
}

/** A prior that has a network for each level, which is trained by itself by the cross-entropy of its codes. */
export function priorByLevel(
  space: CodeSpace,
  {
    slicePosition,
    conditionDropout,
    knownFirst = false,
    network,
  }: {
    readonly slicePosition: boolean;
    readonly conditionDropout: number;
    /** Whether the networks heed `known`. */
    readonly knownFirst?: boolean;
    readonly network: (space: GridSpace, level: number) => LevelNetwork;
  },
): BoundPrior {
  const spaces = gridSpaces(space);
  const networks = spaces.map(network);
  const prefixes = spaces.map((_, level) => levelPrefix(level, spaces.length));
  const taken: readonly [Condition, boolean][] = [
    ["labels", space.classes > 0],
    ["slicePositions", slicePosition],
    ["variations", (space.variations ?? 0) > 0],
    ["covariates", (space.covariates ?? []).length > 0],
  ];
  const conditions = taken.flatMap(([name, isTaken]) => (isTaken ? [name] : []));
  const guidable = conditionDropout > 0;
  return {
    space,
    conditions,
    switches: { slicePositions: "slicePosition" },
    guidable,
    knownFirst,
    parts: spaces.map((grid, level) => partOf(networks[level]!, grid, prefixes[level]!)),
    parameters: trainedWeights,
    sample: (engine, parameters, options) =>
      drawLevels({ space, conditions, guidable }, options, (level, lanes, known) =>
        networks[level]!.open({
          engine,
          parameters: withoutPrefix(prefixes[level]!, parameters),
          lanes,
          known,
        }),
      ),
  };
}

function partOf(network: LevelNetwork, space: GridSpace, prefix: string): PriorPart {
  const level = space.earlier.length;
  return {
    levels: [level],
    initialCarry(seed, { vectors = [] } = {}) {
      const drawn = drawWeights(likeCodebooks(network.weights, vectors, level), seed, {
        prefix: level === 0 ? "" : prefix,
      });
      return initialTraining(withPrefix(prefix, drawn));
    },
    trainStep: crossEntropyStep(level, network.optimizer, (weights, inputs) => {
      return network.logits(withoutPrefix(prefix, weights), {
        codes: corrupted(param(inputs, codesName(level)), inputs.corruption),
        earlier: space.earlier.map((_, before) => param(inputs, codesName(before))),
        known: inputs.known,
        ...toldConditions(inputs),
        dropout: inputs.dropout,
      });
    }),
    stepNoise: (options) => levelNoise(network.noise, space, { ...options, prefix }),
    score: scoreByLogits((params, codes, { labels, slicePositions, covariates }, known) =>
      network.logits(withoutPrefix(prefix, params), {
        codes: codes.at(-1)!,
        earlier: codes.slice(0, -1),
        known: known?.at(-1),
        labels,
        slicePositions,
        covariates,
      }),
    ),
  };
}
