import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { vqvae } from "@slicebook/core";
import type { Dataset } from "@slicebook/datasets/node";
import { measureBaselines } from "../baselines/measure.ts";
import { type Codec, createCodec, floats } from "../codec.ts";
import { currentTables } from "../compressed-size.ts";
import { type Evaluated, evaluateSplit } from "../evaluate.ts";
import { codebookColours } from "../figures/colour.ts";
import { codeGrid, reconstructionGrid } from "../figures/grid.ts";
import { exists, readJson } from "../files.ts";
import { picturePairs, savePairs, spread } from "../pictures.ts";
import { reportProgress } from "../progress.ts";
import type { Baselines } from "../report/evaluation-schema.ts";
import { evaluationSchema } from "../report/evaluation-schema.ts";
import { counted } from "../report/format.ts";
import type { Evaluation } from "../report/types.ts";
import type { Session } from "../session.ts";
import type { StageDefinition } from "../stage.ts";
import { currentPriorEvaluation, modelAndData, modelParameters } from "../trained-model.ts";

/** Slices in a grid of reconstructions. */
const SHOWN = 8;

export const evaluateStage: StageDefinition = {
  name: "evaluate",

  inputs: evaluationInputs,

  outputs: ({ paths }) => [paths.evaluation, join(paths.reconstructions, "test.png")],

  async run(session) {
    const { paths } = session;
    const dataset = await session.trainedDataset();
    const { evaluation } = await evaluateDataset(session, dataset, {
      root: session.config.dataset.root,
      picture: join(paths.reconstructions, "test"),
    });
    const prior = await currentPriorEvaluation(session);
    await writeEvaluation(session, paths.evaluation, {
      ...evaluation,
      bitsPerPixel: { ...evaluation.bitsPerPixel, prior: prior?.test.bitsPerPixel ?? null },
    });
    return undefined;
  },
};

/** What an evaluation depends on: the masks too, where slices have any, since errors are measured within their labels. */
export async function evaluationInputs(session: Session): Promise<Readonly<Record<string, string>>> {
  const masks = await session.maskFingerprint();
  return { ...(await modelAndData(session)), ...(masks === undefined ? {} : { masks }) };
}

/**
 * Reconstructs the test split of a data set with the run's model, measures it, and draws some of it: an even choice, and
 * the worst and the best. Beside it are other ways to spend as many bytes, once the training slices' codes tell how many
 * a slice takes.
 */
export async function evaluateDataset(
  session: Session,
  dataset: Dataset,
  {
    root,
    picture,
  }: { readonly root: string | undefined /** Without its ending. */; readonly picture: string },
): Promise<Evaluated> {
  const { config, emit, signal } = session;
  const model = vqvae.bind(config.model, dataset.size);
  const { batch } = config.train;
  const set = dataset.splits.test;
  const parameters = await modelParameters(session);
  const tables = await currentTables(session);
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
    const named = shown.map((index) => ({
      name: set.records[index]!.name,
      ssim: evaluated.slices[index]!.ssim,
    }));
    await savePairs(picture, pairs, named);
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
    if (tables === undefined) return evaluated;
    const baselines = await measureBaselines(session, dataset, { codec, tables, stage: "evaluate" });
    return { ...evaluated, evaluation: { ...evaluated.evaluation, baselines } };
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

/** Completes the run's evaluation with what is known only after it is made, if there is one. */
export async function completeEvaluation(
  session: Session,
  { baselines, ...bits }: Partial<Evaluation["bitsPerPixel"]> & { readonly baselines?: Baselines },
): Promise<void> {
  const path = session.paths.evaluation;
  if (!(await exists(path))) return;
  const evaluation: Evaluation = await readJson(path, evaluationSchema);
  await writeEvaluation(session, path, {
    ...evaluation,
    bitsPerPixel: { ...evaluation.bitsPerPixel, ...bits },
    ...(baselines === undefined ? {} : { baselines }),
  });
}

/** Writes an evaluation over the one before only if it can be read again. */
export async function writeEvaluation(session: Session, path: string, evaluation: Evaluation): Promise<void> {
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
