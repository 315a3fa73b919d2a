import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A run that takes seconds: small phantoms, a small model. */
const tinyConfig = `
dataset:
  adapter: phantom
  size: [32, 32]
  options: { subjects: { train: 4, validate: 2, test: 3 }, slices: 4 }
model:
  preset: patch
  width: 16
  residualBlocks: 1
  residualWidth: 8
  codes: 32
  codeDimension: 8
  warmupSteps: 4
train: { epochs: 4, batch: 4 }
prior:
  augment: { copies: 0 }
  epochs: 2
  batch: 4
  options: { layers: 2, hidden: 8, headWidth: 16 }
sample: { count: 4 }
`;

/** Writes the tiny configuration, with changes to its text, into a folder. */
export async function writeTiny(
  folder: string,
  options: { name?: string; change?: (text: string) => string } = {},
): Promise<string> {
  const { name = "tiny.yaml", change = (text) => text } = options;
  const text = change(tinyConfig);
  await writeFile(join(folder, name), text);
  return name;
}

/** A checkpoint's tensors as one hash, and its metadata, which holds times and so differs from run to run. */
export async function readCheckpoint(path: string): Promise<{ tensors: string; state: { step: number } }> {
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const tensors = createHash("sha256")
    .update(JSON.stringify(header))
    .update(bytes.subarray(8 + length))
    .digest("hex");
  return { tensors, state: JSON.parse(metadata["slicebook.training"]) };
}

/** Waits until a run's last checkpoint lies within an epoch rather than at the end of one. */
export async function checkpointWithinEpoch(
  path: string,
  options: { stepsPerEpoch: number },
): Promise<number> {
  const { stepsPerEpoch } = options;
  for (;;) {
    if (existsSync(path)) {
      const { step } = (await readCheckpoint(path)).state;
      if (step % stepsPerEpoch !== 0) return step;
    }
    await new Promise((done) => setTimeout(done, 5));
  }
}
