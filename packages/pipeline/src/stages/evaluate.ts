import { join } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { vqvae } from "@slicebook/core";
import type { Dataset } from "@slicebook/datasets/node";
import { createCodec, floats } from "../codec.ts";
import { fileBitsPerPixel } from "../compressed-size.ts";
import { type Evaluated, evaluateSplit } from "../evaluate.ts";
import { codebookColours } from "../figures/colour.ts";
import { codeGrid, reconstructionGrid } from "../figures/grid.ts";
import { exists, readJson } from "../files.ts";
import { picturePairs, savePairs, spread } from "../pictures.ts";
import { readPriorEvaluation } from "../prior-evaluation.ts";
import { reportProgress } from "../progress.ts";
import { evaluationSchema } from "../report/evaluation-schema.ts";
import type { Evaluation } from "../report/types.ts";
import type { Session } from "../session.ts";
import type { StageDefinition } from "../stage.ts";
import { modelHash, modelParameters } from "../trained-model.ts";

/** Slices in a grid of reconstructions. */
const SHOWN = 8;

export const evaluateStage: StageDefinition = {
  name: "evaluate",

  inputs: async (session) => ({ model: await modelHash(session), fingerprint: await session.fingerprint() }),

  outputs: ({ paths }) => [paths.evaluation, join(paths.reconstructions, "test.png")],

  async run(session, { inputs }) {
    const { paths } = session;
    const dataset = await session.dataset();
    const { evaluation } = await evaluateDataset(session, dataset, {
      root: session.config.dataset.root,
      picture: join(paths.reconstructions, "test"),
    });
    const prior = await readPriorEvaluation(session);
    // Those of the model as it is: encoding depends on the same as evaluating.
    const encoded = (await session.record())?.stages.encode?.inputs === inputs;
    const file = encoded ? await fileBitsPerPixel(session) : undefined;
    await writeEvaluation(session, paths.evaluation, {
      ...evaluation,
      bitsPerPixel: {
        ...evaluation.bitsPerPixel,
        prior: prior?.test.bitsPerPixel ?? null,
        ...(file === undefined ? {} : { file }),
      },
    });
    return undefined;
  },
};

/** Reconstructs the test split of a data set with the run's model, measures it, and draws some of it. */
export async function evaluateDataset(
  session: Session,
  dataset: Dataset,
  {
    root,
    picture,
  }: { readonly root: string | undefined /** Without its ending. */; readonly picture: string },
): Promise<Evaluated> {
  const { config, emit, signal } = session;
  const { model } = config;
  const { batch } = config.train;
  const set = dataset.splits.test;
  const parameters = await modelParameters(session);
  const codec = await createCodec(await session.engine(), parameters, {
    model,
    size: dataset.size,
    batch,
  });
  try {
    const evaluated = await evaluateSplit(codec, dataset, {
      model,
      batch,
      split: "test",
      root,
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
      subtitle: `${dataset.name}, test split; SSIM ${mean.toFixed(3)} over ${set.records.length} slices`,
      captions: shown.map((index) => set.records[index]!.name),
      ssim: shown.map((index) => evaluated.slices[index]!.ssim),
    });
    await writeFileAtomic(`${picture}.png`, png);
    session.made(`${picture}.png`, "reconstructions");
    const codebooks = vqvae.codebooks(model, parameters);
    for (const [level, { data, shape }] of levels.entries()) {
      const [, rows, columns] = shape;
      const codes = { data, shape: [shown.length, rows!, columns!] as const };
      const coloured = await codeGrid(codes, {
        title: levels.length === 1 ? "Code grids" : `Code grids, level ${level + 1} of ${levels.length}`,
        subtitle: "each code in a colour of its own, like codes in like colours",
        captions: shown.map((index) => set.records[index]!.name),
        colours: codebookColours(floats(codebooks[level]!), model.codes),
        images: originals,
      });
      const path = codesPicture(picture, level);
      await writeFileAtomic(path, coloured);
      session.made(path, "code grids");
    }
    return evaluated;
  } finally {
    await codec.dispose();
  }
}

/** The picture of a level's code grids, beside that of the reconstructions (without its ending). */
export function codesPicture(picture: string, level: number): string {
  return `${picture}-codes${level === 0 ? "" : `-${level + 1}`}.png`;
}

/** Completes the evaluation with what is known of the codes' size only after it is made. */
export async function addBitsPerPixel(
  session: Session,
  bits: Partial<Evaluation["bitsPerPixel"]>,
): Promise<void> {
  const path = session.paths.evaluation;
  if (!(await exists(path))) return;
  const evaluation: Evaluation = await readJson(path, evaluationSchema);
  await writeEvaluation(session, path, {
    ...evaluation,
    bitsPerPixel: { ...evaluation.bitsPerPixel, ...bits },
  });
}

export async function writeEvaluation(session: Session, path: string, evaluation: Evaluation): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(evaluation, undefined, 2)}\n`);
  session.made(path, "evaluation");
}
