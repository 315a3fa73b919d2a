import { z } from "zod";
import type { CachePlace, PreparedSplit } from "./prepare-splits.ts";
import {
  applySliceMap,
  fitPreprocessing,
  type Preprocessing,
  type PreprocessingName,
  pooledMoments,
  pooledZscore,
  sliceMapOf,
} from "./preprocess.ts";
import { readPreparedNote, writePreparedNote } from "./store/prepared-cache.ts";
import { deviationOf, type Moments, mergeMoments, NO_MOMENTS, range } from "./store/slice-statistics.ts";
import type { StoredSlice } from "./store/stored-slice.ts";
import { type Bounds, type TrainingRange, trainingRangeSchema } from "./training-range.ts";

/** A preprocessing, and what its slices are like. */
export interface Learned {
  readonly preprocessing: Preprocessing;
  /** Over all pixels of all preprocessed slices. */
  readonly statistics: { readonly mean: number; readonly variance: number };
}

/**
 * Learns a preprocessing and the range of its values from the slices of some splits, and measures what comes out; or
 * only measures one that was learned elsewhere.
 *
 * What was measured of each slice when it was decoded is enough for all but `residual`, for which the slices are
 * read again, one at a time. What it learns is kept beside them for later runs.
 */
export async function learnPreprocessing(
  wanted: PreprocessingName | Preprocessing,
  parts: readonly PreparedSplit[],
  pixels: number,
): Promise<Learned> {
  if (wanted === "residual") {
    const place = parts.length === 1 ? parts[0]!.place : undefined;
    const before = place && (await readResidual(place, pixels));
    if (before !== undefined) return before;
    const preprocessing = fitPreprocessing(wanted, () => slicesOf(parts));
    const learned = withRange(preprocessing, parts, pixels);
    if (place !== undefined && learned.preprocessing.name === "residual") {
      const { low, high, mean, range } = learned.preprocessing;
      const note = { low, high, mean: Array.from(mean), range, statistics: learned.statistics };
      await writePreparedNote(place.folder, noteKey(place), JSON.stringify(note));
    }
    return learned;
  }
  if (typeof wanted !== "string") {
    return { preprocessing: wanted, statistics: measure(wanted, parts, pixels).statistics };
  }
  const preprocessing =
    wanted === "zscore-dataset" ? pooledZscore(momentsOf(parts, pixels)) : ({ name: wanted } as const);
  return withRange(preprocessing, parts, pixels);
}

function noteKey({ key }: CachePlace): string {
  return `${key}-residual`;
}

async function readResidual(place: CachePlace, pixels: number): Promise<Learned | undefined> {
  const text = await readPreparedNote(place.folder, noteKey(place));
  if (text === undefined) return undefined;
  const schema = z.object({
    low: z.number(),
    high: z.number(),
    mean: z.array(z.number()).length(pixels),
    range: trainingRangeSchema,
    statistics: z.object({ mean: z.number(), variance: z.number() }),
  });
  const { mean, statistics, ...numbers } = schema.parse(JSON.parse(text));
  return { preprocessing: { name: "residual", ...numbers, mean: Float32Array.from(mean) }, statistics };
}

/** A preprocessing with the range of what it makes of the slices. */
function withRange(preprocessing: Preprocessing, parts: readonly PreparedSplit[], pixels: number): Learned {
  const { statistics, preprocessed } = measure(preprocessing, parts, pixels);
  const all = parts.flatMap(({ store }) => store.statistics);
  const original = boundsOf(all.map(({ low, high }) => [low, high]));
  const shown = all.map(({ low, upper }, index): Bounds => {
    if (preprocessing.name === "residual") return [low, upper];
    const { offset, scale } = sliceMapOf(preprocessing, all[index]!, pixels);
    return [(low - offset) * scale, (upper - offset) * scale];
  });
  const window: Bounds = [
    quantile(
      shown.map(([low]) => low),
      0.5,
    ),
    quantile(
      shown.map(([, high]) => high),
      0.95,
    ),
  ];
  const learned: TrainingRange = { preprocessed, original, window };
  return { preprocessing: { ...preprocessing, range: learned }, statistics };
}

/** The moments and the bounds of all preprocessed values. */
function measure(
  preprocessing: Preprocessing,
  parts: readonly PreparedSplit[],
  pixels: number,
): { readonly statistics: Learned["statistics"]; readonly preprocessed: Bounds } {
  const bounds: Bounds[] = [];
  let moments: Moments;
  if (preprocessing.name === "residual") {
    const slices = function* () {
      for (const slice of preprocessedSlices(preprocessing, parts, pixels)) {
        bounds.push(range(slice));
        yield slice;
      }
    };
    moments = pooledMoments(slices());
  } else {
    moments = momentsOf(parts, pixels, preprocessing);
    for (const statistics of parts.flatMap(({ store }) => store.statistics)) {
      const { offset, scale } = sliceMapOf(preprocessing, statistics, pixels);
      const mapped = (value: number) => Math.fround((value - offset) * scale);
      bounds.push([mapped(statistics.low), mapped(statistics.high)]);
    }
  }
  return {
    statistics: { mean: moments.mean, variance: deviationOf(moments) ** 2 },
    preprocessed: boundsOf(bounds),
  };
}

function boundsOf(all: readonly Bounds[]): Bounds {
  return all.reduce(([low, high], [least, greatest]) => [Math.min(low, least), Math.max(high, greatest)]);
}

/** Interpolated linearly between the values beside it. */
function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = (sorted.length - 1) * part;
  const before = sorted[Math.floor(rank)]!;
  return before + (sorted[Math.ceil(rank)]! - before) * (rank - Math.floor(rank));
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
