import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { float32, type HostTensors, int32, random, SlicebookError, sizeOf } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import { builtInPriors } from "@slicebook/config/built-in-priors";
import {
  type BoundPrior,
  bitsPerPixel,
  checkCarry,
  codesName,
  ofLevel,
  type PriorPart,
  stepInputs,
} from "@slicebook/core";
import type { Engine } from "@slicebook/engine";
import { codeBaselines } from "@slicebook/measure";
import {
  codeGrids,
  damaged,
  type HeldOutLikelihood,
  hashOfFile,
  type Likelihood,
  missing,
  type PriorEvaluation,
  trainedModel,
  writePriorEvaluation,
} from "@slicebook/runs";
import {
  type CodeGrids,
  checkedCarry,
  loadCheckpoint,
  neededCodes,
  takeGrids,
} from "@slicebook/runs/tensors";
import {
  bindPrior,
  createLikelihoodMeter,
  joinParts,
  knownOf,
  learnedCovariates,
  modelHash,
  modelParameters,
  priorParameters,
  type Session,
  withVariedGrids,
} from "@slicebook/session";
import type { StageDefinition } from "./stage.ts";
import { type Trainee, type TrainOptions, train } from "./training.ts";
import { tryPrior } from "./try-prior.ts";

/** Validation grids measured while training; all are for the evaluation at the end. */
const VALIDATED_GRIDS = 128;

/** Trains the prior on the code grids, and measures it on those it has not seen. */
export const trainPriorStage: StageDefinition = {
  name: "train-prior",
  sections: ["prior", "engine"],
  needs: [trainedModel, codeGrids],
  resumable: true,

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

  outputs: ({ paths }) => [paths.prior.best, paths.prior.metrics, paths.prior.evaluation],

  async prepare(session) {
    const { config } = session;
    const { classes } = await session.dataset();
    const covariates = (await learnedCovariates(session))?.kept.covariates ?? [];
    const prior = await bindPrior(session, { classes, covariates });
    if (builtInPriors.has(config.prior.name)) return;
    await tryPrior(prior, { engine: await session.engine(), config, classes });
  },

  async run(session, { inputs, resume }) {
    const { config, paths, signal } = session;
    const { best, metrics, part: filesOf } = paths.prior;
    const grids = await allCodes(session);
    const [prior, engine] = [await bindPrior(session, knownOf(session, grids.train)), await session.engine()];
    if (prior.conditions.includes("slicePositions")) checkPositions(grids, paths.codes, prior.switches);
    if (prior.conditions.includes("covariates")) checkCovariates(grids, paths, prior);
    const { seed } = config;

    const states = await Promise.all(prior.parts.map((_, number) => loadCheckpoint(filesOf(number).last)));
    // A prior for other codes, or with other options, is of no use any more: the explicit request starts a
    // new one.
    const checkpoints = states.map((one) => (one?.state.inputs === inputs ? one : undefined));
    const begun = checkpoints.findLast((one) => one !== undefined);
    const finished = checkpoints.every((one) => one?.state.finished);
    if (begun !== undefined && !finished && !resume) throw unfinished(paths.folder, begun.state.step);
    const learned = finished ? grids.train : await withVariedGrids(session, grids.train);
    if (begun === undefined) await rm(dirname(metrics), { recursive: true, force: true });

    const vectors = session.model.codebooks(await modelParameters(session));
    const validation = takeGrids(
      grids.validate,
      random(seed, "validation").permutation(grids.validate.labels.length).subarray(0, VALIDATED_GRIDS),
    );
    const carries: HostTensors[] = [];
    let [secondsBefore, rowsBefore] = [0, 0];
    for (const [number, part] of prior.parts.entries()) {
      const files = filesOf(number);
      const from = checkpoints[number];
      if (from !== undefined) checkedCarry(files.last, from, (carry) => checkCarry(part, carry));
      await mkdir(dirname(files.last), { recursive: true });
      const batch = ofLevel(config.prior.batch, part.levels[0]!);
      const initialCarry = () => part.initialCarry(seed, { vectors });
      const weightsOf = (carry: HostTensors) => prior.parameters(carry, { average: true });
      const meter = await createLikelihoodMeter(engine, prior, weightsOf(initialCarry()), { batch, part });
      const validate: Trainee["validate"] = async (carry) => {
        const { natsPerCode, accuracy } = await meter.score(weightsOf(carry), validation);
        const metrics = { loss: natsPerCode, bitsPerCode: natsPerCode / Math.LN2, accuracy };
        return { metrics, score: -natsPerCode };
      };
      try {
        const { seconds, rows } = await train(
          {
            ...trainee(prior, part, learned, { batch, seed, initialCarry, validate }),
            ...(prior.parts.length > 1 ? { part: number } : {}),
          },
          {
            engine,
            schedule: scheduleOf(config.prior, { number, parts: prior.parts.length, batch, secondsBefore }),
            seed,
            inputs,
            from,
            rowsBefore,
            files: { ...files, metrics, events: paths.events.prior },
            unit: "grids",
            onEvent: session.emit,
            signal,
          },
        );
        secondsBefore += seconds;
        rowsBefore = rows;
      } finally {
        await meter.dispose();
      }
      const kept = files[config.prior.keep];
      const trained = await loadCheckpoint(kept);
      if (trained === undefined)
        throw missing(paths.folder, { what: `checkpoint ${kept}`, stage: "train-prior" });
      carries.push(trained.carry);
    }
    await joinParts(session, carries);
    const evaluation = await evaluatePrior(session, prior, { engine, grids });
    await writePriorEvaluation(paths, evaluation);
    session.made(best, "prior's averaged weights");
    session.made(paths.prior.evaluation, "prior's evaluation");
    return secondsBefore;
  },
};

/** The limits of a part: of the minutes its share of what the parts before have left, steps and epochs as they are. */
function scheduleOf(
  prior: Session["config"]["prior"],
  {
    number,
    parts,
    batch,
    secondsBefore,
  }: {
    readonly number: number;
    readonly parts: number;
    readonly batch: number;
    readonly secondsBefore: number;
  },
): TrainOptions["schedule"] {
  const shares = Array.from({ length: parts }, (_, part) =>
    prior.shares === null ? 1 : ofLevel(prior.shares, part),
  );
  const rest = shares.slice(number).reduce((sum, share) => sum + share, 0);
  const minutes =
    prior.minutes === null
      ? null
      : Math.max(0, prior.minutes - secondsBefore / 60) * (shares[number]! / rest);
  return { ...prior, batch, minutes };
}

/** How likely the trained prior finds the grids of each split. */
async function evaluatePrior(
  session: Session,
  prior: BoundPrior,
  {
    engine,
    grids,
  }: {
    readonly engine: Engine;
    readonly grids: Readonly<Record<"train" | "validate" | "test", CodeGrids>>;
  },
): Promise<PriorEvaluation> {
  const { config } = session;
  const { levels, size } = session.model;
  const parameters = await priorParameters(session, prior);
  const batch = Math.min(...[config.prior.batch].flat());
  const meter = await createLikelihoodMeter(engine, prior, parameters, { batch });
  const codes = levels.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const share = { codes, pixels: sizeOf(size) };
  const measured = async (measuredGrids: CodeGrids): Promise<Likelihood> => {
    const { natsPerCode, accuracy, levels: each } = await meter.score(parameters, measuredGrids);
    const bitsPerCode = natsPerCode / Math.LN2;
    return {
      natsPerCode,
      bitsPerCode,
      bitsPerPixel: bitsPerPixel(bitsPerCode, share),
      accuracy,
      levels: each.map((level) => ({
        bitsPerCode: level.natsPerCode / Math.LN2,
        accuracy: level.accuracy,
      })),
      grids: measuredGrids.labels.length,
    };
  };
  const heldOut = async (split: "validate" | "test"): Promise<HeldOutLikelihood> => {
    const { unigram, position, smoothing } = codeBaselines(grids.train, grids[split], levels);
    const { covariates, ...untold } = grids[split];
    return {
      ...(await measured(grids[split])),
      ...(prior.conditions.includes("covariates") && {
        bitsPerCodeUntold: (await measured(untold)).bitsPerCode,
      }),
      baselines: { unigramBitsPerCode: unigram, positionBitsPerCode: position, smoothing },
    };
  };
  try {
    return {
      schema: 2,
      model: await modelHash(session),
      train: await measured(
        takeGrids(grids.train, spread(grids.train.labels.length, grids.validate.labels.length)),
      ),
      validate: await heldOut("validate"),
      test: await heldOut("test"),
    };
  } finally {
    await meter.dispose();
  }
}

async function allCodes(session: Session): Promise<Record<"train" | "validate" | "test", CodeGrids>> {
  const [train, validate, test] = [
    await neededCodes(session, "train"),
    await neededCodes(session, "validate"),
    await neededCodes(session, "test"),
  ];
  return { train, validate, test };
}

/** A prior that is conditioned on slices' positions needs them of each split; earlier versions did not keep them. */
function checkPositions(
  grids: Readonly<Record<"train" | "validate" | "test", CodeGrids>>,
  files: Session["paths"]["codes"],
  { slicePositions: option }: NonNullable<BoundPrior["switches"]> = {},
): void {
  for (const split of ["train", "validate", "test"] as const) {
    if (grids[split].slicePositions !== undefined) continue;
    throw new SlicebookError(
      "CODES_OUTDATED",
      `${files[split]} does not say where slices lie in their scans, which ${option === undefined ? "the prior" : `prior.options.${option}`} needs`,
      {
        remedy: `Delete it and run \`slicebook encode\` again${option === undefined ? "" : `, or set prior.options.${option} to false`}.`,
      },
    );
  }
}

/** Grids have as many covariates as the file beside them says. */
function checkCovariates(
  grids: Readonly<Record<"train" | "validate" | "test", CodeGrids>>,
  { codes }: Session["paths"],
  { space: { covariates = [] } }: BoundPrior,
): void {
  for (const split of ["train", "validate", "test"] as const) {
    const { covariates: told = [], labels } = grids[split];
    if (told.length === covariates.length * labels.length) continue;
    const what = `it has ${told.length} covariates of ${labels.length} slices, and covariates.json ${covariates.length}`;
    throw damaged(codes[split], new Error(what), "Delete it and run `slicebook encode` again.");
  }
}

function trainee(
  prior: BoundPrior,
  part: PriorPart,
  grids: CodeGrids,
  {
    batch,
    seed,
    initialCarry,
    validate,
  }: { readonly batch: number; readonly seed: number } & Pick<Trainee, "initialCarry" | "validate">,
): Trainee {
  const signature = stepInputs(prior, part, batch);
  const levels = part.levels.at(-1)! + 1;
  return {
    name: "prior",
    step: part.trainStep,
    initialCarry,
    signature,
    items: grids.labels.length,
    inputs: (chosen, step) => {
      const taken = takeGrids({ ...grids, levels: grids.levels.slice(0, levels) }, chosen);
      return {
        ...Object.fromEntries(taken.levels.map((codes, level) => [codesName(level), codes])),
        ...("labels" in signature && { labels: int32(taken.labels, [batch]) }),
        ...("slicePositions" in signature && { slicePositions: float32(taken.slicePositions!, [batch]) }),
        ...("covariates" in signature && {
          covariates: float32(taken.covariates!, signature.covariates!.shape),
        }),
        ...("variations" in signature && {
          variations: float32(taken.variations!, signature.variations!.shape),
        }),
        ...part.stepNoise({ seed, step, batch }),
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
      remedy: `Add --resume to continue, or delete ${folder}/prior to start it anew.`,
    },
  );
}
