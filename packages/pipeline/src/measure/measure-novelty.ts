import { setImmediate } from "node:timers/promises";
import { type HostTensor, type HostTensors, interruptedError } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import type { Engine } from "@slicebook/engine";
import type { Novelty } from "@slicebook/runs";
import { type CodeGrids, takeGrids } from "@slicebook/runs/tensors";
import { type CodecOptions, decodeCodes, encodingsOf } from "../model/codec.ts";
import { sampleGreys } from "../model/pictures.ts";
import { type Decoded, keepDecoded } from "./decoded.ts";
import {
  distributionOf,
  type Features,
  MEMORISATION_RULE,
  memorised,
  pairwiseSimilarity,
  spreadOf,
} from "./judge.ts";
import { type Nearest, nearestOfSlice } from "./nearest.ts";

/** Training slices that are decoded, spread evenly where there are more; by codes all are compared. */
const MOST_DECODED = 512;
/** Held-out slices that samples are measured against, at most. */
const MOST_HELD_OUT = 128;
const MOST_PAIRS = 200;
/** Cells a side in which features are averaged. */
const CELLS = 4;

export interface NoveltyInput {
  readonly engine: Engine;
  /** The VQ-VAE's weights. */
  readonly parameters: HostTensors;
  readonly codec: CodecOptions;
  /** Of samples, of the training split and of the test split; the latter two of the samples' classes only. */
  readonly samples: CodeGrids;
  readonly training: CodeGrids;
  readonly test: CodeGrids;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

/** What was measured, and the decoded slices that pictures are made of. */
export interface Measured {
  readonly novelty: Novelty;
  readonly nearest: readonly Nearest[];
  readonly training: Decoded;
  readonly samples: Decoded;
}

/** Measures how new, how varied and how true samples are. */
export async function measureNovelty(input: NoveltyInput): Promise<Measured> {
  const { samples, training, test, seed, signal, onProgress } = input;
  const grids = {
    samples,
    training: takeGrids(training, spread(training.labels.length, MOST_DECODED)),
    test: takeGrids(test, spread(test.labels.length, MOST_HELD_OUT)),
  };
  const decoded = {
    samples: await decode(input, grids.samples, null),
    training: await decode(input, grids.training, spread(training.labels.length, MOST_DECODED)),
    test: await decode(input, grids.test, null),
  };
  const total = grids.samples.labels.length + grids.test.labels.length;
  let done = 0;
  const nearestOf = async (own: CodeGrids, images: Decoded) => {
    const found: Nearest[] = [];
    for (let index = 0; index < own.labels.length; index++) {
      if (signal?.aborted) throw interruptedError();
      const trained = { grids: training, decoded: decoded.training.images };
      found.push(nearestOfSlice(index, { grids: own, decoded: images }, trained));
      done += 1;
      onProgress(done, total);
      await setImmediate();
    }
    return found;
  };
  const nearest = await nearestOf(grids.samples, decoded.samples.images);
  const heldOut = await nearestOf(grids.test, decoded.test.images);
  const flags = memorised(nearest, heldOut);
  const pairs = { most: MOST_PAIRS, seed };
  const { pairs: count, ...varied } = pairwiseSimilarity(decoded.samples.images, pairs);
  const { pairs: _, ...real } = pairwiseSimilarity(decoded.test.images, pairs);
  const sides = (of: (one: Nearest) => number) => ({
    samples: spreadOf(nearest.map(of)),
    heldOut: spreadOf(heldOut.map(of)),
  });
  const named = ({ index, distance }: Nearest["byCodes"]) => ({ slice: training.names[index]!, distance });
  const novelty: Novelty = {
    schema: 2,
    counts: {
      samples: samples.labels.length,
      training: training.labels.length,
      decoded: grids.training.labels.length,
      heldOut: grids.test.labels.length,
    },
    nearest: {
      byCodes: sides((one) => one.byCodes.distance),
      bySsim: sides((one) => one.bySsim.distance),
    },
    memorisation: { rule: MEMORISATION_RULE, flagged: flags.filter(Boolean).length },
    diversity: { pairs: count, samples: varied, heldOut: real },
    distribution: distributionOf(
      {
        samples: decoded.samples.features,
        training: decoded.training.features,
        test: decoded.test.features,
      },
      decoded.samples.cells,
    ),
    samples: nearest.map((one, index) => ({
      name: samples.names[index]!,
      byCodes: named(one.byCodes),
      bySsim: named(one.bySsim),
      memorised: flags[index]!,
    })),
    heldOut: heldOut.map(({ byCodes, bySsim }) => ({ byCodes: byCodes.distance, bySsim: bySsim.distance })),
  };
  return { novelty, nearest, training: decoded.training.images, samples: decoded.samples.images };
}

/** Images of grids, and the encoder's features of these. */
async function decode(
  { engine, parameters, codec }: NoveltyInput,
  grids: CodeGrids,
  numbers: readonly number[] | null,
): Promise<{ images: Decoded; features: Features; cells: string }> {
  const { model, preprocessing } = codec;
  const [height, width] = model.size;
  const images = await decodeCodes(engine, parameters, grids.levels, codec);
  // Of the finest grid.
  const encodings = (await encodingsOf(engine, parameters, images, codec)).at(-1)!;
  const [, rows, columns] = encodings.shape as [number, number, number, number];
  const [down, across] = [Math.min(CELLS, rows), Math.min(CELLS, columns)];
  return {
    images: keepDecoded(
      sampleGreys(images, { size: model.size, preprocessing }).data,
      numbers ?? Array.from({ length: grids.labels.length }, (_, index) => index),
      { height, width },
    ),
    features: { cells: means(encodings, down, across), whole: means(encodings, 1, 1) },
    cells: `${down}×${across}`,
  };
}

/** Encodings [n, rows, columns, D] averaged over cells of the grid: n points of down × across × D numbers. */
function means({ data, shape }: HostTensor, down: number, across: number): Features["cells"] {
  const [count, rows, columns, depth] = shape as [number, number, number, number];
  const width = down * across * depth;
  const sums = new Float64Array(count * width);
  const sizes = new Float64Array(down * across);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = Math.floor((row * down) / rows) * across + Math.floor((column * across) / columns);
      sizes[cell]! += 1;
      for (let image = 0; image < count; image++) {
        const from = ((image * rows + row) * columns + column) * depth;
        for (let at = 0; at < depth; at++) sums[image * width + cell * depth + at]! += data[from + at]!;
      }
    }
  }
  return { data: sums.map((sum, at) => sum / sizes[Math.floor((at % width) / depth)]!), width };
}
