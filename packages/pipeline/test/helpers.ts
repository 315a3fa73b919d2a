import { readFile } from "node:fs/promises";
import { decodeSafetensors, type Safetensors } from "@slicebook/core";
import type { Event } from "@slicebook/session";

export { type Place, temporaryFolder } from "../../runs/test/temporary-folder.ts";

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

/** The same run of another data set, as YAML has it in one line. */
export function tinyOf(dataset: string): string {
  return TINY.replace(/dataset:\n( .*\n)+/, `dataset: ${dataset}\n`);
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
