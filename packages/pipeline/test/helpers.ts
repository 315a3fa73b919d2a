import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors, type Safetensors } from "@slicebook/core";
import { afterAll, beforeAll } from "vitest";
import type { Event } from "../src/session/events.ts";

/** A run of seconds: six phantoms of 32×32, a tiny model and a tiny prior. */
export const TINY = `
dataset:
  adapter: phantom
  size: [32, 32]
  options: { subjects: { train: 4, validate: 2, test: 2 }, slices: 3 }
model:
  preset: patch
  width: 8
  residualBlocks: 1
  residualWidth: 4
  codes: 16
  codeDimension: 4
  warmupSteps: 2
  quantizer: { initialisationImages: 4 }
train: { epochs: 3, batch: 4 }
prior:
  epochs: 2
  batch: 4
  augment: { copies: 0 }
  options: { layers: 2, hidden: 8, headWidth: 8, firstKernel: 3 }
sample: { count: 3 }
engine: { threads: 1 }
`;

export interface Place {
  /** A file's path in the folder. */
  at(...parts: string[]): string;
  write(name: string, text: string): Promise<string>;
}

/** A folder of its own for a test file, deleted afterwards. */
export function temporaryFolder(): Place {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "slicebook-pipeline-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    at: (...parts) => join(folder, ...parts),
    async write(name, text) {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
  };
}

export async function readTensors(path: string): Promise<Safetensors> {
  return decodeSafetensors(await readFile(path));
}

export async function readJsonFile<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** Keeps events for a test to look at. */
export function listen(): { events: Event[]; onEvent: (event: Event) => void } {
  const events: Event[] = [];
  return { events, onEvent: (event) => events.push(event) };
}
