import { type HostTensors, interruptedError, type TensorEngine } from "@slicebook/base";
import { type ConditionValues, lastingConditions, UNKNOWN } from "../prior/conditions.ts";
import type { BoundPrior } from "../prior/contract.ts";
import { type PriorCoding, packByPrior, packForRate, unpackByPrior } from "./code-by-prior.ts";
import type { SliceRecord } from "./slice-record.ts";

/** Slices that the prior codes side by side. */
export const CODED_AT_ONCE = 16;

/** What the prior was told of a slice. */
type Told = SliceRecord["told"];

/** The codes of one slice, of each level in raster order. */
export type SliceCodes = readonly Int32Array[];

/** A run's prior as an entropy coder. */
export interface PriorCoder {
  /** The SHA-256 of its weights. */
  readonly hash: string;
  readonly codesPerSlice: number;
  /** Whether it has to be told of which class a slice is. */
  readonly takesClasses: boolean;
  /** What it is told of a slice of a class, of which no more is known. */
  told(label: string | undefined): Told;
  /** Codes of each slice, and back; a slice's bytes depend on no other slice. `onCodes` is told how many more are done. */
  pack(slices: readonly CodesToPack[], onCodes: (count: number) => void): Promise<Uint8Array[]>;
  /** As `pack`, of codes that are chosen for fewer bits (see `packForRate`). */
  packForRate(
    slices: readonly SliceToCode[],
    rate: { readonly lambda: number; readonly meter: CodeDistances },
    onCodes: (count: number) => void,
  ): Promise<{ readonly packed: Uint8Array; readonly codes: SliceCodes }[]>;
  unpack(
    slices: readonly { readonly packed: Uint8Array; readonly told: Told }[],
    onCodes: (count: number) => void,
  ): Promise<SliceCodes[]>;
}

/** A preprocessed image, [height, width]. */
interface SliceToCode {
  readonly image: Float32Array;
  readonly told: Told;
}

interface CodesToPack {
  readonly codes: SliceCodes;
  readonly told: Told;
}

/** Measures how far what images encode to is from each code (see `createDistanceMeter` of `@slicebook/model`). */
interface CodeDistances {
  distances(level: number, images: Float32Array, earlier: readonly Int32Array[]): Promise<Float32Array>;
}

export interface PriorCoderOptions {
  readonly prior: BoundPrior;
  readonly parameters: HostTensors;
  /** The SHA-256 of these. */
  readonly hash: string;
  /** The names of the classes, by their numbers. */
  readonly classes: readonly string[];
  /** See {@link PriorCoding}. */
  readonly engine: TensorEngine;
  readonly signal?: AbortSignal | undefined;
}

/** A trained prior as an entropy coder; its calls throw `INTERRUPTED` after the signal. */
export function createPriorCoder({
  prior,
  parameters,
  hash,
  classes,
  engine,
  signal,
}: PriorCoderOptions): PriorCoder {
  const sizes = prior.space.levels.map(({ rows, columns }) => rows * columns);
  const conditions = lastingConditions(prior.conditions);
  async function inGroups<Slice extends { readonly told: Told }, Result>(
    slices: readonly Slice[],
    onCodes: (count: number) => void,
    work: (group: readonly Slice[], coding: PriorCoding) => Promise<readonly Result[]>,
  ): Promise<Result[]> {
    const results: Result[] = [];
    for (let first = 0; first < slices.length; first += CODED_AT_ONCE) {
      const group = slices.slice(first, first + CODED_AT_ONCE);
      let before = 0;
      const coding: PriorCoding = {
        prior,
        parameters,
        engine,
        conditions: conditionsOf(group.map(({ told }) => told)),
        onProgress: (done) => {
          onCodes(done - before);
          before = done;
        },
        ...(signal && { signal }),
      };
      const groupResults = await work(group, coding).catch((error: unknown) => {
        throw signal?.aborted ? interruptedError() : error;
      });
      results.push(...groupResults);
    }
    return results;
  }

  const ofSlice = (levels: readonly Int32Array[], index: number): SliceCodes =>
    levels.map((codes, level) => codes.subarray(index * sizes[level]!, (index + 1) * sizes[level]!));

  return {
    hash,
    codesPerSlice: sizes.reduce((sum, size) => sum + size, 0),
    takesClasses: conditions.includes("labels"),
    told: (label) => ({
      ...(conditions.includes("labels") && label !== undefined && { labels: classes.indexOf(label) }),
      ...(conditions.includes("slicePositions") && { slicePositions: UNKNOWN }),
    }),
    packForRate: (slices, { lambda, meter }, onCodes) =>
      inGroups(slices, onCodes, async (group, coding) => {
        const images = joined(group.map(({ image }) => image));
        const { packed, levels } = await packForRate(group.length, coding, {
          lambda,
          distances: (level, earlier) => meter.distances(level, images, earlier),
        });
        return packed.map((bytes, index) => ({ packed: bytes, codes: ofSlice(levels, index) }));
      }),
    pack: (slices, onCodes) =>
      inGroups(slices, onCodes, (group, coding) => {
        const levels = sizes.map((size, level) => {
          const all = new Int32Array(group.length * size);
          for (const [index, { codes }] of group.entries()) all.set(codes[level]!, index * size);
          return all;
        });
        return packByPrior(levels, group.length, coding);
      }),
    unpack: (slices, onCodes) =>
      inGroups(slices, onCodes, async (group, coding) => {
        const levels = await unpackByPrior(
          group.map(({ packed }) => packed),
          coding,
        );
        return group.map((_, index) => ofSlice(levels, index));
      }),
  };
}

/** Values of several slices, one after the other. */
function joined(slices: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(slices.length * (slices[0]?.length ?? 0));
  for (const [index, values] of slices.entries()) all.set(values, index * values.length);
  return all;
}

/** What is told of several slices, by condition; of those that every slice is told of. */
function conditionsOf(told: readonly Told[]): ConditionValues {
  const [labels, slicePositions] = (["labels", "slicePositions"] as const).map((name) =>
    told.flatMap((one) => one[name] ?? []),
  );
  return {
    ...(labels!.length === told.length && { labels: labels! }),
    ...(slicePositions!.length === told.length && { slicePositions: slicePositions! }),
  };
}
