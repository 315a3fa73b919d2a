import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { z } from "zod";
import type { Stage } from "./api.ts";
import type { ResolvedConfig } from "./config.ts";
import { isRecord } from "./config-source.ts";
import { exists, readJson } from "./files.ts";
import { loadConfig, resolvedYaml } from "./load-config.ts";
import type { RunInfo } from "./report/types.ts";

/** The files of a run folder. */
export interface RunPaths {
  readonly folder: string;
  readonly config: string;
  readonly info: string;
  readonly metrics: string;
  readonly last: string;
  readonly best: string;
  /** What the preprocessing learnt from the training slices. */
  readonly preprocessing: string;
  readonly evaluation: string;
  readonly evaluations: string;
  readonly codes: Readonly<Record<"train" | "validate" | "test", string>>;
  readonly prior: { readonly metrics: string; readonly last: string; readonly best: string };
  readonly samples: string;
  readonly reconstructions: string;
  readonly progression: string;
  readonly plots: string;
  readonly report: string;
  readonly card: string;
  readonly csv: string;
}

export function runPaths(folder: string): RunPaths {
  const at = (...parts: string[]) => join(folder, ...parts);
  return {
    folder,
    config: at("config.yaml"),
    info: at("run.json"),
    metrics: at("metrics.jsonl"),
    last: at("checkpoints", "last.safetensors"),
    best: at("checkpoints", "best.safetensors"),
    preprocessing: at("checkpoints", "preprocessing.safetensors"),
    evaluation: at("evaluation.json"),
    evaluations: at("evaluations"),
    codes: {
      train: at("codes", "train.safetensors"),
      validate: at("codes", "validate.safetensors"),
      test: at("codes", "test.safetensors"),
    },
    prior: {
      metrics: at("prior", "metrics.jsonl"),
      last: at("prior", "checkpoints", "last.safetensors"),
      best: at("prior", "checkpoints", "best.safetensors"),
    },
    samples: at("samples"),
    reconstructions: at("reconstructions"),
    progression: at("progression"),
    plots: at("plots"),
    report: at("report.html"),
    card: at("README.md"),
    csv: at("metrics.csv"),
  };
}

/** What `run.json` says of a stage that has ended; `inputs` is the hash of all that decides its result. */
type StageRecord = RunInfo["stages"][string] & { readonly inputs: string };

/** `run.json` as this package writes it. */
export type RunRecord = Omit<RunInfo, "stages"> & { readonly stages: Readonly<Record<string, StageRecord>> };

const recordSchema = z.custom<RunRecord>(
  (value) => isRecord(value) && value.schema === 1 && isRecord(value.stages) && isRecord(value.data),
  { error: "expected a run.json of schema 1" },
);

/** The `run.json` of a folder; undefined where there is none yet. */
export async function readRecord({ info }: RunPaths): Promise<RunRecord | undefined> {
  return (await exists(info)) ? readJson(info, recordSchema) : undefined;
}

export async function writeRecord({ info }: RunPaths, record: RunRecord): Promise<void> {
  await writeFileAtomic(info, `${JSON.stringify(record, undefined, 2)}\n`);
}

export async function writeConfig(paths: RunPaths, config: ResolvedConfig): Promise<void> {
  await mkdir(paths.folder, { recursive: true });
  const note =
    "# The whole configuration of this run: `slicebook run config.yaml run.name=NAME` repeats it.\n";
  await writeFileAtomic(paths.config, note + resolvedYaml(config));
}

/** The configuration of an existing run, with overrides; throws `RUN_NOT_FOUND` if the folder is no run's. */
export async function loadRunConfig(folder: string, overrides: readonly string[]): Promise<ResolvedConfig> {
  const { config } = runPaths(folder);
  if (!(await exists(config))) {
    const found = (await exists(folder)) ? "has no config.yaml" : "does not exist";
    throw new SlicebookError("RUN_NOT_FOUND", `${folder} is no run folder: it ${found}`, {
      remedy: "Give the folder that `slicebook run` or `slicebook train` made, such as runs/hipmri.",
    });
  }
  return loadConfig(config, overrides);
}

/** One value that is not the same in two configurations. */
interface Difference {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Keys that say where and how fast a run is, or what to draw from it, rather than what it is. */
const NOT_COMPARED = [
  "run",
  "sample",
  "dataset.root",
  "dataset.cache",
  "engine.threads",
  "train.checkpointSeconds",
  "prior.checkpointSeconds",
];

/** What is not the same in two configurations, among the keys that decide what a run is. */
function differences(before: ResolvedConfig, after: ResolvedConfig): Difference[] {
  const [old, now] = [leaves(before), leaves(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => !NOT_COMPARED.some((other) => key === other || key.startsWith(`${other}.`)))
    .filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(now.get(key)))
    .map((key) => ({ key, before: old.get(key), after: now.get(key) }));
}

function leaves(value: unknown, path = "", found = new Map<string, unknown>()): Map<string, unknown> {
  if (isRecord(value)) {
    for (const [key, inner] of Object.entries(value))
      leaves(inner, path === "" ? key : `${path}.${key}`, found);
  } else if (value !== undefined) {
    found.set(path, value);
  }
  return found;
}

/** Refuses a folder whose run has another configuration, and lists what differs. */
export function checkSameConfig(folder: string, before: ResolvedConfig, after: ResolvedConfig): void {
  const list = differences(before, after);
  if (list.length === 0) return;
  const lines = list.map(({ key, before, after }) => `  ${key}: ${shown(before)} there, ${shown(after)} now`);
  throw new SlicebookError(
    "RUN_DIFFERS",
    `${folder} holds a run with another configuration:\n${lines.join("\n")}`,
    { remedy: "Give this run another name with run.name=NAME, or delete the folder." },
  );
}

function shown(value: unknown): string {
  return value === undefined ? "not given" : JSON.stringify(value);
}

/** What a stage of that run needs from one before it is not there. */
export function missing(folder: string, what: string, stage: Stage): SlicebookError {
  return new SlicebookError("STAGE_MISSING", `${folder} has no ${what} yet`, {
    remedy:
      stage === "train"
        ? "Train the model first, with `slicebook train CONFIG`."
        : `Run \`slicebook ${stage} ${folder}\` first.`,
  });
}

/** Refuses to go on with a run whose data set's files are others now. */
export function differentData(folder: string): SlicebookError {
  return new SlicebookError(
    "RUN_DIFFERS",
    `${folder} holds a run on other data: the data set's files have changed`,
    {
      remedy: "Give this run another name with run.name=NAME, or delete the folder.",
    },
  );
}
