import { join } from "node:path";
import { floats, interruptedError, SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { spread } from "@slicebook/base/util";
import { type CodeTable, tablesChecksum, vqvae } from "@slicebook/core";
import type { Dataset } from "@slicebook/datasets/node";
import { type Evaluated, evaluateSplit } from "@slicebook/measure";
import { type Codec, createCodec, picturePairs } from "@slicebook/model";
import { codeGrid, counted, reconstructionGrid } from "@slicebook/report";
import { codebookColours } from "@slicebook/report/colour";
import {
  type Evaluation,
  evaluationSchema,
  hashOfTensors,
  type RunPaths,
  trainedModel,
} from "@slicebook/runs";
import {
  currentTables,
  modelAndData,
  modelParameters,
  reportProgress,
  type Session,
} from "@slicebook/session";
import { measureBaselines } from "./measure-baselines.ts";
import { saveEqualBytes } from "./save-equal-bytes.ts";
import { savePairs } from "./save-pairs.ts";
import type { StageDefinition } from "./stage.ts";

/** Slices in a grid of reconstructions. */
const SHOWN = 8;

export const evaluateStage: StageDefinition = {
  name: "evaluate",
  sections: ["engine"],
  needs: [trainedModel],
  resumable: false,

  // Masks, within whose labels errors are measured, and code grids, by which slices are compressed, need not be there.
  async inputs(session) {
    const [masks, tables] = [await session.maskFingerprint(), await currentTables(session)];
    return {
      ...(await modelAndData(session)),
      ...(masks === undefined ? {} : { masks }),
      ...(tables === undefined ? {} : { tables: tablesChecksum(tables) }),
    };
  },

  outputs: ({ paths }) => [paths.evaluation, join(paths.reconstructions, "test.png")],

  async prepare(session) {
    const { test } = (await session.dataset()).splits;
    // What is wrong with a mask would otherwise end the run after its training.
    for (const index of test.records.keys()) {
      if (session.signal?.aborted) throw interruptedError();
      await test.mask(index);
    }
  },

  async run(session) {
    const { config, paths } = session;
    await evaluateDataset(session, await session.trainedDataset(), {
      root: config.dataset.root,
      tables: await currentTables(session),
      picture: join(paths.reconstructions, "test"),
      file: paths.evaluation,
      viewer: paths,
    });
  },
};

/** What {@link evaluateDataset} takes besides the data set. */
interface EvaluateDatasetOptions {
  readonly root: string | undefined;
  /** By which slices are compressed; unknown before training slices are encoded. */
  readonly tables: readonly CodeTable[] | undefined;
  /** Where pictures go, without their ending. */
  readonly picture: string;
  /** Where the figures go. */
  readonly file: string;
  /** Where what the viewer shows goes, unless nothing is kept for it. */
  readonly viewer?: Pick<RunPaths, "pairs" | "equalBytes">;
}

/**
 * Reconstructs the test split of a data set with the run's model, measures it, and draws some of it: an even choice, and
 * the worst and the best. Beside it are other ways to spend as many bytes, where it is known how many a slice takes.
 */
export async function evaluateDataset(
  session: Session,
  dataset: Dataset,
  { root, tables, picture, file, viewer }: EvaluateDatasetOptions,
): Promise<Evaluation> {
  const { config, emit, signal } = session;
  const model = vqvae.bind(config.model, dataset.size);
  const { batch } = config.train;
  const set = dataset.splits.test;
  const parameters = await modelParameters(session);
  const codec = await createCodec(await session.engine(), parameters, {
    model,
    preprocessing: dataset.preprocessing,
    batch,
  });
  try {
    const evaluated = await evaluateSplit(codec, dataset, {
      model,
      batch,
      split: "test",
      root,
      tables,
      signal,
      onProgress: reportProgress(emit, "evaluate", "images"),
    });
    const shown = spread(set.records.length, SHOWN);
    const { images, levels } = await codec.reconstruct(set.images(shown));
    const pairs = picturePairs(set, shown, images, dataset.size);
    const { originals, reconstructions } = pairs;
    if (viewer !== undefined) {
      const named = shown.map((index) => ({
        name: set.records[index]!.name,
        ssim: evaluated.slices[index]!.ssim,
      }));
      await savePairs(viewer.pairs, pairs, named);
    }
    const { mean } = evaluated.evaluation.ssim;
    const png = await reconstructionGrid(originals, reconstructions, {
      title: "Reconstructions",
      subtitle: `${dataset.name}, test split; SSIM ${mean.toFixed(3)} over ${counted(set.records.length, "slice")}`,
      captions: shown.map((index) => set.records[index]!.name),
      ssim: shown.map((index) => evaluated.slices[index]!.ssim),
    });
    await writeFileAtomic(`${picture}.png`, png);
    session.made(`${picture}.png`, "reconstructions");
    await drawExtremes(session, codec, { dataset, evaluated, picture });
    const codebooks = model.codebooks(parameters);
    for (const [level, { data, shape }] of levels.entries()) {
      const [, rows, columns] = shape;
      const codes = { data, shape: [shown.length, rows!, columns!] as const };
      const coloured = await codeGrid(codes, {
        title: levels.length === 1 ? "Code grids" : `Code grids, level ${level + 1} of ${levels.length}`,
        subtitle: "each code in a colour of its own, like codes in like colours",
        captions: shown.map((index) => set.records[index]!.name),
        colours: codebookColours(floats(codebooks[level]!), codebooks[level]!.shape[0]!),
        images: originals,
      });
      const path = codesPicture(picture, level);
      await writeFileAtomic(path, coloured);
      session.made(path, "code grids");
    }
    const compared = tables && (await measureBaselines(session, dataset, { codec, tables }));
    if (viewer !== undefined) await saveEqualBytes(viewer.equalBytes, compared?.pictures);
    const evaluation: Evaluation = {
      ...evaluated.evaluation,
      model: hashOfTensors(parameters),
      ...(compared && { baselines: compared.baselines }),
    };
    await writeEvaluation(session, file, evaluation);
    return evaluation;
  } finally {
    await codec.dispose();
  }
}

/** The worst slices and the best ones, each over its reconstruction. */
async function drawExtremes(
  session: Session,
  codec: Codec,
  {
    dataset,
    evaluated: { worst, best, slices },
    picture,
  }: { readonly dataset: Dataset; readonly evaluated: Evaluated; readonly picture: string },
): Promise<void> {
  const set = dataset.splits.test;
  const shown = [...new Set([...worst, ...best.toReversed()])];
  const { images } = await codec.reconstruct(set.images(shown));
  const { originals, reconstructions } = picturePairs(set, shown, images, dataset.size);
  const png = await reconstructionGrid(originals, reconstructions, {
    title: "The worst and the best",
    subtitle: `${dataset.name}, test split: the lowest SSIM of ${counted(slices.length, "slice")} on the left, the highest on the right`,
    captions: shown.map((index) => set.records[index]!.name),
    ssim: shown.map((index) => slices[index]!.ssim),
  });
  await writeFileAtomic(extremesPicture(picture), png);
  session.made(extremesPicture(picture), "worst and best reconstructions");
}

/** The picture of the worst and best slices, beside that of the reconstructions (without its ending). */
export function extremesPicture(picture: string): string {
  return `${picture}-extremes.png`;
}

/** The picture of a level's code grids, beside that of the reconstructions (without its ending). */
export function codesPicture(picture: string, level: number): string {
  return `${picture}-codes${level === 0 ? "" : `-${level + 1}`}.png`;
}

/** Writes an evaluation over the one before only if it can be read again. */
async function writeEvaluation(session: Session, path: string, evaluation: Evaluation): Promise<void> {
  const { error } = evaluationSchema.safeParse(evaluation);
  if (error !== undefined) {
    const [issue] = error.issues;
    throw new SlicebookError(
      "EVALUATION_INVALID",
      `the figures cannot be kept in ${path}: ${issue?.path.join(".")}: ${issue?.message}`,
      { remedy: "Train the model again: its reconstructions hold values that are not numbers." },
    );
  }
  await writeFileAtomic(path, `${JSON.stringify(evaluation, undefined, 2)}\n`);
  session.made(path, "evaluation");
}
