import {
  type Compiled,
  float32,
  type HostTensors,
  int32,
  type OnHost,
  random,
  sizeOf,
  type TensorEngine,
} from "@slicebook/base";
import { type CodeLevel, type CodeSpace, codesName, gridSpecs } from "../code-space.ts";
import { mapRecord } from "../params.ts";
import {
  type Condition,
  type ConditionValues,
  conditionSpecs,
  lastingConditions,
  UNKNOWN,
} from "../prior/conditions.ts";
import type { BoundPrior, CodeScores, PriorPart, SampleOptions } from "../prior/contract.ts";
import { scoreOf, stepInputs } from "../prior/parts.ts";

const SEED = 7;
const STEPS = 4;
const BATCH = 4;

/** A prior for codes of one form with trained weights, and what the checks ask of it. */
export interface Subject {
  readonly prior: BoundPrior;
  readonly engine: TensorEngine;
  readonly parameters: HostTensors;
  /** Each part after its training. */
  readonly trained: readonly TrainedPart[];
  /** ln p of each code, and whether it is said to be the likeliest, of grids of all levels, of which those that are `known` come first. */
  score(grids: readonly Int32Array[], conditions: ConditionValues, known?: Known): Promise<Scores>;
  sample(options: SampleOptions): Promise<Int32Array[]>;
}

/** A mask for each level, [rows, columns]: 1 for codes that come before the others. */
export type Known = readonly Int32Array[];

/** A part after a few steps, and the loss of each. */
export interface TrainedPart {
  readonly carry: HostTensors;
  readonly losses: readonly number[];
}

/** A list for each level, [grids, rows, columns]. */
export interface Scores {
  readonly logLikelihood: readonly Float32Array[];
  readonly correct: readonly Int32Array[];
}

/** A prior after a few steps of training on random codes. */
export async function trainedSubject(
  prior: BoundPrior,
  engine: TensorEngine,
  weights: (parameters: HostTensors) => HostTensors,
): Promise<Subject> {
  const trained: TrainedPart[] = [];
  for (const part of prior.parts) trained.push(await trainedPart(prior, part, engine));
  const carries = trained.map(({ carry }) => carry);
  const parameters = weights(prior.parameters(Object.assign({}, ...carries), { average: true }));
  const compiled = new Map<string, Promise<Compiled<OnHost<CodeScores>>>>();
  const compiledFor = (count: number, inOrder: boolean): Promise<Compiled<OnHost<CodeScores>>> => {
    const grids = gridSpecs(prior.space.levels, count);
    const specs = conditionSpecs(lastingConditions(prior.conditions), prior.space, count);
    const key = `${count} ${inOrder}`;
    const scoring =
      compiled.get(key) ??
      engine.compile(scoreOf(prior), [grids, specs, ...(inOrder ? [grids] : [])], { parameters });
    compiled.set(key, scoring);
    return scoring;
  };
  return {
    prior,
    engine,
    parameters,
    trained,
    async score(grids, conditions, known) {
      const count = gridCount(prior.space, grids);
      const tensors = (values: readonly Int32Array[]) =>
        gridSpecs(prior.space.levels, count).map(({ shape }, level) => int32(values[level]!, shape));
      const run = await compiledFor(count, known !== undefined);
      const { logLikelihood, correct } = await run.run(
        tensors(grids),
        hostConditions(prior, conditions, count),
        ...(known === undefined ? [] : [tensors(known.map((mask) => repeated(mask, count)))]),
      );
      return {
        logLikelihood: logLikelihood.map(({ data }) => Float32Array.from(data)),
        correct: correct.map(({ data }) => Int32Array.from(data)),
      };
    },
    sample: (options) => prior.sample(engine, parameters, options),
  };
}

/** Trains a part for a few steps. */
export async function trainedPart(
  prior: BoundPrior,
  part: PriorPart,
  engine: TensorEngine,
): Promise<TrainedPart> {
  const signature = stepInputs(prior, part, BATCH);
  const loop = await engine.loop(part.trainStep, part.initialCarry(SEED), signature);
  const losses: number[] = [];
  try {
    for (let step = 0; step < STEPS; step++) {
      const given = { ...trainingInputs(prior, step), ...part.stepNoise({ seed: SEED, step, batch: BATCH }) };
      const { loss } = await loop.next(mapRecord(signature, (_, name) => given[name]!));
      if (loss === undefined || sizeOf(loss.shape) !== 1) {
        throw new Error("a training step gives no metric named loss that is one number");
      }
      losses.push(loss.data[0]!);
    }
    return { carry: await loop.read(), losses };
  } finally {
    await loop.dispose();
  }
}

/** Random codes and conditions, and the progress: all that a step is given but its noise. */
function trainingInputs({ space }: BoundPrior, step: number): HostTensors {
  const { levels, classes, variations = 0, covariates = [] } = space;
  const draws = random(SEED, "contract", step);
  const codes = randomGrids(space, BATCH, step).map((grid, level) => {
    const { rows, columns } = levels[level]!;
    return [codesName(level), int32(grid, [BATCH, rows, columns])] as const;
  });
  return {
    ...Object.fromEntries(codes),
    labels: int32(
      Int32Array.from({ length: BATCH }, (_, at) => at % Math.max(1, classes)),
      [BATCH],
    ),
    slicePositions: float32(draws.uniforms(BATCH), [BATCH]),
    variations: float32(draws.normals(BATCH * variations, 0.3), [BATCH, variations]),
    covariates: float32(draws.uniforms(BATCH * covariates.length), [BATCH, covariates.length]),
    progress: float32([step / STEPS], []),
  };
}

/** Grids of random codes, for each level [count, rows, columns]. */
export function randomGrids({ levels }: CodeSpace, count: number, seed: number): Int32Array[] {
  return levels.map((grid, level) => {
    const stream = random(seed, "contract-codes", level);
    return Int32Array.from({ length: count * areaOf(grid) }, () => stream.integer(grid.codes));
  });
}

/** Conditions of samples that differ, as far as the prior takes them. */
export function someConditions({ space, conditions }: BoundPrior, count: number): ConditionValues {
  return {
    ...(conditions.includes("labels") && {
      labels: Array.from({ length: count }, (_, sample) => sample % space.classes),
    }),
    ...(conditions.includes("slicePositions") && {
      slicePositions: Array.from({ length: count }, (_, sample) => (sample % 5) / 4),
    }),
    ...(conditions.includes("covariates") && {
      covariates: Array.from({ length: count }, (_, sample) => covariatesOf(space, sample)).flat(),
    }),
  };
}

/** Every third sample lacks one of them. */
function covariatesOf({ covariates = [] }: CodeSpace, sample: number): number[] {
  return covariates.map(({ categories }, number) => {
    const steps = categories === 0 ? 4 : categories - 1;
    return (sample + number) % 3 === 2 ? UNKNOWN : (sample % (steps + 1)) / steps;
  });
}

/** How many numbers say one of a prior's conditions of a slice. */
export function widthOf({ space, conditions }: BoundPrior, name: Condition): number {
  return sizeOf(conditionSpecs(conditions, space, 1)[name]!.shape);
}

function hostConditions(prior: BoundPrior, values: ConditionValues, count: number): HostTensors {
  const specs = conditionSpecs(lastingConditions(prior.conditions), prior.space, count);
  return mapRecord(specs, ({ shape, dtype }, name) => {
    const given = Array.from(Object.entries(values).find(([one]) => one === name)?.[1] ?? []);
    return dtype === "int32" ? int32(given, shape) : float32(given, shape);
  });
}

export function areaOf({ rows, columns }: CodeLevel): number {
  return rows * columns;
}

/** How many grids of all levels there are in lists of them. */
export function gridCount({ levels }: CodeSpace, grids: readonly Int32Array[]): number {
  return grids[0]!.length / areaOf(levels[0]!);
}

/** How many slices' codes of that form there are. */
export function countGrids({ levels }: CodeSpace): number {
  return levels.reduce((product, grid) => product * grid.codes ** areaOf(grid), 1);
}

/** A code's place in the order in which codes are drawn. */
export interface Place {
  readonly level: number;
  /** In its grid, in raster order. */
  readonly position: number;
}

/** All places of a slice's codes, in order. */
export function placesOf({ levels }: CodeSpace, known?: Known): Place[] {
  const isKnown = ({ level, position }: Place) => known?.[level]?.[position] ?? 0;
  return levels.flatMap((grid, level) =>
    Array.from({ length: areaOf(grid) }, (_, position) => ({ level, position })).toSorted(
      (one, other) => isKnown(other) - isKnown(one),
    ),
  );
}

/** About half of the codes: every second, and whole rows. */
export function someKnown({ levels }: CodeSpace): Int32Array[] {
  return levels.map((grid) =>
    Int32Array.from({ length: areaOf(grid) }, (_, at) =>
      Number(at % 2 === 1 || at % (3 * grid.columns) < grid.columns - 1),
    ),
  );
}

/** The orders in which a prior's codes come: in raster order, and, if known codes can come first, with some of them first. */
export function ordersOf({ space, knownFirst }: BoundPrior): readonly (Known | undefined)[] {
  return knownFirst ? [undefined, someKnown(space)] : [undefined];
}

export function repeated(values: Int32Array, times: number): Int32Array {
  return Int32Array.from({ length: times * values.length }, (_, at) => values[at % values.length]!);
}

/** A place in words. */
export function placeName({ levels }: CodeSpace, { level, position }: Place): string {
  const { columns } = levels[level]!;
  return `level ${level}, row ${Math.floor(position / columns)}, column ${position % columns}`;
}
