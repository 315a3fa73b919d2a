import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { bindPrior, priorFile, priorParameters } from "../bound-prior.ts";
import { loadCodes, saveCodes } from "../code-grids.ts";
import { decodeCodes } from "../codec.ts";
import { imageGrid } from "../figures/grid.ts";
import { hashOfFile } from "../files.ts";
import { interruptedError } from "../interruption.ts";
import { nearMiss } from "../near-miss.ts";
import { greyPng, ownRange } from "../pictures.ts";
import { reportProgress } from "../progress.ts";
import { missing } from "../run-folder.ts";
import type { Session } from "../session.ts";
import type { StageDefinition } from "../stage.ts";
import { modelHash, modelParameters } from "../trained-model.ts";

/** Images decoded at a time. */
const DECODED = 8;

/** Draws code grids from the prior and decodes them into images. */
export const sampleStage: StageDefinition = {
  name: "sample",

  inputs: async (session) => ({
    sample: session.config.sample,
    model: await modelHash(session),
    prior: await hashOfFile(await priorFile(session)),
  }),

  outputs: ({ paths }) => [join(paths.samples, "codes.safetensors"), join(paths.samples, "grid.png")],

  async run(session) {
    const { config, paths, signal } = session;
    const { count, seed, temperature, topK, topP } = config.sample;
    const trained = await loadCodes(paths.codes.train);
    if (trained === undefined) throw missing(paths.folder, "code grids", "encode");
    const { classes, shape } = trained;
    const [, rows, columns] = shape;
    const labels = labelsOf(classes, config.sample);
    const [prior, engine] = [await bindPrior(session, trained), await session.engine()];
    const progress = reportProgress(session.emit, "sample", "codes");
    const codes = await prior
      .sample(engine, await priorParameters(session, prior), {
        count,
        seed,
        temperature,
        ...(topK === null ? {} : { topK }),
        ...(topP === null ? {} : { topP }),
        ...(labels === undefined ? {} : { labels }),
        onProgress: progress,
        ...(signal === undefined ? {} : { signal }),
      })
      .catch((error: unknown) => {
        throw signal?.aborted ? interruptedError() : error;
      });

    const [height, width] = config.dataset.size!;
    const size = [height, width] as const;
    const decoded = await decodeCodes(engine, await modelParameters(session), codes, {
      model: config.model,
      size,
      batch: Math.min(DECODED, count),
    });
    const images = ownRange(decoded, size);
    const names = Array.from({ length: count }, (_, index) => `sample-${String(index + 1).padStart(4, "0")}`);
    const captions = names.map((name, index) =>
      labels === undefined ? name : `${name} ${classes[labels[index]!]}`,
    );
    await rm(paths.samples, { recursive: true, force: true });
    const file = join(paths.samples, "codes.safetensors");
    await saveCodes(file, {
      codes,
      shape: [count, rows, columns],
      labels: labels ?? new Int32Array(count),
      classes,
      names,
    });
    session.made(file, "samples' codes");
    for (const [index, name] of names.entries()) {
      await writeFileAtomic(join(paths.samples, `${name}.png`), await greyPng(images, index));
    }
    const grid = join(paths.samples, "grid.png");
    const subtitle = `temperature ${temperature}, seed ${seed}`;
    await writeFileAtomic(grid, await imageGrid(images, { title: "Samples", subtitle, captions }));
    session.made(grid, "samples");
    return undefined;
  },
};

/**
 * The class number of each sample: the one asked for, else every class in turn; undefined without classes.
 */
export function labelsOf(
  classes: readonly string[],
  { count, class: wanted }: Session["config"]["sample"],
): Int32Array | undefined {
  if (wanted === null) {
    return classes.length === 0
      ? undefined
      : Int32Array.from({ length: count }, (_, index) => index % classes.length);
  }
  const label = classes.indexOf(wanted);
  if (label < 0) {
    const meant = nearMiss(wanted, classes);
    throw new SlicebookError(
      "CLASS_UNKNOWN",
      classes.length === 0
        ? `sample.class: the data set has no classes, but "${wanted}" is asked for`
        : `sample.class: there is no class "${wanted}"; the data set has ${classes.join(", ")}`,
      {
        remedy: meant === undefined ? "Set sample.class to null to leave it open." : `Did you mean ${meant}?`,
      },
    );
  }
  return new Int32Array(count).fill(label);
}
