import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { load } from "./load.ts";
import { makeSlices } from "./make-slices.ts";
import { runJson } from "./measurement.ts";

export interface EpochsOptions {
  /** A folder with an `adni` one of slices to copy; phantoms are drawn unless given. */
  readonly data: string | undefined;
  readonly slices: number;
  readonly threads: number;
  /** Train a small model for two epochs as well, which takes minutes. */
  readonly train: boolean;
  readonly onProgress: (message: string) => void;
}

export interface EpochsResult {
  readonly benchmark: "epochs";
  readonly slices: number;
  readonly size: "240x256";
  /** Slices decoded by the first process, and by a second one that opens the same set. */
  readonly decoded: readonly [number, number];
  /** Seconds of the first process's epochs; opening, in which slices are decoded, counts to the first. */
  readonly epochs: readonly number[];
  /** Seconds in which the second process opens the set, and passes over it. */
  readonly reopened: { readonly open: number; readonly epoch: number };
  /** Peaks of resident memory in MiB, of both processes. */
  readonly peakMemory: readonly [number | null, number | null];
  /** Two epochs of training a small model with all that a run does, in a process that decodes nothing. */
  readonly training: { readonly seconds: number; readonly peakMemory: number | null } | null;
  readonly processor: string;
  readonly threads: number;
}

/** Two epochs over a set of ADNI's layout and any size, and one of a later process: time and memory. */
export async function benchmarkEpochs(options: EpochsOptions): Promise<EpochsResult> {
  const folder = await mkdtemp(join(tmpdir(), "slicebook-bench-"));
  try {
    options.onProgress(`making ${options.slices} slices`);
    const source = options.data && join(options.data, "adni");
    await makeSlices({ layout: "adni", folder, source, slices: options.slices });
    const task = {
      adapter: "adni",
      root: join(folder, "slices"),
      size: [240, 256] as [number, number],
      workers: options.threads,
      cache: join(folder, "cache"),
      batch: 16,
    } as const;
    options.onProgress("two epochs");
    const first = await load({ ...task, epochs: 2 });
    options.onProgress("an epoch of another process");
    const second = await load({ ...task, epochs: 1 });
    const training = options.train ? await trainTwoEpochs(folder, options) : null;
    return {
      benchmark: "epochs",
      slices: first.slices,
      size: "240x256",
      decoded: [first.decoded, second.decoded],
      epochs: first.passes.map((pass, epoch) => rounded(epoch === 0 ? first.opened + pass : pass)),
      reopened: { open: rounded(second.opened), epoch: rounded(second.passes[0]!) },
      peakMemory: [first.peakMemory, second.peakMemory],
      training,
      processor: cpus()[0]?.model ?? "unknown",
      threads: options.threads,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function trainTwoEpochs(folder: string, { threads, onProgress }: EpochsOptions) {
  onProgress("two epochs of training");
  const config = join(folder, "epochs.yaml");
  const dataset = {
    adapter: "adni",
    root: join(folder, "slices"),
    cache: join(folder, "cache"),
    sizePolicy: "crop",
  };
  // JSON is YAML. A model as small as it may be: what is measured is not its speed.
  const text = JSON.stringify({
    dataset,
    model: { preset: "patch", ...SMALL_MODEL },
    train: { epochs: 2, batch: 16 },
    engine: { threads },
  });
  await writeFile(config, text);
  const script = fileURLToPath(new URL("slicebook-epochs.js", import.meta.url));
  const schema = z.object({ seconds: z.number(), peakMemory: z.number().nullable() });
  const trained = schema.parse(
    await runJson(process.execPath, [script, config, join(folder, "runs")], "two epochs of training"),
  );
  return { ...trained, seconds: rounded(trained.seconds) };
}

const SMALL_MODEL = {
  downsampling: 8,
  codes: 64,
  width: 8,
  residualBlocks: 1,
  residualWidth: 4,
  codeDimension: 4,
};

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
