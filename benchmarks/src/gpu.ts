import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Cell, CompareOptions, Comparison } from "./compare.ts";
import { findPython } from "./find-python.ts";
import { type EngineChoice, type Measurement, measurementSchema } from "./measurement.ts";
import { priorTraining } from "./prior.ts";
import { sampling } from "./sample.ts";
import { tableLines } from "./table.ts";
import { training } from "./train.ts";

export interface GpuOptions {
  /** Small images, few grids, and the CPU on both sides, to try the script on a machine without a card. */
  readonly tiny: boolean;
  readonly threads: number;
  /** No part is started after this many minutes. */
  readonly minutes: number;
  /** Told what is measured next. */
  readonly onProgress: (message: string) => void;
}

/** What one process is to measure. */
interface Part {
  readonly comparison: Comparison;
  readonly cell: Cell;
  readonly side: "Slicebook" | "PyTorch" | "PyTorch, compiled";
  readonly engine: EngineChoice;
}

export interface GpuRow {
  readonly work: string;
  readonly side: string;
  readonly precision: string;
  /** Images or grids a second; null where it was not measured. */
  readonly perSecond: number | null;
  /** Beside the same work by PyTorch, not compiled, with TensorFloat-32 (`--tiny`: float32). */
  readonly ratio: number | null;
  /** What measured it, or why it was not. */
  readonly note: string;
}

export interface GpuResult {
  readonly benchmark: "gpu";
  readonly tiny: boolean;
  readonly rows: readonly GpuRow[];
  readonly processor: string;
  readonly minutes: number;
}

/** How long a part may take: to start, to compile and to measure. */
const LIMIT_SECONDS = { card: 75, tiny: 25 } as const;
const SECONDS = { card: 5, tiny: 0.2 } as const;
const CPU: EngineChoice = { kind: "onnx", device: "cpu" };
const WEBGPU: EngineChoice = { kind: "onnx", device: "webgpu" };
const CUDA: EngineChoice = { kind: "onnx", device: "cuda" };
const CUDA_TF32: EngineChoice = { ...CUDA, precision: "tf32" };
const CUDA_FLOAT16: EngineChoice = { ...CUDA, precision: "float16" };
const WEBGPU_FLOAT16: EngineChoice = { ...WEBGPU, precision: "float16" };
/** Positions that the naive sampler draws of a grid. */
const POSITIONS = 16;

/** Measures training and sampling on a graphics card by every engine that there is, and by PyTorch, each in a process of its own. */
export async function benchmarkGpu({ tiny, threads, minutes, onProgress }: GpuOptions): Promise<GpuResult> {
  const start = performance.now();
  const python = findPython("torch");
  const measured: { readonly part: Part; readonly outcome: Measurement | string }[] = [];
  for (const part of partsOf(tiny)) {
    onProgress(`${workName(part)}: ${sideName(part)}, ${precisionOf(part)}`);
    const late = performance.now() - start > minutes * 60_000;
    const outcome = late
      ? `no time left of ${minutes} min`
      : await measurePart(part, { tiny, threads, python });
    measured.push({ part, outcome });
  }
  const peers = new Map(
    measured
      .filter(({ part }) => part.side === "PyTorch" && part.engine === (tiny ? CPU : CUDA_TF32))
      .map(({ part, outcome }) => [workName(part), outcome]),
  );
  return {
    benchmark: "gpu",
    tiny,
    rows: measured.map(({ part, outcome }) => {
      const peer = peers.get(workName(part));
      const speed = typeof outcome === "string" ? null : outcome.perSecond;
      return {
        work: workName(part),
        side: sideName(part),
        precision: precisionOf(part),
        perSecond: speed,
        ratio:
          speed === null || peer === undefined || typeof peer === "string" ? null : speed / peer.perSecond,
        note: typeof outcome === "string" ? outcome : `${outcome.engine} ${outcome.version}`,
      };
    }),
    processor: cpus()[0]?.model ?? "unknown",
    minutes: (performance.now() - start) / 60_000,
  };
}

/** Everything that is measured, what matters most first: the time may run out. */
function partsOf(tiny: boolean): Part[] {
  const side = tiny ? 32 : 256;
  const grid = tiny ? 4 : 32;
  const train: Work = [training, { size: [side, side], batch: tiny ? 2 : 16 }];
  const prior: Work = [priorTraining, { size: [grid, grid], batch: tiny ? 2 : 16 }];
  const sample: Work = [sampling, { size: [grid, grid], batch: tiny ? 4 : 1024 }];
  if (tiny) {
    const onCpu = [train, prior, sample].flatMap((work) => [
      partOf(work, "Slicebook", CPU),
      partOf(work, "PyTorch", CPU),
    ]);
    return [...onCpu, ...oursOf(train)];
  }
  const more: Work = [training, { size: [side, side], batch: 64 }];
  return [train, prior, sample, more].flatMap((work) => [...oursOf(work), ...theirsOf(work)]);
}

type Work = readonly [Comparison, Cell];

function partOf([comparison, cell]: Work, side: Part["side"], engine: EngineChoice): Part {
  return { comparison, cell, side, engine };
}

/** Half precision is for training alone. */
function oursOf(work: Work): Part[] {
  const engines = [CUDA_TF32, CUDA, WEBGPU];
  const halved = work[0] === sampling ? [] : [CUDA_FLOAT16, WEBGPU_FLOAT16];
  return [...engines, ...halved].map((engine) => partOf(work, "Slicebook", engine));
}

function theirsOf(work: Work): Part[] {
  return [
    partOf(work, "PyTorch", CUDA_TF32),
    ...(work[0] === sampling
      ? []
      : [partOf(work, "PyTorch, compiled", CUDA_TF32), partOf(work, "PyTorch", CUDA_FLOAT16)]),
    partOf(work, "PyTorch", { ...CUDA, precision: "float32" }),
  ];
}

function workName({ comparison, cell }: Part): string {
  const sizes = `${cell.size.join("×")}`;
  return comparison === sampling
    ? `sample ${cell.batch} of ${sizes}`
    : `${comparison.benchmark} ${sizes}, batch ${cell.batch}`;
}

function sideName({ side, engine }: Part): string {
  return side === "Slicebook" ? `${engine.kind}/${engine.device}` : side;
}

function precisionOf({ engine }: Part): string {
  return engine.precision ?? "float32";
}

/** Runs a part, and gives its figures or, in a line, why there are none. */
async function measurePart(
  { comparison, cell, side, engine }: Part,
  {
    tiny,
    threads,
    python,
  }: { readonly tiny: boolean; readonly threads: number; readonly python: string | undefined },
): Promise<Measurement | string> {
  const ours = side === "Slicebook";
  if (!ours && python === undefined) return "no Python with PyTorch";
  const options: CompareOptions = {
    cells: [cell],
    runs: 1,
    threads,
    engine,
    seconds: SECONDS[tiny ? "tiny" : "card"],
    warmup: tiny ? 1 : 3,
    positions: POSITIONS,
    onProgress: () => undefined,
  };
  const task = { ...comparison.taskOf(cell, options), compile: side === "PyTorch, compiled" };
  const script = ours ? `./${comparison.script}` : `../../${comparison.peerScript}`;
  const path = fileURLToPath(new URL(script, import.meta.url));
  const limit = tiny ? LIMIT_SECONDS.tiny : LIMIT_SECONDS.card;
  return runPart(ours ? process.execPath : python!, [path, JSON.stringify(task)], limit);
}

/** Runs a program that prints a measurement, but for no longer than `limit` seconds. */
async function runPart(
  command: string,
  args: readonly string[],
  limit: number,
): Promise<Measurement | string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1000 * limit);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  clearTimeout(timer);
  if (late) return `not done in ${limit} s`;
  if (status === 0) return measurementSchema.parse(JSON.parse(output.trimEnd().split("\n").at(-1) ?? ""));
  // Node and Python both name the error before its message, Node with more lines after it.
  const line = errors.split("\n").findLast((text) => /^\w*(Error|Exception)\b.*: /.test(text.trim()));
  return line?.trim().replace(/^\w+( \[\w+\])?: /, "") ?? `ended with ${status ?? "a signal"}`;
}

/** The result for people. */
export function formatGpu({ tiny, rows, processor, minutes }: GpuResult): string {
  const lines = rows.map(({ work, side, precision, perSecond, ratio, note }) => [
    work,
    side,
    precision,
    perSecond === null ? "–" : String(Number(perSecond.toPrecision(4))),
    ratio?.toFixed(2) ?? "–",
    note,
  ]);
  return [
    ...tableLines([
      ["work", "by", "precision", "per second", "to PyTorch", "measured with, or why not"],
      ...lines,
    ]),
    "",
    `Images and grids per second${tiny ? ", in sizes that say nothing about speed" : ""}. Processor: ${processor}. ${minutes.toFixed(1)} minutes`,
  ].join("\n");
}
