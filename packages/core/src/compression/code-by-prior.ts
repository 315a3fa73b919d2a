import { type HostTensors, SlicebookError, type TensorEngine } from "@slicebook/base";
import type { ConditionValues } from "../prior/conditions.ts";
import type { BoundPrior, CodePlace, SampleOptions } from "../prior/contract.ts";
import { logitTable } from "./code-table.ts";
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
  await code(count, coding, (logits, { slice, level, position }) => {
    const value = levels[level]![slice * sizes[level]! + position]!;
    putCode(encoders[slice]!, logitTable(logits), value);
    return value;
  });
  return encoders.map((encoder) => encoder.finish());
}

/** Reads what {@link packByPrior} wrote, of each slice. Bytes that it did not write give codes as well, of no meaning. */
export async function unpackByPrior(
  packed: readonly Uint8Array[],
  coding: PriorCoding,
): Promise<Int32Array[]> {
  const decoders = packed.map(rangeDecoder);
  return code(packed.length, coding, (logits, { slice }) => takeCode(decoders[slice]!, logitTable(logits)));
}

/** Has the prior ask for each code once, in raster order of the levels. */
async function code(
  count: number,
  { prior, parameters, engine, conditions, onProgress, signal }: PriorCoding,
  choose: NonNullable<SampleOptions["choose"]>,
): Promise<Int32Array[]> {
  const sizes = gridSizes(prior);
  const firsts = sizes.map((_, level) => sizes.slice(0, level).reduce((sum, size) => sum + size, 0));
  const asked = new Uint32Array(count);
  const inOrder = (logits: Float32Array, place: CodePlace) => {
    if (asked[place.slice]!++ !== firsts[place.level]! + place.position) throw cannotCode();
    return choose(logits, place);
  };
  const levels = await prior.sample(engine, parameters, {
    count,
    seed: 0,
    choose: inOrder,
    ...(conditions && { conditions }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (asked.some((codes) => codes !== total)) throw cannotCode();
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
