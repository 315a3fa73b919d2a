import { z } from "zod";
import type { CachePlace, PreparedSplit } from "./prepare-splits.ts";
import { readPreparedNote, writePreparedNote } from "./prepared-cache.ts";
import {
  applySliceMap,
  fitPreprocessing,
  type Preprocessing,
  type PreprocessingName,
  pooledMoments,
  pooledZscore,
  sliceMapOf,
} from "./preprocess.ts";
import { deviationOf, type Moments, mergeMoments, NO_MOMENTS } from "./slice-statistics.ts";
import type { StoredSlice } from "./stored-slice.ts";

/** A preprocessing, and what its slices are like. */
export interface Learnt {
  readonly preprocessing: Preprocessing;
  /** Over all pixels of all preprocessed slices. */
  readonly statistics: { readonly mean: number; readonly variance: number };
}

/**
 * Learns a preprocessing from the slices of some splits, and measures what comes out; or only measures one that
 * was learnt elsewhere.
 *
 * What was measured of each slice when it was decoded is enough for all but `residual`, for which the slices are
 * read again, one at a time. What it learns is kept beside them for later runs.
 */
export async function learnPreprocessing(
  wanted: PreprocessingName | Preprocessing,
  parts: readonly PreparedSplit[],
  pixels: number,
): Promise<Learnt> {
  if (wanted === "residual") {
    const place = parts.length === 1 ? parts[0]!.place : undefined;
    const before = place && (await readResidual(place, pixels));
    if (before !== undefined) return before;
    const preprocessing = fitPreprocessing(wanted, () => slicesOf(parts));
    const learnt = { preprocessing, statistics: statisticsOf(preprocessing, parts, pixels) };
    if (place !== undefined && preprocessing.name === "residual") {
      const { low, high, mean } = preprocessing;
      const note = { low, high, mean: Array.from(mean), statistics: learnt.statistics };
      await writePreparedNote(place.folder, noteKey(place), JSON.stringify(note));
    }
    return learnt;
  }
  const preprocessing =
    typeof wanted !== "string"
      ? wanted
      : wanted === "zscore-dataset"
        ? pooledZscore(momentsOf(parts, pixels))
        : { name: wanted };
  return { preprocessing, statistics: statisticsOf(preprocessing, parts, pixels) };
}

function noteKey({ key }: CachePlace): string {
  return `${key}-residual`;
}

async function readResidual(place: CachePlace, pixels: number): Promise<Learnt | undefined> {
  const text = await readPreparedNote(place.folder, noteKey(place));
  if (text === undefined) return undefined;
  const schema = z.object({
    low: z.number(),
    high: z.number(),
    mean: z.array(z.number()).length(pixels),
    statistics: z.object({ mean: z.number(), variance: z.number() }),
  });
  const { low, high, mean, statistics } = schema.parse(JSON.parse(text));
  return { preprocessing: { name: "residual", low, high, mean: Float32Array.from(mean) }, statistics };
}

function statisticsOf(
  preprocessing: Preprocessing,
  parts: readonly PreparedSplit[],
  pixels: number,
): Learnt["statistics"] {
  const moments =
    preprocessing.name === "residual"
      ? pooledMoments(preprocessedSlices(preprocessing, parts, pixels))
      : momentsOf(parts, pixels, preprocessing);
  return { mean: moments.mean, variance: deviationOf(moments) ** 2 };
}

/** The moments of all pixels, as they are or preprocessed by a map that is the same for a slice's pixels. */
function momentsOf(
  parts: readonly PreparedSplit[],
  count: number,
  preprocessing?: Exclude<Preprocessing, { name: "residual" }>,
): Moments {
  let all = NO_MOMENTS;
  for (const { store } of parts) {
    for (const statistics of store.statistics) {
      const { mean, squares } = statistics;
      const { offset, scale } =
        preprocessing === undefined ? { offset: 0, scale: 1 } : sliceMapOf(preprocessing, statistics, count);
      all = mergeMoments(all, { count, mean: (mean - offset) * scale, squares: squares * scale * scale });
    }
  }
  return all;
}

function* preprocessedSlices(
  preprocessing: Preprocessing,
  parts: readonly PreparedSplit[],
  pixels: number,
): Generator<Float32Array> {
  const out = new Float32Array(pixels);
  for (const part of parts) {
    for (const [index, statistics] of part.store.statistics.entries()) {
      const map = sliceMapOf(preprocessing, statistics, pixels);
      part.store.visit([index], (values) => applySliceMap(preprocessing, map, values, out));
      yield out;
    }
  }
}

/** Each slice in turn; it is valid until the next. */
function* slicesOf(parts: readonly PreparedSplit[]): Generator<StoredSlice> {
  for (const { store } of parts) {
    for (const index of store.statistics.keys()) {
      const seen: StoredSlice[] = [];
      store.visit([index], (values) => seen.push(values));
      yield* seen;
    }
  }
}
