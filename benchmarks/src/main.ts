import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { presets, vqvae } from "@slicebook/core";
import { type Device, ENGINE_DEVICES, ENGINE_KINDS, PRECISIONS } from "@slicebook/engine";
import { benchmarkAblation, formatAblation } from "./ablation.ts";
import { type Cell, type CompareOptions, type CompareResult, type Comparison, compare } from "./compare.ts";
import { benchmarkEpochs } from "./epochs.ts";
import { formatFuzz, fuzz } from "./fuzz/campaign.ts";
import { benchmarkGpu, formatGpu } from "./gpu.ts";
import { benchmarkLoading } from "./load.ts";
import type { EngineChoice } from "./measurement.ts";
import { MEMORY_CELLS, type MemoryResult, memoryOf } from "./memory.ts";
import { PRIOR_CELLS, priorTraining } from "./prior.ts";
import { benchmarkPriorAblation, formatPriorAblation } from "./prior-ablation.ts";
import { formatProfile, profile } from "./profile.ts";
import { benchmarkRace, formatRace } from "./race.ts";
import { benchmarkRate, formatRate } from "./rate/benchmark.ts";
import { type SampleResult, sampleResult, sampling, transformerSampling } from "./sample.ts";
import { benchmarkStartup, formatStartup } from "./startup.ts";
import { formatEpochs, formatLoad, formatTable } from "./table.ts";
import { TRAIN_CELLS, training } from "./train.ts";
import { benchmarkViewer, formatViewer, PAGE_ENGINES } from "./viewer.ts";

const USAGE = `usage: npm run -s bench -- train|prior|sample|memory [--json] [--size 256x256] [--batch 4] [--runs 3] [--threads N]
                                                [--seconds 10] [--positions 16|all] [--engine onnx/cpu] [--precision float32]
       npm run -s bench -- sample --prior transformer [--peer-cache] and as above
       npm run -s bench -- gpu                [--json] [--tiny] [--minutes 6.5] [--threads N]
       npm run -s bench -- profile            [--json] [--engine onnx/cpu] [--size 256x256] [--batch 16] [--threads N]
       npm run -s bench -- load|epochs        [--json] [--data FOLDER] [--slices 2000] [--runs 3] [--threads N]
       npm run -s bench -- startup            [--json] [--runs 15]
       npm run -s bench -- viewer             [--json] [--engine wasm] [--slices 10] [--threads N]
       npm run -s bench -- ablation CONFIG [KEY=VALUE…] --out FOLDER [--minutes 5] [--seeds 0,1,2] [--only TEXT] [--json]
       npm run -s bench -- prior-ablation RUN [KEY=VALUE…] --out FOLDER [--only TEXT] [--json]
       npm run -s bench -- race CONFIG [KEY=VALUE…] --out FOLDER [--minutes 1,5,30] [--seeds 0] [--threads N] [--json]
       npm run -s bench -- rate RUN… [--slices 50] [--json]
       npm run -s bench -- fuzz   [--seed 0] [--minutes 5] [--inputs N] [--only picture/123] [--json]

train    measures training steps of the reference VQ-VAE, and of the same model in PyTorch where Python has it, in turn
prior    the same of the gated PixelCNN over grids of codes; --size is the grid's
sample   drawing grids of codes: the cached sampler, and the naive one in PyTorch; --size is the grid's
memory   the peak of memory of training the reference VQ-VAE
gpu      all of train, prior and sample on a graphics card, by each engine and precision and by PyTorch: benchmarks/gpu.sh
profile  the slowest kernels of a training step of the reference VQ-VAE, and what a step takes by its graph
load     reading slices of three layouts, and the same with nibabel and Pillow where Python has them, in turn;
         and passes over them from the cache
startup  how soon the command answers: --help, --version
viewer   a model in the viewer's page, in a headless Chromium: reconstructing slices, drawing new ones
epochs   time and memory of two passes over a large set, and of one by a later process
ablation SSIM after the same minutes with all defaults that help to learn, and without each
prior-ablation
         bits per code of a run's prior trained as configured, and without each thing that helps where slices are few
race     SSIM after this many minutes of training, beside the published recipe in PyTorch
rate     the real bits per pixel and the quality of runs, coded by their priors, beside JPEG, WebP, AVIF and JPEG XL:
         curves, equal bytes, equal quality, speed
fuzz     reads damaged pictures, configurations, run files and compressed slices, and counts crashes, hangs over 5 s,
         memory over 1 GiB and internal errors: exit code 1 if there are any

--json     prints one line of JSON instead of a table
--size     measures only cells of this height x width
--batch    measures only cells of this batch; with --size, that one cell, whichever
--runs     processes a cell and side; the median counts (default 3)
--threads  for both sides (default: one a core)
--engine   train, prior, sample, memory, profile: what computes, as kind or kind/device (default onnx/cpu); PyTorch takes CUDA
           unless it is a CPU;
           viewer: wasm or webgpu (default: both)
--precision  of both sides on a graphics card: float32, tf32, or in training float16 (default: ours float32, PyTorch's its own)
--tiny     gpu: sizes that only show that it works, on a machine without a card
--seconds  each training process measures this long (default 10)
--prior      sample: whose grids, pixelcnn (default) or transformer
--peer-cache sample --prior transformer: PyTorch keeps keys and values too, in place of a whole pass for each code
--positions  sample: how many positions PyTorch draws, its time scaled up to whole grids; all: no scaling
           (default 16; all with --peer-cache)
--data     load, epochs: a folder with hipmri, oasis and adni slices to copy (default: SLICEBOOK_DATA, else phantoms)
--train    epochs: train a small model for two epochs as well
--out      ablation, prior-ablation, race: where runs and results are kept; started again, what is there is not trained again
--minutes  gpu: nothing is started later (default 6.5, with --tiny 1); ablation: of each training (default 5); race: the times to compare at (default 1,5,30)
--seeds    ablation: default 0,1,2; race: one
--only     ablation, prior-ablation: only variants whose names have this text; fuzz: the one input to try again
--seed     fuzz: decides every input (default 0); --inputs: stop after this many
--slices   how many of each layout: load (default 2000), epochs (default 21520); viewer: slices timed (default 10);
           rate: test slices of each data set (default 50)
`;

interface Benchmark {
  readonly comparison: Comparison;
  readonly cells: readonly Cell[];
  /** Throws for a size that the model cannot take, before anything is measured. */
  readonly checkSize: (size: readonly [number, number]) => unknown;
  readonly toResult: (
    result: CompareResult,
    options: CompareOptions,
  ) => CompareResult | MemoryResult | SampleResult;
}

const reference = {
  comparison: training,
  checkSize: (size: readonly [number, number]) => vqvae.bind(presets.reference, size),
};
const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map<string, Benchmark>([
  ["train", { ...reference, cells: TRAIN_CELLS, toResult: (result) => result }],
  [
    "prior",
    { comparison: priorTraining, cells: PRIOR_CELLS, checkSize: () => {}, toResult: (result) => result },
  ],
  ["memory", { ...reference, cells: MEMORY_CELLS, toResult: memoryOf }],
]);

/** The benchmark of samplers, of the prior that is asked for. */
function sampleBenchmark(prior: string, peerCache: boolean): Benchmark {
  if (prior !== "pixelcnn" && prior !== "transformer") {
    throw usageError(`--prior: expected pixelcnn or transformer, found "${prior}"`);
  }
  if (peerCache && prior !== "transformer") throw usageError("--peer-cache needs --prior transformer");
  return {
    comparison: prior === "transformer" ? transformerSampling({ peerCache }) : sampling,
    cells: PRIOR_CELLS,
    checkSize: () => {},
    toResult: (result, options) => sampleResult(result, options, { prior, peerCache }),
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const command = ["npm run -s bench --", ...process.argv.slice(2)].join(" ");
  const print = <Result>(result: Result, table: (result: Result) => string) =>
    console.log(values.json ? JSON.stringify({ ...result, command }) : table(result));
  const threads = wholeNumber("threads", values.threads ?? String(availableParallelism()));
  const runs = wholeNumber("runs", values.runs ?? "3");
  const onProgress = (message: string) => console.error(message);
  const data = values.data ?? process.env.SLICEBOOK_DATA;
  const slices = (usual: string) => wholeNumber("slices", values.slices ?? usual);

  const [name = "", ...rest] = positionals;
  const takesMore = ["ablation", "prior-ablation", "race", "rate"].includes(name);
  if (rest.length > 0 && !takesMore) throw usageError(`${name} takes no "${rest[0]}"`);
  const benchmark =
    name === "sample"
      ? sampleBenchmark(values.prior ?? "pixelcnn", values["peer-cache"])
      : BENCHMARKS.get(name);
  if (benchmark !== undefined) {
    const options: CompareOptions = {
      cells: cellsOf(benchmark, values.size, values.batch),
      runs,
      threads,
      engine: engineFrom(values.engine ?? "onnx", values.precision),
      seconds: wholeNumber("seconds", values.seconds ?? "10"),
      warmup: 2,
      positions: positionsFrom(values.positions ?? (values["peer-cache"] ? "all" : "16")),
      onProgress,
    };
    print(benchmark.toResult(await compare(benchmark.comparison, options), options), formatTable);
  } else if (name === "gpu") {
    const [minutes, ...others] = numbers("minutes", values.minutes ?? (values.tiny ? "1" : "6.5"));
    if (others.length > 0) throw usageError("--minutes: gpu takes one number");
    print(await benchmarkGpu({ tiny: values.tiny, threads, minutes: minutes!, onProgress }), formatGpu);
  } else if (name === "profile") {
    const cell = {
      size: sizeFrom(values.size ?? "256x256"),
      batch: wholeNumber("batch", values.batch ?? "16"),
    };
    reference.checkSize(cell.size);
    const engine = engineFrom(values.engine ?? "onnx", values.precision);
    print(await profile({ engine, threads, cell, onProgress }), formatProfile);
  } else if (name === "load") {
    print(await benchmarkLoading({ data, slices: slices("2000"), runs, threads, onProgress }), formatLoad);
  } else if (name === "startup") {
    print(benchmarkStartup({ runs: wholeNumber("runs", values.runs ?? "15") }), formatStartup);
  } else if (name === "viewer") {
    const engines = PAGE_ENGINES.filter((engine) => (values.engine ?? engine) === engine);
    if (engines.length === 0) throw usageError(`--engine: viewer takes ${PAGE_ENGINES.join(" or ")}`);
    const timed = { engines, slices: slices("10"), threads, onProgress };
    print(await benchmarkViewer(timed), formatViewer);
  } else if (name === "epochs") {
    print(
      await benchmarkEpochs({ data, slices: slices("21520"), threads, train: values.train, onProgress }),
      formatEpochs,
    );
  } else if (name === "rate") {
    if (rest.length === 0) throw usageError("rate: name the run folders");
    print(await benchmarkRate(rest, { slices: slices("50"), onProgress }), formatRate);
  } else if (name === "fuzz") {
    const [minutes, ...others] = numbers("minutes", values.minutes ?? "5");
    const [seed, ...seeds] = numbers("seed", values.seed ?? "0");
    if (others.length + seeds.length > 0)
      throw usageError("--minutes and --seed: fuzz takes one number each");
    const inputs = values.inputs === undefined ? undefined : wholeNumber("inputs", values.inputs);
    const result = await fuzz({ seed: seed!, minutes: minutes!, inputs, only: values.only, onProgress });
    print(result, formatFuzz);
    if (result.failures.length > 0) process.exitCode = 1;
  } else if (name === "ablation") {
    const [minutes, ...others] = numbers("minutes", values.minutes ?? "5");
    if (others.length > 0) throw usageError("--minutes: ablation takes one number");
    const seeds = numbers("seeds", values.seeds ?? "0,1,2");
    const options = { ...trainingOf(name, rest, values.out), minutes: minutes!, seeds, only: values.only };
    print(await benchmarkAblation({ ...options, onProgress }), formatAblation);
  } else if (name === "prior-ablation") {
    const { config: run, ...others } = trainingOf(name, rest, values.out);
    print(
      await benchmarkPriorAblation({ run, ...others, only: values.only, onProgress }),
      formatPriorAblation,
    );
  } else if (name === "race") {
    const [seed, ...others] = numbers("seeds", values.seeds ?? "0");
    if (others.length > 0) throw usageError("--seeds: race takes one");
    const minutes = numbers("minutes", values.minutes ?? "1,5,30").sort((a, b) => a - b);
    const options = { ...trainingOf(name, rest, values.out), minutes, seed: seed!, threads };
    print(await benchmarkRace({ ...options, onProgress }), formatRace);
  } else {
    const names = [
      ...BENCHMARKS.keys(),
      "sample",
      "gpu",
      "profile",
      "load",
      "epochs",
      "startup",
      "viewer",
      "ablation",
      "prior-ablation",
      "race",
      "rate",
      "fuzz",
    ].join(", ");
    throw usageError(`there is no benchmark "${name}", only ${names}`);
  }
}

function parse() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    size: text,
    batch: text,
    runs: text,
    threads: text,
    seconds: text,
    data: text,
    slices: text,
    positions: text,
    engine: text,
    precision: text,
    prior: text,
    "peer-cache": flag,
    out: text,
    minutes: text,
    seeds: text,
    only: text,
    seed: text,
    inputs: text,
    train: flag,
    tiny: flag,
    json: flag,
    help: flag,
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

/** The usual cells, narrowed down to what is asked for; or a cell of its own, where both sides of it are given. */
function cellsOf(
  { cells: usual, checkSize }: Benchmark,
  size: string | undefined,
  batch: string | undefined,
): readonly Cell[] {
  const sides = size === undefined ? undefined : sizeFrom(size);
  const count = batch === undefined ? undefined : wholeNumber("batch", batch);
  if (sides !== undefined) checkSize(sides);
  if (sides !== undefined && count !== undefined) return [{ size: sides, batch: count }];
  const cells = usual.filter(
    (cell) =>
      (sides === undefined || sides.join() === cell.size.join()) &&
      (count === undefined || count === cell.batch),
  );
  if (cells.length === 0) {
    throw usageError(
      sides === undefined ? `--batch ${batch} needs a --size` : `--size ${size} needs a --batch`,
    );
  }
  return cells;
}

function sizeFrom(text: string): [number, number] {
  const match = /^([1-9]\d*)x([1-9]\d*)$/.exec(text);
  if (match === null) throw usageError(`--size: expected height x width, such as 256x128, found "${text}"`);
  return [Number(match[1]), Number(match[2])];
}

/** `onnx` or `onnx/webgpu`: a kind, and its device unless it is the usual one. */
function engineFrom(text: string, precision: string | undefined): EngineChoice {
  const [name, on, ...more] = text.split("/");
  const kind = ENGINE_KINDS.find((known) => known === name);
  const devices: readonly Device[] = kind === undefined ? [] : ENGINE_DEVICES[kind];
  const device = on === undefined ? devices[0] : devices.find((known) => known === on);
  if (kind === undefined || device === undefined || more.length > 0) {
    const known = ENGINE_KINDS.flatMap((kind) => ENGINE_DEVICES[kind].map((device) => `${kind}/${device}`));
    throw usageError(`--engine: expected one of ${known.join(", ")}, found "${text}"`);
  }
  if (precision === undefined) return { kind, device };
  const rounding = PRECISIONS.find((known) => known === precision);
  if (rounding === undefined) {
    throw usageError(`--precision: expected one of ${PRECISIONS.join(", ")}, found "${precision}"`);
  }
  return { kind, device, precision: rounding };
}

/** A configuration file with overrides, and where to keep what is trained. */
function trainingOf(name: string, [config, ...overrides]: readonly string[], out: string | undefined) {
  if (config === undefined)
    throw usageError(
      name === "prior-ablation"
        ? `${name}: name the folder of a run that is trained and encoded`
        : `${name}: name a configuration file, such as configs/hipmri.yaml`,
    );
  if (out === undefined) throw usageError(`${name}: --out must name a folder`);
  return { config, overrides, out };
}

/** `1,5,30` as numbers of at least 0. */
function numbers(option: string, text: string): number[] {
  const parsed = text.split(",").map(Number);
  if (text === "" || parsed.some((value) => !(value >= 0 && Number.isFinite(value)))) {
    throw usageError(`--${option}: expected numbers such as 0,1,2, found "${text}"`);
  }
  return parsed;
}

function positionsFrom(text: string): number | null {
  return text === "all" ? null : wholeNumber("positions", text);
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) {
    throw usageError(`--${option}: expected a whole number of at least 1, found "${text}"`);
  }
  return Number(text);
}

function usageError(message: string): SlicebookError {
  return new SlicebookError("USAGE", message, { remedy: "See: npm run -s bench -- --help" });
}

try {
  await main();
} catch (error) {
  if (!isSlicebookError(error)) throw error;
  console.error(`error: ${error.message}${error.remedy === undefined ? "" : `\n  → ${error.remedy}`}`);
  process.exitCode = error.code === "USAGE" ? 2 : 1;
}
