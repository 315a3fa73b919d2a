import { type HostTensors, int32 } from "@slicebook/base";
import { type BoundPrior, specsOf } from "@slicebook/core";
import type { Compiled, Engine } from "@slicebook/engine";
import { checkedCarry, loadCheckpoint } from "./checkpoint.ts";
import type { CodeGrids } from "./code-grids.ts";
import { eachBatch, floats, integers } from "./codec.ts";
import { exists } from "./files.ts";
import { loadPrior } from "./priors.ts";
import { missing } from "./run-folder.ts";
import type { Session } from "./session.ts";

/** The run's prior for grids like these. */
export async function bindPrior(
  { config }: Session,
  grids: Pick<CodeGrids, "shape" | "classes">,
): Promise<BoundPrior> {
  const prior = await loadPrior(config.prior.name);
  const [, rows, columns] = grids.shape;
  return prior.bind(prior.schema.parse(config.prior.options), {
    codes: config.model.codes,
    rows,
    columns,
    classes: grids.classes.length,
  });
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
  dispose(): Promise<void>;
}

export async function createLikelihoodMeter(
  engine: Engine,
  prior: BoundPrior,
  parameters: HostTensors,
  { rows, columns, batch }: { readonly rows: number; readonly columns: number; readonly batch: number },
): Promise<LikelihoodMeter> {
  const shape = [batch, rows, columns];
  const compiled: Compiled = await engine.compile(
    prior.score,
    [specsOf(parameters), { shape, dtype: "int32" }, { shape: [batch], dtype: "int32" }],
    { name: "score" },
  );
  return {
    async score(current, { codes, labels }) {
      const each = rows * columns;
      let [nats, correct] = [0, 0];
      await eachBatch(codes, shape, async (part, { start, count }) => {
        const own = new Int32Array(batch);
        own.set(labels.subarray(start, start + count));
        // A record, as the compiled function gives it.
        const result = (await compiled.run(current, part, int32(own, [batch]))) as HostTensors;
        for (const log of floats(result.logLikelihood!).subarray(0, count * each)) nats -= log;
        for (const hit of integers(result.correct!).subarray(0, count * each)) correct += hit;
      });
      return { natsPerCode: nats / codes.length, accuracy: correct / codes.length };
    },
    dispose: () => compiled.dispose(),
  };
}

/** The grids of those numbers. */
export function takeGrids(grids: CodeGrids, indices: ArrayLike<number>): CodeGrids {
  const [, rows, columns] = grids.shape;
  const each = rows * columns;
  const taken = Array.from(indices);
  const codes = new Int32Array(taken.length * each);
  for (const [place, index] of taken.entries()) {
    codes.set(grids.codes.subarray(index * each, (index + 1) * each), place * each);
  }
  return {
    codes,
    shape: [taken.length, rows, columns],
    labels: Int32Array.from(taken, (index) => grids.labels[index]!),
    classes: grids.classes,
    names: taken.map((index) => grids.names[index]!),
  };
}
