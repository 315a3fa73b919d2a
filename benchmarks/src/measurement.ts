import { spawn } from "node:child_process";
import { type HostTensors, SlicebookError } from "@slicebook/base";
import { DEVICES, ENGINE_KINDS, PRECISIONS } from "@slicebook/engine";
import { z } from "zod";

/** How a process measures. */
const timing = {
  batch: z.int(),
  threads: z.int(),
  /** Steps that are taken first and not counted. */
  warmup: z.int(),
  /** How long to measure; at least three steps are. */
  seconds: z.number(),
  /** Whether the peer compiles its model; only PyTorch reads it. */
  compile: z.boolean().exactOptional(),
};

/** What computes on our side; the peer computes on CUDA unless our device is the CPU, as precisely if that is said. */
const engineSchema = z.strictObject({
  kind: z.enum(ENGINE_KINDS),
  device: z.enum(DEVICES),
  precision: z.enum(PRECISIONS).exactOptional(),
});
export type EngineChoice = z.output<typeof engineSchema>;

/**
 * What one process is to measure of the VQ-VAE. Both sides get the same, as JSON in their first argument, and `model`
 * holds the sizes that are the same on both.
 */
export const taskSchema = z.strictObject({
  model: z.strictObject({
    width: z.int(),
    residualBlocks: z.int(),
    residualWidth: z.int(),
    codes: z.int(),
    codeDimension: z.int(),
    commitment: z.number(),
    decay: z.number(),
    epsilon: z.number(),
    learningRate: z.number(),
  }),
  size: z.tuple([z.int(), z.int()]),
  engine: engineSchema,
  ...timing,
});

const priorSizes = {
  codes: z.int(),
  layers: z.int(),
  hidden: z.int(),
  firstKernel: z.int(),
  kernel: z.int(),
  headWidth: z.int(),
};

/** What one process is to measure of the prior; `size` is its grid's, in codes. */
export const priorTaskSchema = z.strictObject({
  model: z.strictObject({ ...priorSizes, learningRate: z.number() }),
  size: z.tuple([z.int(), z.int()]),
  engine: engineSchema,
  ...timing,
});
export type PriorTask = z.output<typeof priorTaskSchema>;

const transformerSizes = {
  codes: z.int(),
  layers: z.int(),
  width: z.int(),
  heads: z.int(),
  headWidth: z.int(),
  window: z.int(),
  expansion: z.int(),
};

const sampling = {
  size: z.tuple([z.int(), z.int()]),
  engine: engineSchema,
  ...timing,
  /** How many positions the peer draws, its time scaled up to the whole grid; null: all of them. */
  positions: z.int().nullable(),
};

/** What one process is to measure of sampling: `batch` grids of `size` codes. */
export const sampleTaskSchema = z.discriminatedUnion("prior", [
  z.strictObject({ prior: z.literal("pixelcnn"), model: z.strictObject(priorSizes), ...sampling }),
  z.strictObject({
    prior: z.literal("transformer"),
    model: z.strictObject(transformerSizes),
    ...sampling,
    /** Whether the peer keeps keys and values, as ours does, in place of a pass of whole grids for each position. */
    peerCache: z.boolean(),
  }),
]);
export type SampleTask = z.output<typeof sampleTaskSchema>;
export type Task = z.output<typeof taskSchema> | PriorTask | SampleTask;

/** What such a process prints, as the last line of its output. */
export const measurementSchema = z.object({
  /** Names the software and its version. */
  engine: z.string(),
  version: z.string(),
  /** Trained values, to tell that both sides train the same model. */
  weights: z.int(),
  /** Images or grids per second: the median step's. */
  perSecond: z.number().positive(),
  steps: z.int(),
  /** The process's peak of resident memory in MiB; null where the system does not tell. */
  peakMemory: z.number().nullable(),
});
export type Measurement = z.output<typeof measurementSchema>;

/** Takes steps until they have been measured for long enough, and gives each one's milliseconds. */
export async function timeSteps(
  takeStep: (step: number) => Promise<HostTensors>,
  { warmup, seconds }: Pick<Task, "warmup" | "seconds">,
): Promise<number[]> {
  for (let step = 0; step < warmup; step++) await takeStep(step);
  const durations: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (durations.length < 3 || performance.now() < end) {
    const start = performance.now();
    const { loss } = await takeStep(warmup + durations.length);
    durations.push(performance.now() - start);
    if (!Number.isFinite(loss?.data[0])) throw new Error(`the loss became ${loss?.data[0]}`);
  }
  return durations;
}

/** Runs one measurement in a process of its own, so that no run has another's caches, memory or threads. */
export async function measureIn(command: string, script: string, task: Task): Promise<Measurement> {
  const threads = String(task.threads);
  const sizes = `batch ${task.batch} of ${task.size.join("×")}`;
  const environment = { OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads };
  return measurementSchema.parse(await runJson(command, [script, JSON.stringify(task)], sizes, environment));
}

/** Runs a program and reads the JSON in the last line of its output. */
export async function runJson(
  command: string,
  args: readonly string[],
  what: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (status !== 0) {
    throw new SlicebookError(
      "benchmarks/FAILED",
      `${command} ${args[0] ?? ""} failed (${status ?? "killed"}) at ${what}`,
      {
        remedy: "See its messages above; a killed process mostly lacked memory: measure less.",
      },
    );
  }
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}
