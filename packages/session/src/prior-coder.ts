import { interruptedError } from "@slicebook/base";
import {
  type ConditionValues,
  lastingConditions,
  type PriorCoding,
  packByPrior,
  type SliceRecord,
  UNKNOWN,
  unpackByPrior,
} from "@slicebook/core";
import { createExactEngine } from "@slicebook/engine";
import { exists, hashOfTensors } from "@slicebook/runs";
import { neededCodes } from "@slicebook/runs/tensors";
import { bindPrior, knownOf, priorParameters } from "./bound-prior.ts";
import type { Session } from "./session.ts";

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
  pack(slices: readonly CodedSlice[], onCodes: (count: number) => void): Promise<Uint8Array[]>;
  unpack(
    slices: readonly { readonly packed: Uint8Array; readonly told: Told }[],
    onCodes: (count: number) => void,
  ): Promise<SliceCodes[]>;
}

interface CodedSlice {
  readonly codes: SliceCodes;
  readonly told: Told;
}

/** The run's trained prior as an entropy coder; undefined where there is none. */
export async function openPriorCoder(session: Session): Promise<PriorCoder | undefined> {
  const { paths, model, signal } = session;
  if (!(await exists(paths.prior.best))) return undefined;
  const trained = await neededCodes(session, "train");
  const { classes } = trained;
  const prior = await bindPrior(session, knownOf(session, trained));
  const parameters = await priorParameters(session, prior);
  const sizes = model.levels.map(({ rows, columns }) => rows * columns);
  const conditions = lastingConditions(prior.conditions);
  const engine = createExactEngine();

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
      const made = await work(group, coding).catch((error: unknown) => {
        throw signal?.aborted ? interruptedError() : error;
      });
      results.push(...made);
    }
    return results;
  }

  return {
    hash: await hashOfTensors(parameters),
    codesPerSlice: sizes.reduce((sum, size) => sum + size, 0),
    takesClasses: conditions.includes("labels"),
    told: (label) => ({
      ...(conditions.includes("labels") && label !== undefined && { labels: classes.indexOf(label) }),
      ...(conditions.includes("slicePositions") && { slicePositions: UNKNOWN }),
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
        return group.map((_, index) =>
          levels.map((codes, level) => codes.subarray(index * sizes[level]!, (index + 1) * sizes[level]!)),
        );
      }),
  };
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
