import type { HostTensor, HostTensors } from "@slicebook/base";
import {
  type BoundPrior,
  type CodeLevel,
  specsOf,
  type TensorSpec,
  takesSlicePositions,
  UNKNOWN_SLICE_POSITION,
  vqvae,
} from "@slicebook/core";
import type { Compiled, Engine } from "@slicebook/engine";
import { checkedCarry, loadCheckpoint } from "./checkpoint.ts";
import type { CodeGrids } from "./code-grids.ts";
import { floats, integers, paddedPart } from "./codec.ts";
import { exists } from "./files.ts";
import { loadPrior } from "./priors.ts";
import { missing } from "./run-folder.ts";
import type { Session } from "./session.ts";

/** The run's prior for its own codes. */
export async function bindPrior(
  { config }: Session,
  { size, classes }: { readonly size: readonly [number, number]; readonly classes: readonly string[] },
): Promise<BoundPrior> {
  const prior = await loadPrior(config.prior.name);
  const levels = vqvae.codeLevels(config.model, size);
  return prior.bind(prior.schema.parse(config.prior.options), { levels, classes: classes.length });
}

/** The checkpoint that samples are drawn from: the best on the validation split, else the last. */
export async function priorFile({ paths }: Session): Promise<string> {
  for (const file of [paths.prior.best, paths.prior.last]) if (await exists(file)) return file;
  throw missing(paths.folder, "trained prior", "train-prior");
}

/** That checkpoint's averaged weights. */
export async function priorParameters(session: Session, prior: BoundPrior): Promise<HostTensors> {
  const file = await priorFile(session);
  const checkpoint = await loadCheckpoint(file);
  if (checkpoint === undefined) throw missing(session.paths.folder, "trained prior", "train-prior");
  return prior.parameters(checkedCarry(file, checkpoint, prior.checkCarry), { average: true });
}

/** How well a prior foretells codes. */
export interface CodeScore {
  /** Mean −ln p of a code. */
  readonly natsPerCode: number;
  /** The share of codes that are the likeliest ones. */
  readonly accuracy: number;
}

/** Measures how likely a prior finds grids, with the weights given at each call. */
export interface LikelihoodMeter {
  score(parameters: HostTensors, grids: CodeGrids): Promise<CodeScore>;
  /** ln p of every code, in the grids' own order, a level each. */
  logLikelihood(parameters: HostTensors, grids: CodeGrids): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

export async function createLikelihoodMeter(
  engine: Engine,
  prior: BoundPrior,
  parameters: HostTensors,
  { levels, batch }: { readonly levels: readonly CodeLevel[]; readonly batch: number },
): Promise<LikelihoodMeter> {
  const specs = levels.map(
    ({ rows, columns }): TensorSpec => ({ shape: [batch, rows, columns], dtype: "int32" }),
  );
  const placed = takesSlicePositions(prior);
  const signature = [specsOf(parameters), specs, { shape: [batch], dtype: "int32" }] as const;
  const compiled: Compiled = await engine.compile(
    prior.score,
    placed ? [...signature, { shape: [batch], dtype: "float32" }] : signature,
    { name: "score" },
  );
  /** Hands over each level's ln p and hits, part by part, without the padding. */
  async function each(
    current: HostTensors,
    { levels: grids, labels, slicePositions }: CodeGrids,
    use: (level: number, logs: Float32Array, hits: Int32Array, start: number) => void,
  ): Promise<void> {
    const positions = slicePositions ?? new Float32Array(labels.length).fill(UNKNOWN_SLICE_POSITION);
    for (let start = 0; start < labels.length; start += batch) {
      const count = Math.min(batch, labels.length - start);
      const codes = grids.map(({ data }, level) => paddedPart(data, specs[level]!.shape, start));
      const ofSlices = placed ? [labels, positions] : [labels];
      const conditions = ofSlices.map((values) => paddedPart(values, [batch], start));
      const result = await compiled.run(current, codes, ...conditions);
      // A record of lists, as the compiled function gives it.
      const found = result as unknown as Record<"logLikelihood" | "correct", readonly HostTensor[]>;
      for (const [level, logs] of found.logLikelihood.entries()) {
        const size = logs.data.length / batch;
        const hits = integers(found.correct[level]!);
        use(level, floats(logs).subarray(0, count * size), hits.subarray(0, count * size), start * size);
      }
    }
  }
  return {
    async score(current, grids) {
      const total = grids.levels.reduce((sum, { data }) => sum + data.length, 0);
      let [nats, correct] = [0, 0];
      await each(current, grids, (_, logs, hits) => {
        for (const log of logs) nats -= log;
        for (const hit of hits) correct += hit;
      });
      return { natsPerCode: nats / total, accuracy: correct / total };
    },
    async logLikelihood(current, grids) {
      const found = grids.levels.map(({ data }) => new Float32Array(data.length));
      await each(current, grids, (level, logs, _, start) => found[level]!.set(logs, start));
      return found;
    },
    dispose: () => compiled.dispose(),
  };
}
