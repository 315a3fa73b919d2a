import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { isRecord } from "@slicebook/base/util";
import type { Estimate, Evaluation, RunEvaluation } from "./evaluation-schema.ts";
import { runFigures } from "./figures.ts";
import { damaged, exists, readTextIfThere } from "./files.ts";
import { withoutPlaces } from "./hidden-places.ts";
import { isLocked } from "./lock.ts";
import type { MetricsRow } from "./metrics-schema.ts";
import { noRun } from "./no-run.ts";
import type { Novelty, ThreePairs } from "./novelty-schema.ts";
import { openRun } from "./open-run.ts";
import { LARGEST_YAML, parseYaml, type YamlFault } from "./parse-yaml.ts";
import type { RunInfo } from "./record-schema.ts";
import { type RunPaths, runPaths } from "./run-paths.ts";
import { type Stage, stages } from "./stages.ts";

export { damaged, readTextIfThere } from "./files.ts";
export type { Estimate, Evaluation, MetricsRow, Novelty, RunEvaluation, RunInfo, RunPaths, ThreePairs };
export { openRun, runPaths, withoutPlaces };

/** A run in short, as `slicebook list` shows it. */
export interface RunSummary {
  readonly name: string;
  readonly folder: string;
  /** `running`: a process works in the folder; `complete`: every stage was done. */
  readonly state: "running" | "complete" | "incomplete";
  /** The stages done, in their order. */
  readonly stages: readonly Stage[];
  /** ISO 8601. */
  readonly created: string;
  readonly data: { readonly adapter: string; readonly size: readonly [number, number] };
  readonly model: RunInfo["model"];
  readonly engine: string;
  /** Training slices seen; null before the first. */
  readonly images: number | null;
  /** Seconds of training, the VQ-VAE's and the prior's. */
  readonly seconds: number;
  /** Of the test split; null before the evaluation. */
  readonly ssim: Estimate | null;
  /** The key figures by name, as a command's result has them. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A run with all that was measured. */
export interface RunDetails {
  readonly summary: RunSummary;
  readonly info: RunInfo;
  /** `config.yaml` as it lies in the folder, and what it says. */
  readonly config: { readonly text: string; readonly value: Readonly<Record<string, unknown>> };
  readonly evaluation: RunEvaluation | undefined;
  /** The rows of the model's metrics, then the prior's. */
  readonly metrics: readonly MetricsRow[];
}

/** A folder that looks like a run's and cannot be read, with the reason. */
export interface DamagedRun {
  readonly folder: string;
  readonly reason: string;
}

/** Reads a run folder; throws `RUN_NOT_FOUND` if it is none, `RUN_DAMAGED` if a file of it cannot be read. */
export async function readRun(folder: string): Promise<RunDetails> {
  const run = openRun(folder);
  const info = await run.record();
  if (info === undefined) throw await noRun(folder, "run.json");
  const config = configOf(run.paths);
  const metrics = await run.metrics();
  const [model, prior] = (["train", "prior"] as const).map((name) =>
    metrics.findLast(({ stage }) => stage === name),
  );
  const evaluations = await run.evaluations();
  const { evaluation } = evaluations;
  const done = stages.filter((stage) => info.stages[stage] !== undefined);
  const { kind, device } = info.engine;
  const summary: RunSummary = {
    name: info.name,
    folder,
    state: (await isLocked(folder)) ? "running" : done.length === stages.length ? "complete" : "incomplete",
    stages: done,
    created: info.created,
    data: { adapter: info.data.adapter, size: info.data.size },
    model: info.model,
    engine: `${kind} on ${device}`,
    images: model?.images ?? null,
    seconds: (model?.seconds ?? 0) + (prior?.seconds ?? 0),
    ssim: evaluation?.ssim ?? null,
    figures: runFigures({ ...evaluations, novelty: await run.novelty() }),
  };
  return { summary, info, config, evaluation, metrics };
}

function configOf({ config }: RunPaths): RunDetails["config"] {
  const text = readTextIfThere(config, LARGEST_YAML);
  if (text === undefined) throw damaged(config, "there is no such file");
  const parsed = parseYaml(text);
  if ("faults" in parsed) {
    const [{ line, message }] = parsed.faults as [YamlFault];
    throw damaged(`${config}:${line}`, message);
  }
  if (!isRecord(parsed.value)) throw damaged(config, "it is not a mapping");
  return { text, value: parsed.value };
}

/**
 * The runs in a folder, or the one of that name, the newest first, and those that cannot be read.
 *
 * Throws `RUN_NOT_FOUND` if there is no such folder.
 */
export async function listRuns(
  root: string,
  only?: string,
): Promise<{ runs: RunSummary[]; damaged: DamagedRun[] }> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such folder" : error.message;
    throw new SlicebookError("RUN_NOT_FOUND", `${root}: ${why}`, {
      remedy: "Start a run with `slicebook run CONFIG`, or name the folder that your runs are in.",
    });
  });
  const runs: RunSummary[] = [];
  const damaged: DamagedRun[] = [];
  for (const entry of entries) {
    const folder = join(root, entry.name);
    if (only !== undefined && entry.name !== only) continue;
    if (entry.isFile() || !(await exists(runPaths(folder).info))) continue;
    try {
      runs.push((await readRun(folder)).summary);
    } catch (error) {
      damaged.push({ folder, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  runs.sort((a, b) => (a.created < b.created ? 1 : -1));
  return { runs, damaged };
}

/** Names by which runs can be told apart: their own, or their folders' where two runs share one. */
export function runNames(runs: readonly Pick<RunSummary, "name" | "folder">[]): string[] {
  const unique = new Set(runs.map(({ name }) => name)).size === runs.length;
  return runs.map(({ name, folder }) =>
    unique ? name : basename(folder) === name ? folder : basename(folder),
  );
}
