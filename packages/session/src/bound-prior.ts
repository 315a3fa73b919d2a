import {
  floats,
  type HostTensors,
  int32,
  integers,
  type Signature,
  sizeOf,
  specsOf,
  type TensorEngine,
} from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { loadPrior } from "@slicebook/config";
import {
  type BoundPrior,
  checkTensors,
  conditionSpecs,
  encodeSafetensors,
  gridSpecs,
  lastingConditions,
  type PriorPart,
  scoreOf,
  UNKNOWN,
  withoutPrefix,
  withPrefix,
} from "@slicebook/core";
import { type Covariate, covariateSpaces, VARIATIONS } from "@slicebook/datasets";
import { paddedPart } from "@slicebook/model";
import { neededFile, readCovariates, trainedPrior } from "@slicebook/runs";
import { type CodeGrids, checkedCarry, readSafetensors } from "@slicebook/runs/tensors";
import type { Session } from "./session.ts";

/** What is known of slices besides their codes. */
export interface KnownOfSlices {
  readonly classes: readonly string[];
  readonly covariates: readonly Covariate[];
}

/** What is known of the run's encoded slices, whose grids these are. */
export function knownOf({ paths }: Session, { classes }: CodeGrids): KnownOfSlices {
  return { classes, covariates: readCovariates(paths)?.covariates ?? [] };
}

/** The run's prior for its own codes. */
export async function bindPrior(
  { config, model }: Session,
  { classes, covariates }: KnownOfSlices,
): Promise<BoundPrior> {
  const prior = await loadPrior(config.prior.name);
  const variations = config.prior.augment.copies === 0 ? 0 : VARIATIONS;
  return prior.bind(prior.schema.parse(config.prior.options), {
    levels: model.levels,
    classes: classes.length,
    variations,
    covariates: covariateSpaces(covariates),
  });
}

/** The weights of the prior that samples are drawn from. */
export async function priorParameters(session: Session, prior: BoundPrior): Promise<HostTensors> {
  const file = await neededFile(session.paths, trainedPrior);
  const { tensors } = await readSafetensors(file);
  return prior.parameters(
    checkedCarry(file, { carry: withAverages(tensors) }, (carry) =>
      checkTensors("the prior's checkpoint", averagesOf(prior), carry),
    ),
    { average: true },
  );
}

/** Joins the best checkpoints of all parts into the file that samples are drawn from: their averaged weights. */
export async function joinParts({ paths }: Session, parts: readonly HostTensors[]): Promise<void> {
  const averages = withAverages(Object.assign({}, ...parts));
  await writeFileAtomic(paths.prior.best, encodeSafetensors(averages, { format: "pt" }));
}

const AVERAGE = "average.";

function withAverages(tensors: HostTensors): HostTensors {
  return withPrefix(AVERAGE, withoutPrefix(AVERAGE, tensors));
}

function averagesOf({ parts }: BoundPrior): Signature {
  return specsOf(withAverages(Object.assign({}, ...parts.map((part) => part.initialCarry(0)))));
}

/** How well a prior predicts codes. */
export interface CodeScore {
  /** Mean −ln p of a code. */
  readonly natsPerCode: number;
  /** The share of codes that are the likeliest ones. */
  readonly accuracy: number;
}

/** Measures how likely a prior finds grids, with the weights given at each call. */
export interface LikelihoodMeter {
  /** Over all scored levels together, and of each of them. */
  score(
    parameters: HostTensors,
    grids: CodeGrids,
  ): Promise<CodeScore & { readonly levels: readonly CodeScore[] }>;
  /** ln p of every code, in the grids' own order, each of the scored levels. */
  logLikelihood(parameters: HostTensors, grids: CodeGrids): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

/** Measures with a whole prior, or with one of its parts. */
export async function createLikelihoodMeter(
  engine: TensorEngine,
  prior: BoundPrior,
  parameters: HostTensors,
  {
    batch,
    known,
    part = { score: scoreOf(prior), levels: [...prior.space.levels.keys()] },
  }: {
    readonly batch: number;
    /** Of a prior that is `knownFirst`: a mask [rows, columns] a level, 1 for the codes of each grid that come first. */
    readonly known?: readonly Uint8Array[] | undefined;
    readonly part?: Pick<PriorPart, "score" | "levels">;
  },
): Promise<LikelihoodMeter> {
  const { score, levels: scored } = part;
  const specs = gridSpecs(prior.space.levels.slice(0, 1 + Math.max(...scored)), batch);
  const told = conditionSpecs(lastingConditions(prior.conditions), prior.space, batch);
  const first = known?.map((mask, level) => {
    const { shape } = specs[level]!;
    return int32(
      Int32Array.from({ length: sizeOf(shape) }, (_, at) => mask[at % mask.length]!),
      shape,
    );
  });
  const signature = [specsOf(parameters), specs, told, ...(first === undefined ? [] : [specs])];
  const compiled = await engine.compile(score, signature, { name: "score" });
  /** Hands over each scored level's ln p and hits, part by part, without the padding. */
  async function each(
    current: HostTensors,
    { levels: grids, labels, slicePositions, covariates }: CodeGrids,
    use: (index: number, logs: Float32Array, hits: Int32Array, start: number) => void,
  ): Promise<void> {
    const unknown = (each: number) => new Float32Array(labels.length * each).fill(UNKNOWN);
    const known = {
      labels,
      slicePositions: slicePositions ?? unknown(1),
      covariates: covariates ?? unknown(prior.space.covariates?.length ?? 0),
    };
    for (let start = 0; start < labels.length; start += batch) {
      const count = Math.min(batch, labels.length - start);
      const codes = specs.map(({ shape }, level) => paddedPart(grids[level]!.data, shape, start));
      const conditions = Object.entries(known).flatMap(([name, values]) =>
        name in told ? [[name, paddedPart(values, told[name]!.shape, start)] as const] : [],
      );
      const order = first === undefined ? [] : [first];
      const scores = await compiled.run(current, codes, Object.fromEntries(conditions), ...order);
      for (const [index, logs] of scores.logLikelihood.entries()) {
        const size = logs.data.length / batch;
        const hits = integers(scores.correct[index]!);
        use(index, floats(logs).subarray(0, count * size), hits.subarray(0, count * size), start * size);
      }
    }
  }
  return {
    async score(current, grids) {
      const sums = scored.map(() => ({ nats: 0, correct: 0, codes: 0 }));
      await each(current, grids, (index, logs, hits) => {
        const sum = sums[index]!;
        for (const log of logs) sum.nats -= log;
        for (const hit of hits) sum.correct += hit;
        sum.codes += logs.length;
      });
      const scoreOfSum = ({ nats, correct, codes }: (typeof sums)[number]) => ({
        natsPerCode: nats / codes,
        accuracy: correct / codes,
      });
      const total = sums.reduce((all, one) => ({
        nats: all.nats + one.nats,
        correct: all.correct + one.correct,
        codes: all.codes + one.codes,
      }));
      return { ...scoreOfSum(total), levels: sums.map(scoreOfSum) };
    },
    async logLikelihood(current, grids) {
      const logLikelihoods = scored.map((level) => new Float32Array(grids.levels[level]!.data.length));
      await each(current, grids, (index, logs, _, start) => logLikelihoods[index]!.set(logs, start));
      return logLikelihoods;
    },
    dispose: () => compiled.dispose(),
  };
}
