import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { SlicebookError } from "@slicebook/base";
import { findPython } from "./find-python.ts";
import { type EngineChoice, type Measurement, measureIn, type Task } from "./measurement.ts";
import { median } from "./median.ts";

/** One size of the work: height × width of images or grids, and how many a step takes. */
export interface Cell {
  readonly size: readonly [height: number, width: number];
  readonly batch: number;
}

export interface CompareOptions {
  readonly cells: readonly Cell[];
  /** Processes a cell and side, in turn; the median counts. */
  readonly runs: number;
  readonly threads: number;
  /** What trains on our side. */
  readonly engine: EngineChoice;
  /** How long each process measures. */
  readonly seconds: number;
  readonly warmup: number;
  /** Positions of its grids that the naive sampler draws; null: all. */
  readonly positions: number | null;
  /** Told what is measured next. */
  readonly onProgress: (message: string) => void;
}

/** What is compared: the scripts of both sides, and their task for a cell. */
export interface Comparison {
  readonly benchmark: "train" | "prior" | "sample";
  readonly unit: "images per second" | "grids per second";
  /** Beside this module. */
  readonly script: string;
  /** From the repository's root. */
  readonly peerScript: string;
  readonly taskOf: (cell: Cell, options: CompareOptions) => Task;
}

/** A cell's figures: medians over runs, and each run's. Speeds are in the result's unit, memory in MiB. */
export interface CellResult {
  readonly size: string;
  readonly batch: number;
  readonly ours: number;
  readonly peer: number | null;
  /** ours / peer: above 1, ours is faster. */
  readonly ratio: number | null;
  readonly runs: { readonly ours: readonly number[]; readonly peer: readonly number[] };
  readonly peakMemory: { readonly ours: number | null; readonly peer: number | null };
}

export interface CompareResult {
  readonly benchmark: Comparison["benchmark"];
  readonly unit: Comparison["unit"];
  readonly cells: readonly CellResult[];
  /** The smallest of the cells' ratios. */
  readonly ratio: number | null;
  readonly ours: { readonly engine: string; readonly versions: { readonly node: string } };
  /** Null where no Python with PyTorch was found. */
  readonly peer: { readonly name: string; readonly version: string; readonly script: string } | null;
  readonly processor: string;
  readonly threads: number;
}

/** Measures Slicebook and PyTorch in turn, cell by cell. */
export async function compare(comparison: Comparison, options: CompareOptions): Promise<CompareResult> {
  const python = findPython("torch");
  if (python === undefined) {
    options.onProgress("no Python with PyTorch found: only Slicebook is measured (see benchmarks/README.md)");
  }
  const cells: CellResult[] = [];
  let ours: Measurement | undefined;
  let peer: Measurement | undefined;
  for (const cell of options.cells) {
    const measured = await measureCell(comparison, cell, python, options);
    cells.push(summariseCell(cell, measured));
    ours = measured.ours[0];
    peer = measured.peer[0];
  }
  if (ours === undefined) throw new RangeError("there is nothing to measure: no cells, or no runs");
  const ratios = cells.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  const { benchmark, unit, peerScript } = comparison;
  return {
    benchmark,
    unit,
    cells,
    ratio: ratios.length === 0 ? null : Math.min(...ratios),
    ours: { engine: ours.engine, versions: { node: ours.version } },
    peer: peer === undefined ? null : { name: peer.engine, version: peer.version, script: peerScript },
    processor: cpus()[0]?.model ?? "unknown",
    threads: options.threads,
  };
}

interface CellMeasurements {
  readonly ours: readonly Measurement[];
  readonly peer: readonly Measurement[];
}

async function measureCell(
  { script, peerScript, taskOf }: Comparison,
  cell: Cell,
  python: string | undefined,
  options: CompareOptions,
): Promise<CellMeasurements> {
  const task = taskOf(cell, options);
  const ours: Measurement[] = [];
  const peer: Measurement[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const label = `${nameOf(cell)} batch ${cell.batch}, run ${run} of ${options.runs}`;
    options.onProgress(`${label}: Slicebook`);
    ours.push(await measureIn(process.execPath, fileURLToPath(new URL(script, import.meta.url)), task));
    if (python === undefined) continue;
    options.onProgress(`${label}: PyTorch`);
    const peerPath = fileURLToPath(new URL(`../../${peerScript}`, import.meta.url));
    peer.push(await measureIn(python, peerPath, task));
  }
  checkSameModel(peerScript, ours, peer);
  return { ours, peer };
}

/** A comparison means nothing unless both sides train the same number of values. */
function checkSameModel(
  peerScript: string,
  ours: readonly Measurement[],
  peer: readonly Measurement[],
): void {
  const different = peer.find(({ weights }) => weights !== ours[0]?.weights);
  if (different !== undefined) {
    throw new SlicebookError(
      "benchmarks/MISMATCH",
      `Slicebook's model has ${ours[0]?.weights} weights, but that of ${peerScript} has ${different.weights}`,
      { remedy: "Make the peer's model the same." },
    );
  }
}

function summariseCell(cell: Cell, { ours, peer }: CellMeasurements): CellResult {
  const oursMedian = median(ours.map(speedOf));
  const peerMedian = peer.length === 0 ? null : median(peer.map(speedOf));
  return {
    size: nameOf(cell),
    batch: cell.batch,
    ours: rounded(oursMedian),
    peer: peerMedian === null ? null : rounded(peerMedian),
    ratio: peerMedian === null ? null : rounded(oursMedian / peerMedian),
    runs: { ours: ours.map(speedOf).map(rounded), peer: peer.map(speedOf).map(rounded) },
    peakMemory: { ours: largestMemory(ours), peer: largestMemory(peer) },
  };
}

function speedOf({ perSecond }: Measurement): number {
  return perSecond;
}

function largestMemory(measurements: readonly Measurement[]): number | null {
  const known = measurements.flatMap(({ peakMemory }) => (peakMemory === null ? [] : [peakMemory]));
  return known.length === 0 ? null : Math.max(...known);
}

function nameOf({ size }: Cell): string {
  return size.join("x");
}

/** To three places, or four digits where that is more. */
export function rounded(value: number): number {
  return value < 1 ? Number(value.toPrecision(4)) : Math.round(value * 1000) / 1000;
}
