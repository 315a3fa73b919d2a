import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun } from "@slicebook/runs";
import { z } from "zod";
import { runJson } from "./measurement.ts";

/** What to train: a configuration file and what to change in it. */
export interface Training {
  readonly config: string;
  readonly overrides: readonly string[];
  /** Where run folders are kept, so that what was trained is not trained again. */
  readonly out: string;
  readonly name: string;
}

/** What became of a training, measured on its test split. */
export interface TrainedRun {
  readonly ssim: number;
  /** The 95 % interval over subjects; null where there is one subject only. */
  readonly ci95: readonly [number, number] | null;
  readonly subjects: number;
  /** Training slices seen. */
  readonly images: number;
  readonly seconds: number;
  readonly codesInUse: number;
  readonly codes: number;
  readonly perplexity: number;
}

/**
 * Trains and evaluates in a process of its own, unless that was done before; gives the reason where training broke
 * down. A run that was cut off half way starts anew: its minutes would not be those of one that was not.
 */
export async function trainedRun({ config, overrides, out, name }: Training): Promise<TrainedRun | string> {
  const folder = join(out, name);
  const before = await readRun(folder).catch(() => undefined);
  if (!before?.summary.stages.includes("evaluate")) await rm(folder, { recursive: true, force: true });
  const script = fileURLToPath(new URL("slicebook-run.js", import.meta.url));
  const args = [script, config, ...overrides, `run.root=${JSON.stringify(out)}`, `run.name=${name}`];
  const outcome = z.object({ failed: z.string().nullable() });
  const { failed } = outcome.parse(await runJson(process.execPath, args, name));
  if (failed !== null) return failed;
  const { summary, evaluation } = await readRun(folder);
  if (evaluation === undefined) throw new Error(`${folder} has no evaluation`);
  const { ssim, codesInUse, codes, perplexity } = evaluation;
  return {
    ssim: ssim.mean,
    ci95: ssim.ci95,
    subjects: ssim.subjects,
    images: summary.images ?? 0,
    seconds: summary.seconds,
    codesInUse,
    codes,
    perplexity,
  };
}
