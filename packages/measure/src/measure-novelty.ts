import { setImmediate } from "node:timers/promises";
import { type HostTensor, type HostTensors, interruptedError } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import type { Engine } from "@slicebook/engine";
import { type CodecOptions, decodeCodes, encodingsOf, sampleGreys } from "@slicebook/model";
import type { Novelty } from "@slicebook/runs";
import { type CodeGrids, takeGrids } from "@slicebook/runs/tensors";
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
  /** Of the training split and of the test split, of the samples' classes only. */
  readonly training: CodeGrids;
  readonly test: CodeGrids;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

/** Slices whose nearest training slices were looked for. */
interface Compared {
  readonly grids: CodeGrids;
  readonly decoded: Awaited<ReturnType<typeof decode>>;
  readonly nearest: readonly Nearest[];
}

/** Samples beside their nearest training slices. */
export interface JudgedSamples extends Compared {
  readonly memorised: readonly boolean[];
}

/** What samples are judged by: training slices, and how near test slices are to them. */
export interface NoveltyReference {
  /** Finds the nearest training slice of each sample, and flags those that are too near. */
  judge(samples: CodeGrids): Promise<JudgedSamples>;
  readonly training: CodeGrids;
  readonly decodedTraining: Awaited<ReturnType<typeof decode>>;
  readonly heldOut: Compared;
}

/** Decodes the training and test slices that samples are judged by. */
export async function noveltyReference(input: NoveltyInput): Promise<NoveltyReference> {
  const { training, test, signal, onProgress } = input;
  const numbers = spread(training.labels.length, MOST_DECODED);
  const decodedTraining = await decode(input, takeGrids(training, numbers), numbers);
  const compare = async (grids: CodeGrids): Promise<Compared> => {
    const decoded = await decode(input, grids, null);
    const nearest: Nearest[] = [];
    for (let index = 0; index < grids.labels.length; index++) {
      if (signal?.aborted) throw interruptedError();
      const trained = { grids: training, decoded: decodedTraining.images };
      nearest.push(nearestOfSlice(index, { grids, decoded: decoded.images }, trained));
      onProgress(index + 1, grids.labels.length);
      await setImmediate();
    }
    return { grids, decoded, nearest };
  };
  const heldOut = await compare(takeGrids(test, spread(test.labels.length, MOST_HELD_OUT)));
  return {
    training,
    decodedTraining,
    heldOut,
    async judge(samples) {
      const compared = await compare(samples);
      return { ...compared, memorised: memorised(compared.nearest, heldOut.nearest) };
    },
  };
}

/** What was measured, and the decoded slices that pictures are made of. */
export interface Measured {
  readonly novelty: Omit<Novelty, "pixels">;
  readonly nearest: readonly Nearest[];
  readonly training: Decoded;
  readonly samples: Decoded;
}

export interface NoveltyOptions {
  /** How many samples were flagged, and drawn anew. */
  readonly redrawn: number;
  readonly seed: number;
}

/** How new, how varied and how true samples are. */
export function noveltyOf(
  { training, decodedTraining, heldOut }: NoveltyReference,
  { grids, decoded, nearest, memorised: flags }: JudgedSamples,
  { redrawn, seed }: NoveltyOptions,
): Measured {
  const pairs = { most: MOST_PAIRS, seed };
  const { pairs: count, ...varied } = pairwiseSimilarity(decoded.images, pairs);
  const { pairs: _, ...real } = pairwiseSimilarity(heldOut.decoded.images, pairs);
  const sides = (of: (one: Nearest) => number) => ({
    samples: spreadOf(nearest.map(of)),
    heldOut: spreadOf(heldOut.nearest.map(of)),
  });
  const named = ({ index, distance }: Nearest["byCodes"]) => ({ slice: training.names[index]!, distance });
  return {
    novelty: {
      schema: 2,
      counts: {
        samples: grids.labels.length,
        training: training.labels.length,
        decoded: decodedTraining.images.numbers.length,
        heldOut: heldOut.grids.labels.length,
      },
      nearest: {
        byCodes: sides((one) => one.byCodes.distance),
        bySsim: sides((one) => one.bySsim.distance),
      },
      memorisation: { rule: MEMORISATION_RULE, flagged: flags.filter(Boolean).length, redrawn },
      diversity: { pairs: count, samples: varied, heldOut: real },
      distribution: distributionOf(
        {
          samples: decoded.features,
          training: decodedTraining.features,
          test: heldOut.decoded.features,
        },
        decoded.cells,
      ),
      samples: nearest.map((one, index) => ({
        name: grids.names[index]!,
        byCodes: named(one.byCodes),
        bySsim: named(one.bySsim),
        memorised: flags[index]!,
      })),
      heldOut: heldOut.nearest.map(({ byCodes, bySsim }) => ({
        byCodes: byCodes.distance,
        bySsim: bySsim.distance,
      })),
    },
    nearest,
    training: decodedTraining.images,
    samples: decoded.images,
  };
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
