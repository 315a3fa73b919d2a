import type { HostTensors } from "@slicebook/base";
import { type BoundPrior, likelihoodMap } from "@slicebook/core";
import { exists } from "@slicebook/runs";
import { type LevelGrids, splitCodes } from "@slicebook/runs/tensors";
import { bindPrior, createLikelihoodMeter, knownOf, priorParameters } from "./bound-prior.ts";
import type { Session } from "./session.ts";

/** What the prior makes of one slice. */
export interface SliceLikelihood {
  /** Bits per pixel, [height, width]: what each code costs, spread over its pixels. */
  readonly map: Float32Array;
  readonly bitsPerPixel: number;
  /** ln p of each level's codes. */
  readonly logLikelihood: readonly Float32Array[];
  /** The class by which the slice is likeliest; undefined without classes. */
  readonly label: string | undefined;
}

export interface SliceScorer {
  readonly prior: BoundPrior;
  readonly parameters: HostTensors;
  readonly classes: readonly string[];
  /** One slice's codes, a grid of [1, rows, columns] a level. */
  score(levels: readonly LevelGrids[]): Promise<SliceLikelihood>;
  dispose(): Promise<void>;
}

/** The run's prior to score single slices with; undefined where none is trained yet. */
export async function createSliceScorer(session: Session): Promise<SliceScorer | undefined> {
  const { paths, model } = session;
  if (!(await exists(paths.prior.best))) return undefined;
  const trained = await splitCodes(session, "train");
  if (trained === undefined) return undefined;
  const { classes } = trained;
  const [height, width] = model.size;
  const prior = await bindPrior(session, knownOf(session, trained));
  const parameters = await priorParameters(session, prior);
  const engine = await session.engine();
  const meter = await createLikelihoodMeter(engine, prior, parameters, { batch: 1 });
  return {
    prior,
    parameters,
    classes,
    async score(levels) {
      const labels = Array.from({ length: Math.max(1, classes.length) }, (_, label) => label);
      const scores = [];
      for (const label of labels) {
        const grids = { levels, labels: Int32Array.of(label), classes, names: [""] };
        const logLikelihood = await meter.logLikelihood(parameters, grids);
        const total = logLikelihood.reduce((sum, logs) => logs.reduce((all, log) => all + log, sum), 0);
        scores.push({ label, logLikelihood, total });
      }
      const best = scores.reduce((likeliest, one) => (one.total > likeliest.total ? one : likeliest));
      const parts = model.levels.map(({ rows, columns }, level) => ({
        logLikelihood: best.logLikelihood[level]!,
        rows,
        columns,
      }));
      return {
        map: likelihoodMap(parts, { height, width }),
        bitsPerPixel: -best.total / Math.LN2 / (height * width),
        logLikelihood: best.logLikelihood,
        label: classes[best.label],
      };
    },
    dispose: () => meter.dispose(),
  };
}
