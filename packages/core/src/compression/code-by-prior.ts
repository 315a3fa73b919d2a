import { type HostTensors, SlicebookError, type TensorEngine } from "@slicebook/base";
import type { ConditionValues } from "../prior/conditions.ts";
import type { BoundPrior, SampleOptions } from "../prior/contract.ts";
import { codeBits, logitTable } from "./code-table.ts";
import { putCode, takeCode } from "./pack-codes.ts";
import { rangeDecoder, rangeEncoder } from "./range-coder.ts";

/** A prior that codes slices, and what it is told of them. */
export interface PriorCoding extends Pick<SampleOptions, "onProgress" | "signal"> {
  readonly prior: BoundPrior;
  readonly parameters: HostTensors;
  /** One whose results are the same bits wherever codes are written and read: `createExactEngine` of `@slicebook/engine`. */
  readonly engine: TensorEngine;
  /** What the prior is told of each slice; a position is unknown unless given. */
  readonly conditions?: ConditionValues;
}

/**
 * The codes of slices, [count, rows, columns] of each level, entropy coded by the probability that a prior gives each after
 * those before it: the bytes of each slice, which depend on nothing but the prior, what it is told, and the slice's codes.
 */
export async function packByPrior(
  levels: readonly Int32Array[],
  count: number,
  coding: PriorCoding,
): Promise<Uint8Array[]> {
  const encoders = Array.from({ length: count }, rangeEncoder);
  const sizes = gridSizes(coding.prior);
  await code(count, coding, (level) => (logits, slice, position) => {
    const value = levels[level]![slice * sizes[level]! + position]!;
    putCode(encoders[slice]!, logitTable(logits), value);
    return value;
  });
  return encoders.map((encoder) => encoder.finish());
}

/** How codes are chosen for fewer bits. */
export interface RateOptions {
  /** What a bit counts, in mean squared distances of a slice's encodings of a level to their nearest codes: 0 or more. */
  readonly lambda: number;
  /**
   * The squared distances of each slice's encodings of a level to its codes, [count, rows, columns, K], given the codes of the
   * levels before, [count, rows, columns] each.
   */
  readonly distances: (level: number, earlier: readonly Int32Array[]) => Promise<Float32Array>;
}

/**
 * As {@link packByPrior}, of codes that are chosen while they are coded: each is the one with the least distance plus λ times
 * its bits (entropy-constrained vector quantization; Chou et al., 1989), given those that are chosen before it. Finer levels
 * are encoded anew after coarser ones, so that they make up for what these have lost.
 *
 * λ is that of the finest grid. A code of a coarser grid stands for as many more pixels, and for what is as much larger in them,
 * as its side is longer, since the power of pictures falls with the square of the frequency: λ falls by 16 from grid to grid.
 */
export async function packForRate(
  count: number,
  coding: PriorCoding,
  { lambda, distances }: RateOptions,
): Promise<{ readonly packed: Uint8Array[]; readonly levels: Int32Array[] }> {
  const encoders = Array.from({ length: count }, rangeEncoder);
  const { levels: grids } = coding.prior.space;
  const levels = await code(count, coding, async (level, earlier) => {
    const far = await distances(level, earlier);
    const size = far.length / count;
    const { codes, rows } = grids[level]!;
    const weight = lambda * (rows / grids.at(-1)!.rows) ** 4;
    const units = Array.from({ length: count }, (_, slice) =>
      meanNearest(far.subarray(slice * size, (slice + 1) * size), codes),
    );
    return (logits, slice, position) => {
      const start = slice * size + position * logits.length;
      const table = logitTable(logits);
      const cost = (code: number) => far[start + code]! / units[slice]! + weight * codeBits(table, code);
      let [value, least] = [0, cost(0)];
      for (let code = 1; code < logits.length; code++) {
        const costs = cost(code);
        if (costs < least) [value, least] = [code, costs];
      }
      putCode(encoders[slice]!, table, value);
      return value;
    };
  });
  return { packed: encoders.map((encoder) => encoder.finish()), levels };
}

/** The mean of each position's least distance, of [positions, K]; 1 where all are 0. */
function meanNearest(distances: Float32Array, codes: number): number {
  let sum = 0;
  for (let start = 0; start < distances.length; start += codes) {
    let least = Number.POSITIVE_INFINITY;
    for (let at = start; at < start + codes; at++) least = Math.min(least, distances[at]!);
    sum += least;
  }
  return (sum * codes) / distances.length || 1;
}

/** Reads what {@link packByPrior} wrote, of each slice. Bytes that it did not write give codes as well, of no meaning. */
export async function unpackByPrior(
  packed: readonly Uint8Array[],
  coding: PriorCoding,
): Promise<Int32Array[]> {
  const decoders = packed.map(rangeDecoder);
  return code(packed.length, coding, () => (logits, slice) => takeCode(decoders[slice]!, logitTable(logits)));
}

/** The code of a slice at a position of a level, in raster order, by its logits [K]. */
type ChooseCode = (logits: Float32Array, slice: number, position: number) => number;

/** Has the prior ask for each code once, level by level in raster order, of what `chooserOf` gives for a level after those before. */
async function code(
  count: number,
  { prior, parameters, engine, conditions, onProgress, signal }: PriorCoding,
  chooserOf: (level: number, earlier: readonly Int32Array[]) => ChooseCode | Promise<ChooseCode>,
): Promise<Int32Array[]> {
  const sizes = gridSizes(prior);
  const total = count * sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  let levels: Int32Array[] = [];
  for (const [level, size] of sizes.entries()) {
    const choose = await chooserOf(level, levels);
    const asked = new Uint32Array(count);
    const before = done;
    levels = await prior.sample(engine, parameters, {
      count,
      seed: 0,
      drawn: levels,
      levels: level + 1,
      choose: (logits, { slice, position }) => {
        if (asked[slice]!++ !== position) throw cannotCode();
        return choose(logits, slice, position);
      },
      onProgress: (codes) => onProgress?.(before + codes, total),
      ...(conditions && { conditions }),
      ...(signal && { signal }),
    });
    if (asked.some((codes) => codes !== size)) throw cannotCode();
    done += count * size;
  }
  return levels;
}

function gridSizes({ space }: BoundPrior): number[] {
  return space.levels.map(({ rows, columns }) => rows * columns);
}

function cannotCode(): SlicebookError {
  return new SlicebookError(
    "PRIOR_INVALID",
    "the prior does not ask `choose` for each code once, in raster order",
    {
      remedy: "Have it draw by `drawLevels` of @slicebook/core, or compress with --coding tables.",
    },
  );
}
