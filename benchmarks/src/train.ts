import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { SlicebookError } from "@slicebook/base";
import { presets } from "@slicebook/core";
import { findPython } from "./find-python.ts";
import { type Measurement, measureIn, type Task } from "./measurement.ts";
import { median } from "./median.ts";

/** One size of the work: images of height × width pixels, and how many a step takes. */
export interface Cell {
  readonly size: readonly [height: number, width: number];
  readonly batch: number;
}

/** What is measured unless a cell is asked for. */
export const CELLS: readonly Cell[] = [
  { size: [256, 256], batch: 4 },
  { size: [256, 256], batch: 16 },
  { size: [256, 128], batch: 16 },
];

export interface TrainOptions {
  readonly cells: readonly Cell[];
  /** Processes a cell and side, in turn; the median counts. */
  readonly runs: number;
  readonly threads: number;
  /** How long each process measures. */
  readonly seconds: number;
  readonly warmup: number;
  /** Told what is measured next. */
  readonly onProgress: (message: string) => void;
}

/** A cell's figures: medians over runs, and each run's. Speeds are in images per second, memory in MiB. */
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

export interface TrainResult {
  readonly benchmark: "train";
  readonly unit: "images per second";
  readonly cells: readonly CellResult[];
  /** The smallest of the cells' ratios. */
  readonly ratio: number | null;
  readonly ours: { readonly engine: string; readonly versions: { readonly node: string } };
  /** Null where no Python with PyTorch was found. */
  readonly peer: { readonly name: string; readonly version: string; readonly script: string } | null;
  readonly processor: string;
  readonly threads: number;
}

const PEER_SCRIPT = "benchmarks/peers/vqvae_train.py";

/** Measures training steps of the reference preset, and of the same model in PyTorch, in turn. */
export async function benchmarkTraining(options: TrainOptions): Promise<TrainResult> {
  const python = findPython("torch");
  if (python === undefined) {
    options.onProgress("no Python with PyTorch found: only Slicebook is measured (see benchmarks/README.md)");
  }
  const cells: CellResult[] = [];
  let ours: Measurement | undefined;
  let peer: Measurement | undefined;
  for (const cell of options.cells) {
    const measured = await measureCell(cell, python, options);
    cells.push(summariseCell(cell, measured));
    ours = measured.ours[0];
    peer = measured.peer[0];
  }
  if (ours === undefined) throw new RangeError("there is nothing to measure: no cells, or no runs");
  const ratios = cells.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  return {
    benchmark: "train",
    unit: "images per second",
    cells,
    ratio: ratios.length === 0 ? null : Math.min(...ratios),
    ours: { engine: ours.engine, versions: { node: ours.version } },
    peer: peer === undefined ? null : { name: peer.engine, version: peer.version, script: PEER_SCRIPT },
    processor: cpus()[0]?.model ?? "unknown",
    threads: options.threads,
  };
}

interface CellMeasurements {
  readonly ours: readonly Measurement[];
  readonly peer: readonly Measurement[];
}

async function measureCell(
  cell: Cell,
  python: string | undefined,
  options: TrainOptions,
): Promise<CellMeasurements> {
  const task = taskOf(cell, options);
  const ours: Measurement[] = [];
  const peer: Measurement[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const place = `${nameOf(cell)} batch ${cell.batch}, run ${run} of ${options.runs}`;
    options.onProgress(`${place}: Slicebook`);
    const script = fileURLToPath(new URL("slicebook-train.js", import.meta.url));
    ours.push(await measureIn(process.execPath, script, task));
    if (python === undefined) continue;
    options.onProgress(`${place}: PyTorch`);
    const peerScript = fileURLToPath(new URL(`../../${PEER_SCRIPT}`, import.meta.url));
    peer.push(await measureIn(python, peerScript, task));
  }
  checkSameModel(ours, peer);
  return { ours, peer };
}

function taskOf({ size, batch }: Cell, { threads, warmup, seconds }: TrainOptions): Task {
  const { width, residualBlocks, residualWidth, codes, codeDimension, quantizer, optimizer } =
    presets.reference;
  const { commitment, decay, epsilon } = quantizer;
  const { learningRate } = optimizer;
  return {
    model: {
      width,
      residualBlocks,
      residualWidth,
      codes,
      codeDimension,
      commitment,
      decay,
      epsilon,
      learningRate,
    },
    size: [...size],
    batch,
    threads,
    warmup,
    seconds,
  };
}

/** A comparison means nothing unless both sides train the same number of values. */
function checkSameModel(ours: readonly Measurement[], peer: readonly Measurement[]): void {
  const different = peer.find(({ weights }) => weights !== ours[0]?.weights);
  if (different !== undefined) {
    throw new SlicebookError(
      "BENCHMARK_MISMATCH",
      `the reference preset has ${ours[0]?.weights} weights, but ${PEER_SCRIPT} has ${different.weights}`,
      { remedy: "Make the peer's model the same as the preset." },
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

function speedOf({ imagesPerSecond }: Measurement): number {
  return imagesPerSecond;
}

function largestMemory(measurements: readonly Measurement[]): number | null {
  const known = measurements.flatMap(({ peakMemory }) => (peakMemory === null ? [] : [peakMemory]));
  return known.length === 0 ? null : Math.max(...known);
}

function nameOf({ size }: Cell): string {
  return size.join("x");
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
