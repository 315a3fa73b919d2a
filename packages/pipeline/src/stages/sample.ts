import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type HostTensors, int32, interruptedError, SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { nearMiss } from "@slicebook/base/util";
import type { BoundPrior, Grain, SampleOptions } from "@slicebook/core";
import type { SliceSet } from "@slicebook/datasets/node";
import {
  type JudgedSamples,
  type Measured,
  type NoveltyReference,
  noveltyOf,
  noveltyReference,
} from "@slicebook/measure";
import { type CodecOptions, decodeCodes, sampleGreys, withGrain } from "@slicebook/model";
import { greyPng, imageGrid } from "@slicebook/report";
import {
  codeGrids,
  hashOfFile,
  type Novelty,
  readCovariates,
  trainedModel,
  trainedPrior,
} from "@slicebook/runs";
import {
  type CodeGrids,
  type LevelGrids,
  loadPreprocessing,
  neededCodes,
  saveCodes,
  splitCodes,
  takeGrids,
  takeRows,
} from "@slicebook/runs/tensors";
import {
  askedTable,
  bindPrior,
  checkGuidance,
  drawnCovariates,
  knownOf,
  learnedCovariates,
  modelHash,
  modelParameters,
  priorParameters,
  reportProgress,
  type Session,
  samplesGrain,
  writeNiftiSlice,
} from "@slicebook/session";
import { CANDIDATES_APART, plausibleCandidates } from "./candidates.ts";
import { measurePixels } from "./measure-pixels.ts";
import { nearestPicture } from "./nearest-picture.ts";
import type { StageDefinition } from "./stage.ts";

/** Images decoded at a time. */
const DECODED = 8;

/** Draws code grids from the prior and decodes them into images. */
export const sampleStage: StageDefinition = {
  name: "sample",
  sections: ["sample", "engine"],
  needs: [trainedModel, trainedPrior, codeGrids],
  resumable: false,

  inputs: async (session) => ({
    sample: session.config.sample,
    model: await modelHash(session),
    prior: await hashOfFile(session.paths.prior.best),
    ...(session.config.sample.grain && { grain: await hashOfFile(session.paths.grain) }),
  }),

  outputs: ({ paths }) => [paths.sampleCodes, join(paths.samples, "grid.png"), paths.novelty],

  async prepare(session) {
    const { sample } = session.config;
    const { classes, splits } = await session.dataset();
    labelsOf(classes, sample, { trained: labelsIn(splits.train), tested: labelsIn(splits.test) });
    const table = (await learnedCovariates(session))?.kept;
    const prior = await bindPrior(session, { classes, covariates: table?.covariates ?? [] });
    slicePositionsOf(prior, sample);
    askedTable(prior, table, sample);
    checkGuidance(prior, sample);
  },

  check: askedFor,

  async run(session) {
    const { config, model, paths } = session;
    const { size } = model;
    const { count, seed, temperature } = config.sample;
    const { trained, prior, labels, slicePositions, covariates } = await askedFor(session);
    const { classes } = trained;
    const [height, width] = size;
    const engine = await session.engine();
    const preprocessing = await loadPreprocessing(session);
    const parameters = await modelParameters(session);
    const codec: CodecOptions = { model, preprocessing, batch: DECODED };
    const grain = await samplesGrain(session);
    const wanted = { trained, labels, slicePositions, covariates, parameters, codec };
    const names = Array.from({ length: count }, (_, index) => `sample-${String(index + 1).padStart(4, "0")}`);
    const asGrids = (levels: readonly LevelGrids[]): CodeGrids => ({
      levels,
      labels: labels ?? new Int32Array(count),
      classes,
      slicePositions,
      covariates,
      names,
      placement: trained.placement,
    });
    const reference = await openReference(session, { labels, trained, codec, parameters });
    const { judged, redrawn } = await drawNovel(session, prior, { wanted, asGrids, reference });
    const samples = judged.grids;
    const decoded = withGrain(
      await decodeCodes(engine, parameters, samples.levels, { ...codec, batch: Math.min(DECODED, count) }),
      grain,
      codec,
      { seed, numbers: [...names.keys()] },
    );
    const images = sampleGreys(decoded, { size, preprocessing });
    const captions = names.map((name, index) =>
      labels === undefined ? name : `${name} ${classes[labels[index]!]}`,
    );
    await rm(paths.samples, { recursive: true, force: true });
    const file = paths.sampleCodes;
    await saveCodes(file, samples);
    session.made(file, "samples' codes");
    for (const [index, name] of names.entries()) {
      await writeFileAtomic(paths.samplePicture(name), await greyPng(images, index));
      if (trained.placement === undefined) continue;
      // A sample has no original, so it stays in preprocessed units; it lies where the first training slice does.
      const values = decoded.subarray(index * height * width, (index + 1) * height * width);
      const nifti = join(paths.samples, `${name}.nii.gz`);
      await writeNiftiSlice(nifti, values, { size, placement: trained.placement });
    }
    const grid = join(paths.samples, "grid.png");
    const { position, guidance, covariates: asked } = config.sample;
    const subtitle = [
      `temperature ${temperature}, seed ${seed}`,
      ...(position === null ? [] : [`position ${position}`]),
      ...Object.entries(asked).map(([name, value]) => `${name} ${value}`),
      ...(guidance === 1 ? [] : [`guidance ${guidance}`]),
    ].join(", ");
    await writeFileAtomic(grid, await imageGrid(images, { title: "Samples", subtitle, captions }));
    session.made(grid, "samples");
    const measured = noveltyOf(reference, judged, { redrawn, seed });
    await saveNovelty(session, samples, { measured, trained, grain });
  },
};

/** What the configuration asks of samples, as the run can give it. */
async function askedFor(session: Session) {
  const { sample } = session.config;
  const trained = await neededCodes(session, "train");
  const { classes } = trained;
  const labels = labelsOf(classes, sample, {
    trained: classesOf(trained),
    tested: classesOf(await splitCodes(session, "test")),
  });
  const prior = await bindPrior(session, knownOf(session, trained));
  const slicePositions = slicePositionsOf(prior, sample);
  const table = askedTable(prior, readCovariates(session.paths), sample);
  checkGuidance(prior, sample);
  const covariates = table && drawnCovariates(table, sample, (index) => labels && classes[labels[index]!]);
  return { trained, prior, labels, slicePositions, covariates };
}

interface Wanted {
  readonly trained: CodeGrids;
  readonly labels: Int32Array | undefined;
  readonly slicePositions: Float32Array | undefined;
  /** [count, covariates]. */
  readonly covariates: Float32Array | undefined;
  /** The VQ-VAE's weights, and how it decodes. */
  readonly parameters: HostTensors;
  readonly codec: CodecOptions;
}

/** What samples are judged by: slices of the same classes. */
async function openReference(
  session: Session,
  { labels, trained, codec, parameters }: Pick<Wanted, "labels" | "trained" | "codec" | "parameters">,
): Promise<NoveltyReference> {
  const drawn = new Set(labels ?? [0]);
  const ofThese = (grids: CodeGrids) =>
    takeGrids(
      grids,
      Array.from(grids.labels.keys()).filter((index) => drawn.has(grids.labels[index]!)),
    );
  return noveltyReference({
    engine: await session.engine(),
    parameters,
    codec,
    training: ofThese(trained),
    test: ofThese(await neededCodes(session, "test")),
    signal: session.signal,
    onProgress: reportProgress(session.emit, "sample", "slices"),
  });
}

/** Draws samples; those that are flagged as memorised are drawn anew, as samples behind the last one. */
async function drawNovel(
  session: Session,
  prior: BoundPrior,
  {
    wanted,
    asGrids,
    reference,
  }: {
    readonly wanted: Wanted;
    readonly asGrids: (levels: readonly LevelGrids[]) => CodeGrids;
    readonly reference: NoveltyReference;
  },
): Promise<{ judged: JudgedSamples; redrawn: number }> {
  const { count, redraws } = session.config.sample;
  const levels = await drawLevels(session, prior, wanted, { samples: [...Array(count).keys()], behind: 0 });
  let judged = await reference.judge(asGrids(levels));
  const everFlagged = new Set<number>();
  for (let redraw = 1; redraw <= redraws; redraw++) {
    const samples = [...judged.memorised.keys()].filter((index) => judged.memorised[index]);
    if (samples.length === 0) break;
    for (const sample of samples) everFlagged.add(sample);
    const drawn = await drawLevels(session, prior, wanted, { samples, behind: redraw * count });
    for (const [level, { data, shape }] of drawn.entries()) {
      const size = data.length / shape[0]!;
      for (const [at, sample] of samples.entries()) {
        levels[level]!.data.set(data.subarray(at * size, (at + 1) * size), sample * size);
      }
    }
    judged = await reference.judge(asGrids(levels));
  }
  return { judged, redrawn: everFlagged.size };
}

/**
 * Draws the grids of each level, [samples, rows, columns], each sample as the one that is `behind` later by number; of
 * candidates for the coarsest, a plausible one is kept.
 */
async function drawLevels(
  session: Session,
  prior: BoundPrior,
  wanted: Wanted,
  { samples, behind }: { readonly samples: readonly number[]; readonly behind: number },
): Promise<LevelGrids[]> {
  const { config, signal } = session;
  const { candidates, seed, temperature, firstRowTemperature, topK, topP, guidance } = config.sample;
  const { trained, labels, slicePositions, covariates, codec } = wanted;
  const [engine, weights] = [await session.engine(), await priorParameters(session, prior)];
  const spaces = session.model.levels;
  const options = {
    seed,
    temperature,
    guidance,
    ...(firstRowTemperature === null ? {} : { firstRowTemperature }),
    ...(topK === null ? {} : { topK }),
    ...(topP === null ? {} : { topP }),
    onProgress: reportProgress(session.emit, "sample", "codes"),
    ...(signal === undefined ? {} : { signal }),
  };
  const draw = async (each: number, more: Pick<SampleOptions, "levels" | "drawn">): Promise<LevelGrids[]> => {
    const covariatesOf = (all: Float32Array, sample: number): number[] => {
      const width = all.length / config.sample.count;
      return Array.from(all.subarray(sample * width, (sample + 1) * width));
    };
    const ofEach = Array.from({ length: samples.length * each }, (_, at) => samples[Math.floor(at / each)]!);
    const drawn = await prior
      .sample(engine, weights, {
        ...options,
        ...more,
        count: ofEach.length,
        numbers: ofEach.map((sample, at) => sample + behind + (at % each) * CANDIDATES_APART),
        conditions: {
          ...(labels && { labels: ofEach.map((sample) => labels[sample]!) }),
          ...(slicePositions && { slicePositions: ofEach.map((sample) => slicePositions[sample]!) }),
          ...(covariates && { covariates: ofEach.flatMap((sample) => covariatesOf(covariates, sample)) }),
        },
      })
      .catch((error: unknown) => {
        throw signal?.aborted ? interruptedError() : error;
      });
    return drawn.map((codes, level) => {
      const { rows, columns } = spaces[level]!;
      return int32(codes, [ofEach.length, rows, columns]);
    });
  };
  if (candidates === 1) return draw(1, {});

  const first = config.model.quantizer.depth; // the levels of the coarsest grid
  const coarsest = await draw(candidates, { levels: first });
  const kept = await plausibleCandidates(
    engine,
    wanted.parameters,
    {
      candidates: coarsest,
      each: candidates,
      training: trained.levels.slice(0, first),
    },
    codec,
  );
  return draw(1, { drawn: coarsest.map((grids) => takeRows(grids, kept).data) });
}

/** Writes how new, varied and true the samples are. */
async function saveNovelty(
  session: Session,
  samples: CodeGrids,
  {
    measured,
    trained,
    grain,
  }: { readonly measured: Measured; readonly trained: CodeGrids; readonly grain: Grain | undefined },
): Promise<void> {
  const { paths, emit } = session;
  const { flagged, redrawn } = measured.novelty.memorisation;
  if (redrawn > 0) {
    const redrawnSamples = redrawn === 1 ? "1 sample was" : `${redrawn} samples were`;
    emit({ type: "note", text: `${redrawnSamples} nearly a training slice, and drawn anew` });
  }
  if (flagged > 0) {
    const flaggedSamples = flagged === 1 ? "1 sample is" : `${flagged} samples are`;
    emit({ type: "warning", text: `${flaggedSamples} nearly a training slice: see ${paths.novelty}` });
  }
  const picture = join(paths.samples, "nearest.png");
  await writeFileAtomic(picture, await nearestPicture(measured));
  session.made(picture, "samples over their nearest training slices");
  const test = await neededCodes(session, "test");
  const pixels = await measurePixels(session, samples, { training: trained, test, grain });
  const novelty: Novelty = { ...measured.novelty, pixels };
  await writeFileAtomic(paths.novelty, `${JSON.stringify(novelty, undefined, 2)}\n`);
  session.made(paths.novelty, "novelty and quality of the samples");
}

/** The classes that some slices have. */
function labelsIn({ records }: SliceSet): ReadonlySet<string> {
  return new Set(records.flatMap(({ label }) => label ?? []));
}

/** The classes that code grids are of; undefined where there are none. */
export function classesOf(grids: CodeGrids | undefined): ReadonlySet<string> | undefined {
  return grids && new Set(Array.from(grids.labels, (label) => grids.classes[label]!));
}

/** The classes that the training and the test slices have. */
interface SeenClasses {
  readonly trained: ReadonlySet<string> | undefined;
  /** Those that samples can be measured against; any unless given. */
  readonly tested?: ReadonlySet<string> | undefined;
}

/**
 * The class number of each sample: the one asked for, else every class in turn that was trained and can be measured;
 * undefined without classes.
 *
 * Throws `CLASS_UNKNOWN` for a class that there is not, or of which slices are missing.
 */
export function labelsOf(
  classes: readonly string[],
  { count, class: wanted }: Session["config"]["sample"],
  { trained, tested }: SeenClasses,
): Int32Array | undefined {
  const lacking = (name: string) =>
    trained?.has(name) === false ? "training" : tested?.has(name) === false ? "test" : undefined;
  if (wanted === null) {
    const drawn = [...classes.keys()].filter((label) => lacking(classes[label]!) === undefined);
    if (classes.length === 0) return undefined;
    if (drawn.length > 0)
      return Int32Array.from({ length: count }, (_, index) => drawn[index % drawn.length]!);
    throw new SlicebookError("CLASS_UNKNOWN", "no class has training slices and test slices", {
      remedy: "Put subjects of each class into the training and the test split.",
    });
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
  const what = lacking(wanted);
  if (what !== undefined) {
    const seen = classes.filter((name) => lacking(name) === undefined);
    throw new SlicebookError(
      "CLASS_UNKNOWN",
      `sample.class: the class "${wanted}" has no ${what} slices, so samples of it cannot be ` +
        (what === "training" ? "drawn" : "measured"),
      { remedy: `Ask for one of ${seen.join(", ")}, or set sample.class to null for each in turn.` },
    );
  }
  return new Int32Array(count).fill(label);
}

/** The position in the scan of each sample, if one is asked for; an error if the prior knows of none. */
export function slicePositionsOf(
  prior: BoundPrior,
  { count, position }: Session["config"]["sample"],
): Float32Array | undefined {
  if (position === null) return undefined;
  if (prior.conditions.includes("slicePositions")) return new Float32Array(count).fill(position);
  const option = prior.switches?.slicePositions;
  throw new SlicebookError(
    "POSITION_UNKNOWN",
    `sample.position: the prior was not trained on where slices lie in their scans, but ${position} is asked for`,
    {
      remedy:
        (option === undefined
          ? "Set "
          : `Set prior.options.${option} to true and train the prior again, or `) +
        "sample.position to null to leave it open.",
    },
  );
}
