import { readFile } from "node:fs/promises";
import { float32, type HostTensors } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors, vqvae } from "@slicebook/core";
import type { Preprocessing } from "@slicebook/datasets";
import { z } from "zod";
import { checkedCarry, loadCheckpoint } from "./checkpoint.ts";
import { floats } from "./codec.ts";
import { exists, hashOfFile } from "./files.ts";
import { missing } from "./run-folder.ts";
import type { Session } from "./session.ts";

/** The checkpoint that a run's later stages use: the best on the validation split, else the last. */
async function modelFile({ paths }: Session): Promise<string> {
  for (const file of [paths.best, paths.last]) if (await exists(file)) return file;
  throw missing(paths.folder, "trained model", "train");
}

/** The weights and the codebook of that checkpoint, averaged over training's last steps. */
export async function modelParameters(session: Session): Promise<HostTensors> {
  const file = await modelFile(session);
  const checkpoint = await loadCheckpoint(file);
  if (checkpoint === undefined) throw missing(session.paths.folder, "trained model", "train");
  const carry = checkedCarry(file, checkpoint, (found) => vqvae.checkCarry(session.config.model, found));
  return vqvae.parameters(carry, { average: true });
}

export async function modelHash(session: Session): Promise<string> {
  return hashOfFile(await modelFile(session));
}

const learntSchema = z.discriminatedUnion("name", [
  z.object({ name: z.literal("zscore") }),
  z.object({ name: z.literal("minmax") }),
  z.object({ name: z.literal("zscore-dataset"), mean: z.number(), deviation: z.number() }),
  z.object({ name: z.literal("residual"), low: z.number(), high: z.number() }),
]);

/**
 * Keeps what the preprocessing learnt from the training slices, so that other slices are brought to the same
 * units.
 */
export async function savePreprocessing(path: string, preprocessing: Preprocessing): Promise<void> {
  const { mean, ...numbers } = { mean: undefined, ...preprocessing };
  const image = mean instanceof Float32Array;
  const tensors: HostTensors = image ? { mean: float32(mean, [mean.length]) } : {};
  const scalars = image ? numbers : preprocessing;
  await writeFileAtomic(path, encodeSafetensors(tensors, { preprocessing: JSON.stringify(scalars) }));
}

/** What {@link savePreprocessing} kept. */
export async function loadPreprocessing(session: Session): Promise<Preprocessing> {
  const bytes = await readFile(session.paths.preprocessing).catch(() => undefined);
  if (bytes === undefined) throw missing(session.paths.folder, "trained model", "train");
  const { tensors, metadata } = decodeSafetensors(bytes);
  const learnt = learntSchema.parse(JSON.parse(metadata.preprocessing ?? "null"));
  return learnt.name === "residual" ? { ...learnt, mean: floats(tensors.mean!) } : learnt;
}
