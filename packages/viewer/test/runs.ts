import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, type Stage, stages } from "@slicebook/pipeline";

/** A run of small phantoms in two classes; seconds. */
const small = `
dataset:
  adapter: phantom
  size: [64, 64]
  options: { subjects: { train: 8, validate: 2, test: 3 }, slices: 4, classes: true }
model: { preset: patch, width: 16, residualBlocks: 1, residualWidth: 8, codes: 32, codeDimension: 8, warmupSteps: 10 }
train: { steps: 60, batch: 4 }
prior: { steps: 30, batch: 8, options: { layers: 2, hidden: 16, headWidth: 16 } }
sample: { count: 4, seed: 5, temperature: 0.9 }
engine: { threads: 1 }
`;

/** A run whose slices and grids are of full size, hardly trained. */
const full = small
  .replace("[64, 64]", "[256, 256]")
  .replace(
    "train: 8, validate: 2, test: 3 }, slices: 4, classes: true",
    "train: 2, validate: 1, test: 1 }, slices: 2",
  )
  .replace("steps: 60, batch: 4", "steps: 12, batch: 2")
  .replace("steps: 30, batch: 8", "steps: 2, batch: 2");

/** A folder of its own for a test. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "slicebook-viewer-"));
}

/** Makes those runs in a folder, as the command line does. */
export async function makeRuns(root: string, names: readonly ("small" | "full")[]): Promise<void> {
  for (const name of names) {
    const config = join(root, `${name}.yaml`);
    await writeFile(config, name === "small" ? small : full);
    const wanted: readonly Stage[] =
      name === "small" ? stages : ["train", "evaluate", "encode", "train-prior"];
    await execute({
      kind: "run",
      config,
      overrides: [`run.root=${join(root, "runs")}`],
      stages: wanted,
      resume: false,
    });
  }
}
