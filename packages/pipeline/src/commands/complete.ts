import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { int32, interruptedError, random } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { type BoundPrior, seamSsim, toUnitRange } from "@slicebook/core";
import { createEncoder, decodeCodes } from "@slicebook/model";
import { greyPng, type ImageStack, imageGrid } from "@slicebook/report";
import { readCovariates } from "@slicebook/runs";
import {
  type CodeGrids,
  joinGrids,
  type LevelGrids,
  loadPreprocessing,
  neededCodes,
  saveCodes,
  takeGrids,
} from "@slicebook/runs/tensors";
import {
  askedCovariates,
  askedTable,
  bindPrior,
  checkGuidance,
  createLikelihoodMeter,
  knownOf,
  modelParameters,
  openOwnSlices,
  priorParameters,
  reportProgress,
  type Session,
  uniqueNames,
  writeNiftiSlice,
} from "@slicebook/session";
import { classesOf, labelsOf, slicePositionsOf } from "../stages/sample.ts";
import { bitsPerDrawnCode, type CompletionFigures, completionFigures, natsOf } from "./completion-figures.ts";
import { keptCodes, keptPixels } from "./kept-part.ts";

/** Images decoded, and grids scored, at a time. */
const AT_ONCE = 8;

export interface CompleteOptions {
  /** The slice, a file as the run's data set has them. */
  readonly file: string;
  /** What is kept of it: a half by name, or a mask. */
  readonly keep: string;
  /** Grids drawn for each completion, of which one is taken. */
  readonly candidates: number;
  /** A folder for the pictures (default: `RUN/completions/NAME`, emptied before). */
  readonly out: string | undefined;
}

/**
 * Keeps a part of a slice and has the prior draw the rest, `sample.count` times: pictures of the slice, of what is
 * kept and of the completions, and the completions' codes.
 *
 * Codes are drawn level by level, in raster order, each given those before it; by a prior that is `knownFirst`, given all that
 * are known of its level. Known codes that come later have an influence by the choice among `candidates`: one is taken at
 * random by the probability that the prior gives the known codes after it (sampling-importance-resampling, Rubin, 1987).
 */
export async function completeSlice(
  session: Session,
  options: CompleteOptions,
): Promise<Omit<CompletionFigures, "completions">> {
  const { config, model, paths } = session;
  const { size, levels: spaces } = model;
  const { count, seed } = config.sample;
  const { file, keep } = options;
  const [height, width] = size;
  const trained = await neededCodes(session, "train");
  const { classes } = trained;
  const labels = labelsOf(classes, config.sample, { trained: classesOf(trained) });
  const slice = await (await openOwnSlices(session)).read(file);
  const pixels = await keptPixels(keep, slice, config.dataset);
  const known = keptCodes(pixels, spaces, { keep, size });

  const [engine, parameters] = [await session.engine(), await modelParameters(session)];
  const encoder = await createEncoder(engine, parameters, { model, batch: 1 });
  const sliceCodes = await encoder.encode(slice.prepared).finally(() => encoder.dispose());
  const drawn = await drawCandidates(session, {
    sliceCodes,
    known,
    labels,
    trained,
    candidates: options.candidates,
  });
  const names = Array.from(
    { length: count },
    (_, index) => `completion-${String(index + 1).padStart(4, "0")}`,
  );
  const chosen = choose(drawn, { count, seed });
  const completed: CodeGrids = { ...takeGrids(drawn.grids, chosen), names };

  // The slice's own codes last, for comparison.
  const all = joinGrids(completed, takeGrids(drawn.grids, [count * drawn.each]));
  const decoded = await decodeCodes(engine, parameters, all.levels, {
    model,
    batch: Math.min(AT_ONCE, count + 1),
    preprocessing: await loadPreprocessing(session),
  });
  const [area, low] = [height * width, slice.original.reduce((least, value) => Math.min(least, value))];
  // All in the original's scale, so that the completions can be compared with it.
  const images = (all: readonly Float32Array[]): ImageStack => {
    const data = new Float32Array(all.length * area);
    for (const [index, image] of all.entries()) {
      data.set(toUnitRange(slice.original, image).reconstruction, index * area);
    }
    return { data, shape: [all.length, height, width] };
  };
  const masked = slice.original.map((value, pixel) => (pixels[pixel] === 0 ? low : value));
  const restored = (index: number) => slice.restore(decoded.subarray(index * area, (index + 1) * area));
  const completions = names.map((_, index) => restored(index));
  const reconstruction = restored(count);
  const pictures = images([slice.original, masked, ...completions]);
  const seam = (image: Float32Array) => {
    const unit = toUnitRange(slice.original, image);
    return seamSsim(unit.original, unit.reconstruction, pixels, { height, width });
  };
  const bits = (index: number) => bitsPerDrawnCode(drawn.logs, known, index);
  const figures = completionFigures(
    { originalBitsPerCode: bits(count * drawn.each), reconstructionSeamSsim: seam(reconstruction) },
    completions.map((image, index) => ({
      name: names[index]!,
      bitsPerCode: bits(chosen[index]!),
      seamSsim: seam(image),
    })),
  );
  const captions = names.map((name, index) =>
    labels === undefined ? name : `${name} ${classes[labels[index]!]}`,
  );

  const [name = ""] = uniqueNames([file]);
  const out = options.out ?? join(paths.folder, "completions", name);
  if (options.out === undefined) await rm(out, { recursive: true, force: true });
  for (const [index, picture] of ["original", "masked", ...names].entries()) {
    await writeFileAtomic(join(out, `${picture}.png`), await greyPng(pictures, index));
  }
  const { placement } = slice;
  if (placement !== undefined) {
    for (const [index, name] of names.entries()) {
      await writeNiftiSlice(join(out, `${name}.nii.gz`), completions[index]!, { size, placement });
    }
  }
  const codes = join(out, "codes.safetensors");
  await saveCodes(codes, completed);
  session.made(codes, "completions' codes");
  const measured = join(out, "completions.json");
  await writeFileAtomic(measured, `${JSON.stringify({ keep, seed, ...figures }, undefined, 2)}\n`);
  session.made(measured, "how well they fit");
  const grid = join(out, "grid.png");
  const title = { title: "Completions", subtitle: `kept: ${basename(keep)}, seed ${seed}` };
  await writeFileAtomic(
    grid,
    await imageGrid(pictures, { ...title, captions: ["original", "kept", ...captions] }),
  );
  session.made(grid, "the slice, what is kept of it, and its completions");
  const { completions: _, ...means } = figures;
  return means;
}

interface Candidates {
  /** Those of the first completion, then those of the second, and so on; last the slice's own codes, told what the first is. */
  readonly grids: CodeGrids;
  readonly each: number;
  /** ln p of every code of the grids, each level, in the order in which they are drawn. */
  readonly logs: readonly Float32Array[];
  /** ln p of the known codes of each. */
  readonly weights: Float64Array;
}

async function drawCandidates(
  session: Session,
  {
    sliceCodes,
    known,
    labels,
    trained,
    candidates,
  }: {
    readonly sliceCodes: readonly LevelGrids[];
    readonly known: readonly Uint8Array[];
    readonly labels: Int32Array | undefined;
    /** The grids that the prior learned. */
    readonly trained: CodeGrids;
    readonly candidates: number;
  },
): Promise<Candidates> {
  const { config, signal, emit } = session;
  const { levels: spaces } = session.model;
  const { count, seed, temperature, firstRowTemperature, topK, topP, guidance } = config.sample;
  const [prior, engine] = [await bindPrior(session, knownOf(session, trained)), await session.engine()];
  const table = askedTable(prior, readCovariates(session.paths), config.sample);
  checkGuidance(prior, config.sample);
  const parameters = await priorParameters(session, prior);
  const each = comeLater(known, prior) ? candidates : 1;
  const total = count * each;
  const ofEach = Int32Array.from({ length: total }, (_, index) => labels?.[Math.floor(index / each)] ?? 0);
  const slicePositions = slicePositionsOf(prior, { ...config.sample, count: total });
  const covariates = table && askedCovariates(table, config.sample, total);
  const drawn = await prior
    .sample(engine, parameters, {
      count: total,
      seed,
      temperature,
      guidance,
      ...(firstRowTemperature === null ? {} : { firstRowTemperature }),
      ...(topK === null ? {} : { topK }),
      ...(topP === null ? {} : { topP }),
      conditions: {
        ...(labels === undefined ? {} : { labels: ofEach }),
        ...(slicePositions === undefined ? {} : { slicePositions }),
        ...(covariates === undefined ? {} : { covariates }),
      },
      given: sliceCodes.map(({ data }, level) => ({ codes: data, known: known[level]! })),
      onProgress: reportProgress(emit, "sample", "codes"),
      ...(signal === undefined ? {} : { signal }),
    })
    .catch((error: unknown) => {
      throw signal?.aborted ? interruptedError() : error;
    });
  const completed: CodeGrids = {
    levels: spaces.map(({ rows, columns }, level) => int32(drawn[level]!, [total, rows, columns])),
    labels: ofEach,
    classes: trained.classes,
    slicePositions,
    covariates,
    names: Array.from({ length: total }, () => ""),
  };
  const grids = joinGrids(completed, { ...takeGrids(completed, [0]), levels: sliceCodes });
  const meter = await createLikelihoodMeter(engine, prior, parameters, {
    batch: Math.min(AT_ONCE, total + 1),
    known: prior.knownFirst ? known : undefined,
  });
  const logs = await meter.logLikelihood(parameters, grids).finally(() => meter.dispose());
  const weights = Float64Array.from({ length: total }, (_, index) => -natsOf(logs, known, index).known);
  return { grids, each, logs, weights };
}

/** Whether a known code follows one that is not, in the order in which codes are drawn. */
function comeLater(known: readonly Uint8Array[], { knownFirst = false }: BoundPrior): boolean {
  const all = known.flatMap((codes) =>
    Array.from(knownFirst ? codes.toSorted((one, other) => other - one) : codes),
  );
  return all.lastIndexOf(1) > all.indexOf(0);
}

/** The number of the candidate that becomes each completion. */
function choose(
  { each, weights }: Candidates,
  { count, seed }: { readonly count: number; readonly seed: number },
): number[] {
  return Array.from({ length: count }, (_, index) => {
    const candidateWeights = weights.subarray(index * each, (index + 1) * each);
    return index * each + drawWeighted(candidateWeights, random(seed, "completion", index).uniform());
  });
}

/** An index, by its share of the weights that are given as logarithms. */
export function drawWeighted(logs: Float64Array, uniform: number): number {
  const most = Math.max(...logs);
  const weights = Array.from(logs, (log) => Math.exp(log - most));
  let rest = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return index;
  }
  return logs.length - 1;
}
