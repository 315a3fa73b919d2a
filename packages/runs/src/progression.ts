import { readdir } from "node:fs/promises";
import { join } from "node:path";

const NAME = /^step-(\d+)\.png$/;

/** The steps of which a folder holds a picture, the earliest first: what the model made of the same slices then. */
export async function frameSteps(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

export function frameFile(folder: string, step: number): string {
  return join(folder, `step-${String(step).padStart(7, "0")}.png`);
}

/** The slices themselves. */
export function originalsFile(folder: string): string {
  return join(folder, "originals.png");
}
