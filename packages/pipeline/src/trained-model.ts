import { readFile } from "node:fs/promises";
import { float32, type HostTensors } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { decodeSafetensors, encodeSafetensors, vqvae } from "@slicebook/core";
import { type Preprocessing, preprocessingSchema } from "@slicebook/datasets";
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

/**
 * Keeps what the preprocessing learnt from the training slices, so that other slices are brought to the same
 * units, and what the model makes is held among their values.
 */
export async function savePreprocessing(path: string, preprocessing: Preprocessing): Promise<void> {
  const { mean, ...numbers } = { mean: undefined, ...preprocessing };
  const image = mean instanceof Float32Array;
  const tensors: HostTensors = image ? { mean: float32(mean, [mean.length]) } : {};
  const scalars = image ? numbers : preprocessing;
  await writeFileAtomic(path, encodeSafetensors(tensors, { preprocessing: JSON.stringify(scalars) }));
}

/** What {@link savePreprocessing} kept; in runs of earlier versions that is no range. */
export async function loadPreprocessing(session: Session): Promise<Preprocessing> {
  const bytes = await readFile(session.paths.preprocessing).catch(() => undefined);
  if (bytes === undefined) throw missing(session.paths.folder, "trained model", "train");
  const { tensors, metadata } = decodeSafetensors(bytes);
  const learnt = preprocessingSchema.parse(JSON.parse(metadata.preprocessing ?? "null"));
  return learnt.name === "residual" ? { ...learnt, mean: floats(tensors.mean!) } : learnt;
}
