import { spawn } from "node:child_process";
import { SlicebookError } from "@slicebook/base";
import { z } from "zod";

/** What one process is to measure. Both sides get the same, as JSON in their first argument. */
export const taskSchema = z.strictObject({
  /** Sizes of the model, which are the same on both sides. */
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
  batch: z.int(),
  threads: z.int(),
  /** Steps that are taken first and not counted. */
  warmup: z.int(),
  /** How long to measure; at least three steps are. */
  seconds: z.number(),
});
export type Task = z.output<typeof taskSchema>;

/** What such a process prints, as the last line of its output. */
export const measurementSchema = z.object({
  /** Names the software and its version. */
  engine: z.string(),
  version: z.string(),
  /** Trained values, to tell that both sides train the same model. */
  weights: z.int(),
  /** The median step's. */
  imagesPerSecond: z.number().positive(),
  steps: z.int(),
  /** The process's peak of resident memory in MiB; null where the system does not tell. */
  peakMemory: z.number().nullable(),
});
export type Measurement = z.output<typeof measurementSchema>;

/** Runs one measurement in a process of its own, so that no run has another's caches, memory or threads. */
export async function measureIn(command: string, script: string, task: Task): Promise<Measurement> {
  const threads = String(task.threads);
  const child = spawn(command, [script, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (status !== 0) {
    const sizes = `batch ${task.batch} of ${task.size.join("×")}`;
    throw new SlicebookError(
      "BENCHMARK_FAILED",
      `${command} ${script} failed (${status ?? "killed"}) at ${sizes}`,
      {
        remedy: "See its messages above; a killed process mostly lacked memory: measure a smaller batch.",
      },
    );
  }
  return measurementSchema.parse(JSON.parse(output.trimEnd().split("\n").at(-1) ?? ""));
}
