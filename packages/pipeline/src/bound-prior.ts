import { type HostTensors, int32 } from "@slicebook/base";
import { type BoundPrior, specsOf } from "@slicebook/core";
import type { Compiled, Engine } from "@slicebook/engine";
import { loadCheckpoint } from "./checkpoint.ts";
import type { CodeGrids } from "./code-grids.ts";
import { eachBatch, floats } from "./codec.ts";
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
  const checkpoint = await loadCheckpoint(await priorFile(session));
  if (checkpoint === undefined) throw missing(session.paths.folder, "trained prior", "train-prior");
  prior.checkCarry(checkpoint.carry);
  return prior.parameters(checkpoint.carry, { average: true });
}

/** Measures how likely a prior finds grids, with the weights given at each call. */
export interface LikelihoodMeter {
  /** Mean −ln p of a code. */
  natsPerCode(parameters: HostTensors, grids: CodeGrids): Promise<number>;
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
    prior.logLikelihood,
    [specsOf(parameters), { shape, dtype: "int32" }, { shape: [batch], dtype: "int32" }],
    { name: "logLikelihood" },
  );
  return {
    async natsPerCode(current, { codes, labels }) {
      const each = rows * columns;
      let sum = 0;
      await eachBatch(codes, shape, async (part, { start, count }) => {
        const own = new Int32Array(batch);
        own.set(labels.subarray(start, start + count));
        const result = await compiled.run(current, part, int32(own, [batch]));
        const logs = floats(result as HostTensors[string]); // one tensor, as the compiled function gives it
        for (const log of logs.subarray(0, count * each)) sum -= log;
      });
      return sum / codes.length;
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
