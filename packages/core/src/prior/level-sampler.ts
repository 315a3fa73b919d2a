import type { HostTensor, HostTensors } from "@slicebook/base";
import type { GivenCodes } from "./contract.ts";

/** What gives the logits of one level's codes, of some slices after others. */
export interface LevelSampler {
  /** Starts with new grids. */
  start(lanes: Lanes): Promise<CodeLogits> | CodeLogits;
  dispose(): Promise<void>;
}

/** Prepares a level for lanes of slices, of whose codes those that are 1 in `known`, [rows, columns], are given, if any. */
export type OpenLevel = (
  level: number,
  lanes: number,
  known: GivenCodes["known"] | undefined,
) => Promise<LevelSampler> | LevelSampler;

/** Slices whose grids are drawn side by side: always the same number, of which some may be idle. */
export interface Lanes {
  /** The prior's conditions, but for `variations`, [lanes] each; `covariates` are [lanes, n]. */
  readonly conditions: HostTensors;
  /** The grids of the levels before, int32 [lanes, rows, columns] each. */
  readonly earlier: readonly HostTensor[];
}

/**
 * The logits of the code at a position, of every lane: [lanes, K].
 *
 * Asked for in raster order, of the positions that are to be drawn only. `codes`, [lanes, rows, columns], has the codes
 * that are drawn so far and those that are given, and zeros elsewhere.
 */
export type CodeLogits = (
  row: number,
  column: number,
  codes: Int32Array,
) => Promise<Float32Array> | Float32Array;
