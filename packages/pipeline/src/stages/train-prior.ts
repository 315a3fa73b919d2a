import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { float32, int32, random, SlicebookError } from "@slicebook/base";
import { type BoundPrior, bitsPerPixel, codesName, takesSlicePositions, vqvae } from "@slicebook/core";
import { bindPrior, createLikelihoodMeter, priorParameters } from "../bound-prior.ts";
import { checkedCarry, loadCheckpoint } from "../checkpoint.ts";
import { codeBaselines } from "../code-baselines.ts";
import { type CodeGrids, loadCodes, takeGrids } from "../code-grids.ts";
import { hashOfFile } from "../files.ts";
import { spread } from "../pictures.ts";
import {
  type HeldOutLikelihood,
  type Likelihood,
  type PriorEvaluation,
  priorEvaluationFile,
  writePriorEvaluation,
} from "../prior-evaluation.ts";
import { missing } from "../run-folder.ts";
import type { Session } from "../session.ts";
import type { StageDefinition } from "../stage.ts";
import { modelHash, modelParameters } from "../trained-model.ts";
import { type Trainee, train } from "../training.ts";
import { withVariedGrids } from "../varied-grids.ts";
import { completeEvaluation } from "./evaluate.ts";

/** Validation grids looked at while training; all are for the evaluation at the end. */
const LOOKED_AT = 128;

/** Trains the prior on the code grids, and measures it on those it has not seen. */
export const trainPriorStage: StageDefinition = {
  name: "train-prior",

  async inputs({ config, paths }) {
    const { checkpointSeconds: _, ...prior } = config.prior;
    const { kind, device } = config.engine;
    return {
      prior,
      seed: config.seed,
      engine: { kind, device },
      codes: await Promise.all(Object.values(paths.codes).map(hashOfFile)),
    };
  },

  outputs: (session) => {
    const { last, best, metrics } = session.paths.prior;
    return [last, best, metrics, priorEvaluationFile(session)];
  },

  async run(session, { inputs, resume }) {
    const { config, paths, signal } = session;
    const { last, best, metrics } = paths.prior;
    const grids = await allCodes(session);
    const [height, width] = config.dataset.size!;
    const size = [height, width] as const;
    const [prior, engine] = [
      await bindPrior(session, { size, classes: grids.train.classes }),
      await session.engine(),
    ];
    if (takesSlicePositions(prior)) checkPositions(grids, paths.codes);
    const levels = vqvae.codeLevels(config.model, size);
    const { seed } = config;
    const { batch } = config.prior;

    const found = await loadCheckpoint(last);
    // A prior for other codes, or with other options, is of no use any more: the explicit request starts a
    // new one.
    const from = found?.state.inputs === inputs ? found : undefined;
    if (from !== undefined && !from.state.finished && !resume)
      throw unfinished(paths.folder, from.state.step);
    const learnt = await withVariedGrids(session, grids.train);
    if (from === undefined) await rm(dirname(metrics), { recursive: true, force: true });
    else checkedCarry(last, from, prior.checkCarry);
    await mkdir(dirname(last), { recursive: true });

    const vectors = vqvae.codebooks(config.model, await modelParameters(session));
    const initialCarry = () => prior.initialCarry(seed, { vectors });
    const initial = initialCarry();
    const meter = await createLikelihoodMeter(engine, prior, prior.parameters(initial, { average: true }), {
      levels,
      batch,
    });
    try {
      const validation = takeGrids(
        grids.validate,
        random(seed, "validation").permutation(grids.validate.labels.length).subarray(0, LOOKED_AT),
      );
      const validate: Trainee["validate"] = async (carry) => {
        const { natsPerCode, accuracy } = await meter.score(
          prior.parameters(carry, { average: true }),
          validation,
        );
        const metrics = { loss: natsPerCode, bitsPerCode: natsPerCode / Math.LN2, accuracy };
        return { metrics, score: -natsPerCode };
      };
      const { seconds } = await train(trainee(prior, learnt, { batch, seed, initialCarry, validate }), {
        engine,
        schedule: config.prior,
        seed,
        inputs,
        from,
        files: { last, best, metrics, events: paths.events.prior },
        unit: "grids",
        onEvent: session.emit,
        signal,
      });
      const parameters = await priorParameters(session, prior);
      const codes = levels.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
      const share = { codes, pixels: height * width };
      const measured = async (measuredGrids: CodeGrids): Promise<Likelihood> => {
        const { natsPerCode, accuracy } = await meter.score(parameters, measuredGrids);
        const bitsPerCode = natsPerCode / Math.LN2;
        return {
          natsPerCode,
          bitsPerCode,
          bitsPerPixel: bitsPerPixel(bitsPerCode, share),
          accuracy,
          grids: measuredGrids.labels.length,
        };
      };
      const heldOut = async (split: "validate" | "test"): Promise<HeldOutLikelihood> => {
        const { unigram, position, smoothing } = codeBaselines(grids.train, grids[split], config.model.codes);
        return {
          ...(await measured(grids[split])),
          baselines: { unigramBitsPerCode: unigram, positionBitsPerCode: position, smoothing },
        };
      };
      const evaluation: PriorEvaluation = {
        schema: 2,
        model: await modelHash(session),
        train: await measured(
          takeGrids(grids.train, spread(grids.train.labels.length, grids.validate.labels.length)),
        ),
        validate: await heldOut("validate"),
        test: await heldOut("test"),
      };
      await writePriorEvaluation(session, evaluation);
      await completeEvaluation(session, { prior: evaluation.test.bitsPerPixel });
      session.made(best, "prior's best checkpoint");
      session.made(priorEvaluationFile(session), "prior's evaluation");
      return seconds;
    } finally {
      await meter.dispose();
    }
  },
};

async function allCodes(session: Session): Promise<Record<"train" | "validate" | "test", CodeGrids>> {
  const { folder, codes } = session.paths;
  const [train, validate, test] = await Promise.all([codes.train, codes.validate, codes.test].map(loadCodes));
  if (train === undefined || validate === undefined || test === undefined)
    throw missing(folder, "code grids", "encode");
  return { train, validate, test };
}

/** A prior that is conditioned on slices' positions needs them of each split; earlier versions did not keep them. */
function checkPositions(
  grids: Readonly<Record<"train" | "validate" | "test", CodeGrids>>,
  files: Session["paths"]["codes"],
): void {
  for (const split of ["train", "validate", "test"] as const) {
    if (grids[split].slicePositions !== undefined) continue;
    throw new SlicebookError(
      "CODES_OUTDATED",
      `${files[split]} does not say where slices lie in their scans, which prior.options.slicePosition needs`,
      { remedy: "Delete it and run `slicebook encode` again, or set prior.options.slicePosition to false." },
    );
  }
}

function trainee(
  prior: BoundPrior,
  grids: CodeGrids,
  {
    batch,
    seed,
    initialCarry,
    validate,
  }: { readonly batch: number; readonly seed: number } & Pick<Trainee, "initialCarry" | "validate">,
): Trainee {
  const placed = takesSlicePositions(prior);
  return {
    name: "prior",
    step: prior.trainStep,
    initialCarry,
    signature: prior.stepInputs(batch),
    items: grids.labels.length,
    inputs: (chosen, step) => {
      const { levels, labels, slicePositions } = takeGrids(grids, chosen);
      return {
        ...Object.fromEntries(levels.map((codes, level) => [codesName(level), codes])),
        labels: int32(labels, [batch]),
        ...(placed && { slicePositions: float32(slicePositions!, [batch]) }),
        ...prior.stepNoise({ seed, step, batch }),
      };
    },
    validate,
  };
}

function unfinished(folder: string, step: number): SlicebookError {
  return new SlicebookError(
    "RUN_UNFINISHED",
    `the prior's training in ${folder} was interrupted after step ${step}`,
    {
      remedy: `Add --resume to go on, or delete ${folder}/prior to start it anew.`,
    },
  );
}
