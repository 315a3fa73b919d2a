import { setImmediate } from "node:timers/promises";
import { interruptedError } from "@slicebook/base";
import {
  type BoundVqvae,
  bitsPerPixel,
  type CodeLevel,
  type CodeTable,
  codesInUse,
  countCodes,
  entropyBits,
  perplexity,
  type Summary,
  summarise,
  toUnitRange,
} from "@slicebook/core";
import { scaleWeights } from "@slicebook/core/host";
import type { Split } from "@slicebook/datasets";
import type { Dataset } from "@slicebook/datasets/node";
import type { Codec } from "@slicebook/model";
import {
  type Evaluation,
  eachSliceFigure,
  measureSlice,
  type SliceFigureKey,
  type SliceFigures,
} from "@slicebook/runs";
import { codesOf } from "@slicebook/runs/tensors";
import { isBlank } from "./blank-slices.ts";
import { fileBytes } from "./file-bytes.ts";
import { maskErrors } from "./mask-errors.ts";

/** Slices named as the best, and as many as the worst. */
const RANKED = 4;

export interface EvaluateOptions {
  readonly model: BoundVqvae;
  readonly batch: number;
  readonly split: Split;
  readonly root: string | undefined;
  /** By which the slices' files would be written; where they are given, the files' size is measured. */
  readonly tables?: readonly CodeTable[] | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Evaluated {
  readonly evaluation: Evaluation;
  /** In the order of the split. */
  readonly slices: readonly SliceFigures[];
  /** The places in the split of the worst slices by SSIM, the worst first, and of the best, the best first. */
  readonly worst: readonly number[];
  readonly best: readonly number[];
  /** How often each code of each level is used over the split. */
  readonly counts: readonly Float64Array[];
}

/**
 * Reconstructs a whole split and measures it.
 *
 * The figures of `SLICE_FIGURES` are per slice, summarised over slices and subjects; perplexity, codes in use and the codes' entropy are those of the whole split. Where slices have masks, errors are
 * told apart by their labels. Blank slices do not count in the means of the first kind, unless there are no others.
 */
export async function evaluateSplit(
  codec: Codec,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Evaluated> {
  const { model, batch, split, root, tables, onProgress, signal } = options;
  const set = dataset.splits[split];
  const [height, width] = dataset.size;
  const pixels = height * width;
  const { levels } = model;
  const counts = levels.map(({ codes }) => new Float64Array(codes));
  const slices: SliceFigures[] = [];
  const showing: number[] = [];
  const masks = maskErrors(dataset.maskLabels);
  let bytes = 0;
  while (slices.length < set.records.length) {
    if (signal?.aborted) throw interruptedError();
    const start = slices.length;
    const part = Array.from(
      { length: Math.min(batch, set.records.length - start) },
      (_, index) => start + index,
    );
    const { images, levels: grids } = await codec.reconstruct(set.images(part));
    for (const [level, { data }] of grids.entries()) countCodes(data, levels[level]!.codes, counts[level]);
    const originals = set.originals(part);
    showing.push(
      ...part.filter(
        (_, position) => !isBlank(originals.subarray(position * pixels, (position + 1) * pixels)),
      ),
    );
    for (const [position, index] of part.entries()) {
      const original = originals.subarray(position * pixels, (position + 1) * pixels);
      const reconstruction = set.toOriginal(
        index,
        images.subarray(position * pixels, (position + 1) * pixels),
      );
      slices.push(measureSlice(original, reconstruction, { height, width }));
      if (tables !== undefined) {
        bytes += fileBytes(set.records[index]!.path, codesOf(grids, position), tables);
      }
      const labels = await set.mask(index);
      if (labels !== null) {
        masks.add(toUnitRange(original, reconstruction), labels, set.records[index]!.subject);
      }
    }
    onProgress?.(slices.length, set.records.length);
    await setImmediate();
  }
  const counting = showing.length === 0 ? [...slices.keys()] : showing;
  const measured = counting.map((index) => slices[index]!);
  const subjects = counting.map((index) => set.records[index]!.subject);
  const summaries = figureSummaries(measured, subjects);
  const blank = slices.length - counting.length;
  const bits = (bitsPerCode: (level: number) => number) =>
    levels.reduce(
      (sum, { rows, columns }, level) =>
        sum + bitsPerPixel(bitsPerCode(level), { codes: rows * columns, pixels }),
      0,
    );
  const ranked = [...counting].sort((a, b) => slices[a]!.ssim - slices[b]!.ssim);
  const [worst, best] = [ranked.slice(0, RANKED), ranked.slice(-RANKED).reverse()];
  const named = (index: number) => {
    const { name, subject } = set.records[index]!;
    return { name, subject, ...slices[index]! };
  };
  const byLabel = masks.summary();
  const evaluation: Evaluation = {
    schema: 1,
    split,
    dataset: {
      adapter: dataset.name,
      ...(root === undefined ? {} : { root }),
      size: [height, width],
      fingerprint: await dataset.fingerprint(),
    },
    ...(blank === 0 ? {} : { blank }),
    ...summaries,
    msSsim: { ...summaries.msSsim, scales: scaleWeights({ height, width }).length },
    ...codeUse(levels, counts),
    bitsPerPixel: {
      fixed: bits((level) => Math.log2(levels[level]!.codes)),
      entropy: bits((level) => entropyBits(counts[level]!)),
      ...(tables === undefined ? {} : { file: (8 * bytes) / (slices.length * pixels) }),
    },
    ...(byLabel === undefined ? {} : { masks: byLabel }),
    best: best.map(named),
    worst: worst.map(named),
    subjects: subjectFigures(measured, subjects),
  };
  return { evaluation, slices, worst, best, counts };
}

/** How the codes are used: over all levels, each of which counts by the codes that a slice has of it, and in each. */
export function codeUse(
  levels: readonly CodeLevel[],
  counts: readonly Float64Array[],
): Pick<Evaluation, "perplexity" | "codesInUse" | "codes" | "levels"> {
  const each = levels.map((level, index) => ({
    ...level,
    codesInUse: codesInUse(counts[index]!),
    perplexity: perplexity(counts[index]!),
  }));
  const places = levels.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const entropy = each.reduce(
    (sum, { rows, columns, perplexity }) => sum + (rows * columns * Math.log2(perplexity)) / places,
    0,
  );
  return {
    perplexity: 2 ** entropy,
    codesInUse: each.reduce((sum, level) => sum + level.codesInUse, 0),
    codes: each.reduce((sum, level) => sum + level.codes, 0),
    levels: each,
  };
}

/** Each figure over slices, with its interval over their subjects. */
export function figureSummaries(
  slices: readonly SliceFigures[],
  subjects: readonly string[],
): Readonly<Record<SliceFigureKey, Summary>> {
  return eachSliceFigure((key, { scale }) =>
    summarise(
      slices.map((slice) => slice[key]),
      subjects,
      { scale },
    ),
  );
}

function subjectFigures(
  slices: readonly SliceFigures[],
  subjects: readonly string[],
): Evaluation["subjects"] {
  const bySubject = new Map<string, SliceFigures[]>();
  for (const [index, subject] of subjects.entries()) {
    const list = bySubject.get(subject);
    if (list === undefined) bySubject.set(subject, [slices[index]!]);
    else list.push(slices[index]!);
  }
  return [...bySubject].map(([subject, list]) => ({
    subject,
    n: list.length,
    ...eachSliceFigure((key) => list.reduce((sum, slice) => sum + slice[key], 0) / list.length),
  }));
}
