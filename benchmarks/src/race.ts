import { mkdir, open, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@slicebook/base/node";
import { loadConfig } from "@slicebook/config";
import { clippedToUnit, presets, ssim, summarise, toUnitRange } from "@slicebook/core";
import { openDataset, type SliceSet } from "@slicebook/datasets/node";
import { z } from "zod";
import { findPython } from "./find-python.ts";
import { runJson } from "./measurement.ts";
import { tableLines } from "./table.ts";
import { type TrainedRun, trainedRun } from "./trained-run.ts";

export interface RaceOptions {
  readonly config: string;
  readonly overrides: readonly string[];
  /** Where runs, the peer's reconstructions, `race.json` and `race.md` are kept. */
  readonly out: string;
  /** Training times to compare at, rising. */
  readonly minutes: readonly number[];
  readonly seed: number;
  readonly threads: number;
  readonly onProgress: (message: string) => void;
}

/** What training on one side has reached. */
type Reached = Pick<TrainedRun, "ssim" | "ci95" | "images" | "perplexity">;

export interface RaceResult {
  readonly benchmark: "race";
  readonly config: string;
  readonly overrides: readonly string[];
  readonly seed: number;
  readonly slices: { readonly train: number; readonly test: number };
  readonly processor: string;
  readonly threads: number;
  /** Null where Python has no PyTorch. */
  readonly peer: { readonly version: string; readonly script: string } | null;
  readonly rows: readonly {
    readonly minutes: number;
    /** A text says why training broke down. */
    readonly ours: Reached | string;
    readonly peer: Reached | null;
  }[];
}

const PEER_SCRIPT = "benchmarks/peers/vqvae_race.py";

const peerSchema = z.object({
  version: z.string(),
  measurements: z.array(
    z.object({
      minutes: z.number(),
      images: z.int(),
      perplexity: z.number(),
      /** Test slices as reconstructed, float32 [n, height, width] on the scale of [0, 1]. */
      file: z.string(),
    }),
  ),
});

/**
 * SSIM of the test split after the same minutes of training: a run of the configuration for each of the times, and the
 * published recipe in PyTorch, which has no end in mind and is measured on its way, its clock stopped. Both train on the
 * same slices, and both are measured by the same function.
 */
export async function benchmarkRace(options: RaceOptions): Promise<RaceResult> {
  const { config: file, overrides, out, minutes, seed, threads, onProgress } = options;
  await mkdir(out, { recursive: true });
  const config = await loadConfig(file, overrides);
  const { splits, size } = await openDataset(config.dataset);
  const python = findPython("torch, numpy");
  let peer: z.output<typeof peerSchema> | undefined;
  const rows: RaceResult["rows"][number][] = [];
  const result = (): RaceResult => ({
    benchmark: "race",
    config: file,
    overrides,
    seed,
    slices: { train: splits.train.records.length, test: splits.test.records.length },
    processor: cpus()[0]?.model ?? "unknown",
    threads,
    peer: peer === undefined ? null : { version: peer.version, script: PEER_SCRIPT },
    rows,
  });
  if (python === undefined) onProgress("Python has no PyTorch: only Slicebook is measured");
  else {
    onProgress(`PyTorch for ${minutes.at(-1)} minutes`);
    peer = await trainPeer(python, options, { splits, size });
  }
  for (const time of minutes) {
    onProgress(`Slicebook for ${time} minutes`);
    const ours = await trainedRun({
      config: file,
      overrides: [...overrides, `train.minutes=${time}`, `seed=${seed}`, `engine.threads=${threads}`],
      out,
      name: `race-${time}-min-seed-${seed}`,
    });
    const measurement = peer?.measurements.find(({ minutes: at }) => at === time);
    const reached = measurement === undefined ? null : await measured(measurement, splits.test, size);
    rows.push({ minutes: time, ours, peer: reached });
    await writeFileAtomic(join(out, "race.json"), `${JSON.stringify(result(), undefined, 2)}\n`);
    await writeFileAtomic(join(out, "race.md"), `${formatRace(result())}\n`);
  }
  return result();
}

/** Trains the peer, unless it has trained for the same task before. */
async function trainPeer(
  python: string,
  { out, minutes, seed, threads }: RaceOptions,
  {
    splits,
    size,
  }: {
    readonly splits: { readonly train: SliceSet; readonly test: SliceSet };
    readonly size: readonly [number, number];
  },
): Promise<z.output<typeof peerSchema>> {
  const [train, test] = [join(out, "train.f32"), join(out, "test.f32")];
  await writeUnitImages(train, splits.train, size);
  await writeUnitImages(test, splits.test, size);
  const { width, residualBlocks, residualWidth, codes, codeDimension, quantizer } = presets.reference;
  const { commitment, decay, epsilon } = quantizer;
  const task = {
    model: { width, residualBlocks, residualWidth, codes, codeDimension, decay, epsilon },
    commitment,
    learningRate: 1e-3,
    batch: 16,
    size,
    train: { file: train, slices: splits.train.records.length },
    test: { file: test, slices: splits.test.records.length },
    minutes,
    seed,
    threads,
    out,
  };
  const kept = join(out, "peer.json");
  const keptSchema = z.object({ task: z.unknown(), result: peerSchema });
  const before = await readFile(kept, "utf8").then(
    (text) => keptSchema.parse(JSON.parse(text)),
    () => undefined,
  );
  if (before !== undefined && JSON.stringify(before.task) === JSON.stringify(task)) return before.result;
  const script = fileURLToPath(new URL("../peers/vqvae_race.py", import.meta.url));
  const environment = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
  const result = peerSchema.parse(
    await runJson(python, [script, JSON.stringify(task)], "the published recipe", environment),
  );
  await writeFileAtomic(kept, `${JSON.stringify({ task, result })}\n`);
  return result;
}

/** Writes slices as float32 [n, height, width], each mapped to [0, 1] by its own range. */
async function writeUnitImages(
  path: string,
  set: SliceSet,
  [height, width]: readonly [number, number],
): Promise<void> {
  const file = await open(path, "w");
  try {
    for (const index of set.records.keys()) {
      const original = set.originals([index]);
      const unit = Float32Array.from(toUnitRange(original, original).original);
      await file.write(new Uint8Array(unit.buffer, 0, 4 * height * width));
    }
  } finally {
    await file.close();
  }
}

/** The SSIM of the peer's reconstructions, by the protocol of our own evaluation. */
async function measured(
  { file, images, perplexity }: z.output<typeof peerSchema>["measurements"][number],
  set: SliceSet,
  [height, width]: readonly [number, number],
): Promise<Reached> {
  const pixels = height * width;
  const bytes = await readFile(file);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const similarities = [...set.records.keys()].map((index) => {
    const original = set.originals([index]);
    const { original: unit } = toUnitRange(original, original);
    const restored = all.subarray(index * pixels, (index + 1) * pixels);
    return ssim(unit, clippedToUnit(restored, { minimum: 0, range: 1 }), { height, width });
  });
  const { mean, ci95 } = summarise(
    similarities,
    set.records.map(({ subject }) => subject),
    { scale: "correlation" },
  );
  return { ssim: mean, ci95, images, perplexity };
}

/** The result for people: a Markdown table. */
export function formatRace({ rows, peer, config, slices, seed, processor, threads }: RaceResult): string {
  const cells = (reached: Reached | string | null) =>
    reached === null || typeof reached === "string"
      ? [reached === null ? "–" : "broke down", "–", "–"]
      : [reached.ssim.toFixed(4), String(reached.images), reached.perplexity.toFixed(0)];
  const side = (name: string) => [`${name} SSIM`, "images seen", "perplexity"];
  return [
    ...tableLines([
      ["minutes", ...side("Slicebook"), ...side("PyTorch")],
      ...rows.map(({ minutes, ours, peer: theirs }) => [String(minutes), ...cells(ours), ...cells(theirs)]),
    ]),
    "",
    `${config}, seed ${seed}: ${slices.train} training slices, SSIM over all ${slices.test} of the test split`,
    peer === null
      ? "PyTorch: not installed"
      : `PyTorch: ${peer.version}, the published recipe (${peer.script}): inputs in [0, 1], codes from N(0, 1), learning rate 0.001, batch 16`,
    `Processor: ${processor}, ${threads} threads on both sides`,
  ].join("\n");
}
