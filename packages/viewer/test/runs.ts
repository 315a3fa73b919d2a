import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "@slicebook/pipeline";
import { type Stage, stages } from "@slicebook/runs/stages";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the runs that all tests share; a test that changes one copies it. */
    readonly madeRuns: string;
  }
}

/** A run of small phantoms in two classes, with everything that a run can have. */
const small = `
dataset:
  adapter: phantom
  size: [64, 64]
  options: { subjects: { train: 8, validate: 2, test: 3 }, slices: 4, classes: true }
model: { preset: patch, width: 16, residualBlocks: 1, residualWidth: 8, codes: 32, codeDimension: 8, warmupSteps: 10 }
train: { steps: 60, batch: 4 }
prior: { steps: 30, batch: 8, augment: { copies: 0 }, options: { layers: 2, hidden: 16, headWidth: 16, slicePosition: true } }
sample: { count: 4, seed: 5, temperature: 0.9 }
engine: { threads: 1 }
`;

/** A run whose slices and grids are of full size, as HipMRI has them, hardly trained; small enough for a graphics card in software. */
const full = small
  .replace("[64, 64]", "[256, 128]")
  .replace(
    "train: 8, validate: 2, test: 3 }, slices: 4, classes: true",
    "train: 2, validate: 1, test: 1 }, slices: 2",
  )
  .replace("steps: 60, batch: 4", "steps: 12, batch: 2")
  .replace("width: 16", "width: 8")
  .replace("steps: 30, batch: 8", "steps: 2, batch: 2")
  .replace(
    "layers: 2, hidden: 16, headWidth: 16",
    "attention: { heads: 2, width: 4, stride: 4 }, layers: 2, hidden: 8, headWidth: 8",
  );

/**
 * A run with six levels of codes, three grids of two codes a place, each grid of codes of its own and drawn at a
 * temperature of its own, and guided by the ages and sexes of its subjects; so small that they are drawn quickly even on a graphics card in software.
 */
const levels = small
  .replace("[64, 64]", "[16, 32]")
  .replace("classes: true", "classes: true, covariates: true")
  .replace("slicePosition: true", "slicePosition: true, conditionDropout: 0.2")
  .replace("steps: 60", "steps: 12")
  .replace("steps: 30", "steps: 6")
  .replace("codes: 32", "codes: [12, 16, 20]")
  .replace("warmupSteps: 10", "warmupSteps: 4, hierarchy: 3, quantizer: { depth: 2 }")
  .replace("temperature: 0.9", "temperature: [0.7, 0.7, 0.8, 0.8, 0.9], topP: [0.9, 1], guidance: 1.5");

/** Two grids of so few codes that a graphics card in software compiles all programs for them, and draws them, in seconds. */
const pair = levels
  .replace("[16, 32]", "[16, 16]")
  .replace("codes: [12, 16, 20]", "codes: [12, 16]")
  .replace("hierarchy: 3, quantizer: { depth: 2 }", "hierarchy: 2")
  .replace("temperature: [0.7, 0.7, 0.8, 0.8, 0.9]", "temperature: [0.7, 0.9]");

const definitions: Readonly<Record<string, { readonly config: string; readonly stages: readonly Stage[] }>> =
  {
    small: { config: small, stages },
    full: { config: full, stages: ["train", "encode", "train-prior"] },
    levels: { config: levels, stages: ["train", "encode", "train-prior", "sample"] },
    pair: { config: pair, stages: ["train", "encode", "train-prior", "sample"] },
  };

/** Makes the runs once for all tests, as the command line does, and takes them away after. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = await temporaryFolder();
  const runs = join(root, "runs");
  for (const [name, { config, stages }] of Object.entries(definitions)) {
    const file = join(root, `${name}.yaml`);
    await writeFile(file, config);
    await execute({
      kind: "run",
      config: file,
      overrides: [`run.root=${runs}`],
      stages,
      resume: false,
    });
  }
  project.provide("madeRuns", runs);
  return () => rm(root, { recursive: true });
}

/** A folder of its own for a test. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "slicebook-viewer-"));
}

/** A copy of those runs that a test may change. */
export async function copyRuns(from: string, to: string, names: readonly string[]): Promise<void> {
  for (const name of names) await cp(join(from, name), join(to, name), { recursive: true });
}
