import { float32, type HostTensor, type HostTensors, int32, random } from "@slicebook/base";
import type { CodeLevel } from "../code-space.ts";
import { ofLevel } from "../per-level.ts";
import { UNKNOWN } from "./conditions.ts";
import type { BoundPrior, SampleOptions } from "./contract.ts";
import { drawCode } from "./draw-code.ts";
import { columnsToDraw, gridsWithGiven } from "./given-codes.ts";
import { guidedLevels } from "./guidance.ts";
import type { CodeLogits, OpenLevel } from "./level-sampler.ts";
import { checkSampleOptions } from "./sample-options.ts";

/** Grids drawn side by side. One number always: with another, the last bits of the logits would differ. */
const LANES = 16;

/** By how much the numbers that draw the codes at the first positions differ between a sample and the next. */
const STEPS = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53].map(Math.sqrt);

/**
 * Draws the grids of all levels, the coarsest first, position by position: int32 `[count, rows, columns]` each.
 *
 * Slice n depends on the seed, n, its conditions and the options only, not on which others are drawn; with codes that are
 * given, up to the last bits of the logits. Throws a `SlicebookError` with code `SAMPLE_OPTIONS` if an option is out of its
 * range, and the signal's reason if it is aborted.
 */
export async function drawLevels(
  prior: Pick<BoundPrior, "space" | "conditions" | "guidable">,
  options: SampleOptions,
  open: OpenLevel,
): Promise<Int32Array[]> {
  checkSampleOptions(prior, options);
  const { space } = prior;
  const { count, drawn = [], given, guidance = 1, onProgress, signal } = options;
  const opened = guidance === 1 ? open : guidedLevels(open, guidance);
  const toDraw = space.levels.map((grid, level) => columnsToDraw(grid, given?.[level]));
  const end = options.levels ?? space.levels.length;
  const total = count * toDraw.slice(drawn.length, end).flat(2).length;
  let done = 0;
  const levels = [...drawn];
  for (let level = drawn.length; level < end; level++) {
    signal?.throwIfAborted();
    const grid = space.levels[level]!;
    const columns = toDraw[level]!;
    if (columns.every((row) => row.length === 0)) {
      levels.push(wholeLevel(grid, level, options));
      continue;
    }
    const lanes = lanesFor(options);
    const codes = new Int32Array(count * grid.rows * grid.columns);
    const sampler = await opened(level, lanes, given?.[level]?.known);
    try {
      for (let first = 0; first < count; first += lanes) {
        const slices = Math.min(lanes, count - first);
        const logits = await sampler.start({
          conditions: conditionsOf(prior, options, { first, slices, lanes }),
          earlier: levels.map((codes, before) => padded(codes, space.levels[before]!, first, lanes)),
        });
        const onRow = (row: number, rowCodes: Int32Array) => {
          done += slices * columns[row]!.length;
          onProgress?.(done, total);
          options.onRow?.({ level, row, first, codes: rowCodes });
        };
        codes.set(
          await drawLanes(grid, logits, { options, level, lanes, first, slices, columns, onRow }),
          first * grid.rows * grid.columns,
        );
      }
    } finally {
      await sampler.dispose();
    }
    levels.push(codes);
  }
  return levels;
}

/**
 * The number in [0, 1) with which the code at a position (in raster order) of a sample's level is drawn.
 *
 * The first positions of the coarsest level decide of which kind a slice is. There the numbers of successive samples are
 * spread evenly, each still uniform by itself: a randomly shifted Richtmyer sequence, which steps by the square root of a
 * prime (Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods, 1992, section 3.1; Cranley and Patterson, 1976,
 * for the shift). So a few samples hold kinds in the shares in which the prior has them.
 */
export function uniformAt(seed: number, sampleNumber: number, position: number, level: number): number {
  const step = level === 0 ? STEPS[position] : undefined;
  if (step !== undefined) return (random(seed, "sample-shift", position).uniform() + sampleNumber * step) % 1;
  const key = level === 0 ? [] : [level];
  return random(seed, "sample", sampleNumber, position, ...key).uniform();
}

/** The temperature at which the codes of a level's row are drawn. */
function temperatureAt(
  { temperature = 1, firstRowTemperature }: Pick<SampleOptions, "temperature" | "firstRowTemperature">,
  level: number,
  row: number,
): number {
  const first = level === 0 && row === 0 ? firstRowTemperature : undefined;
  return first ?? ofLevel(temperature, level);
}

/** Where a sample lies in its scan unless that is given: anywhere, by the seed and its number. */
export function slicePositionAt(seed: number, sampleNumber: number): number {
  return random(seed, "slice-position", sampleNumber).uniform();
}

/**
 * Where codes are given, as many lanes as samples are wanted: a region is mostly filled once, which then takes a
 * sixteenth, and what is drawn elsewhere is given, so that last bits have little to decide. A coder, which chooses codes,
 * runs where there are no other last bits.
 */
function lanesFor({ count, given, choose }: Pick<SampleOptions, "count" | "given" | "choose">): number {
  return given === undefined && choose === undefined ? LANES : Math.max(1, Math.min(LANES, count));
}

/** A level that is given as a whole, repeated for each sample. */
function wholeLevel(grid: CodeLevel, level: number, { count, given, onRow }: SampleOptions): Int32Array {
  const codes = gridsWithGiven(grid, given?.[level], count);
  for (let row = 0; row < grid.rows && count > 0; row++) {
    onRow?.({ level, row, first: 0, codes: rowOf(codes, grid, { row, grids: count }) });
  }
  return codes;
}

/** The codes of one row of each of the first `grids` grids, [grids, columns]. */
export function rowOf(
  codes: Int32Array,
  { rows, columns }: Pick<CodeLevel, "rows" | "columns">,
  { row, grids }: { readonly row: number; readonly grids: number },
): Int32Array {
  const values = new Int32Array(grids * columns);
  for (let grid = 0; grid < grids; grid++) {
    const start = (grid * rows + row) * columns;
    values.set(codes.subarray(start, start + columns), grid * columns);
  }
  return values;
}

/** The grids of some samples, from the first on, and zeros after the last. */
function padded(codes: Int32Array, { rows, columns }: CodeLevel, first: number, lanes: number): HostTensor {
  const size = rows * columns;
  const grids = new Int32Array(lanes * size);
  grids.set(codes.subarray(first * size, (first + lanes) * size));
  return int32(grids, [lanes, rows, columns]);
}

/** The conditions of each lane, zeros of the idle ones. */
function conditionsOf(
  { conditions: taken, space: { covariates: { length } = [] } }: Pick<BoundPrior, "conditions" | "space">,
  { seed, numbers, choose, conditions: { labels, slicePositions, covariates } = {} }: SampleOptions,
  { first, slices, lanes }: Pick<Drawing, "first" | "slices" | "lanes">,
): HostTensors {
  const ofLanes = (valueAt: (sampleNumber: number, at: number) => number, each = 1) =>
    Array.from({ length: lanes * each }, (_, at) => {
      const lane = Math.floor(at / each);
      return lane < slices ? valueAt(first + lane, first * each + at) : 0;
    });
  return {
    ...(taken.includes("labels") && {
      labels: int32(
        ofLanes((sample) => labels?.[sample] ?? 0),
        [lanes],
      ),
    }),
    ...(taken.includes("slicePositions") && {
      slicePositions: float32(
        ofLanes(
          (sample) =>
            slicePositions?.[sample] ??
            (choose === undefined ? slicePositionAt(seed, numbers?.[sample] ?? sample) : UNKNOWN),
        ),
        [lanes],
      ),
    }),
    ...(taken.includes("covariates") && {
      covariates: float32(
        ofLanes((_, at) => covariates?.[at] ?? UNKNOWN, length),
        [lanes, length],
      ),
    }),
  };
}

interface Drawing {
  readonly options: SampleOptions;
  readonly level: number;
  readonly lanes: number;
  /** The number of the sample in the first lane. */
  readonly first: number;
  /** How many lanes hold samples; the others are idle. */
  readonly slices: number;
  /** See {@link columnsToDraw}. */
  readonly columns: readonly (readonly number[])[];
  /** Called with each row and its codes, `[slices, columns]`. */
  readonly onRow: (row: number, codes: Int32Array) => void;
}

async function drawLanes(
  grid: CodeLevel,
  logits: CodeLogits,
  { options, level, lanes, first, slices, columns, onRow }: Drawing,
): Promise<Int32Array> {
  const size = grid.rows * grid.columns;
  const codes = gridsWithGiven(grid, options.given?.[level], lanes);
  const drawn = {
    topK: options.topK ?? grid.codes,
    topP: ofLevel(options.topP ?? 1, level),
  };
  for (const [row, ofRow] of columns.entries()) {
    options.signal?.throwIfAborted();
    const draw = { ...drawn, temperature: temperatureAt(options, level, row) };
    for (const column of ofRow) {
      const values = await logits(row, column, codes);
      const position = row * grid.columns + column;
      for (let lane = 0; lane < slices; lane++) {
        const laneLogits = values.subarray(lane * grid.codes, (lane + 1) * grid.codes);
        const sample = options.numbers?.[first + lane] ?? first + lane;
        codes[lane * size + position] =
          options.choose?.(laneLogits, { slice: first + lane, level, position }) ??
          drawCode(laneLogits, uniformAt(options.seed, sample, position, level), draw);
      }
    }
    onRow(row, rowOf(codes, grid, { row, grids: slices }));
  }
  return codes.subarray(0, slices * size);
}
