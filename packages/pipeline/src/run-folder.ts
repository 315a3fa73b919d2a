import { SlicebookError } from "@slicebook/base";
import { makeFolder, writeFileAtomic } from "@slicebook/base/node";
import type { Stage } from "./api.ts";
import type { ResolvedConfig } from "./config.ts";
import { exists } from "./files.ts";
import { leaves } from "./leaves.ts";
import { loadConfig, resolvedYaml } from "./load-config.ts";
import { noRun } from "./no-run.ts";
import { type RunPaths, runPaths } from "./run-paths.ts";
import { shellQuote } from "./shell-quote.ts";

export async function writeConfig(paths: RunPaths, config: ResolvedConfig): Promise<void> {
  await makeFolder(paths.folder);
  const note =
    "# The whole configuration of this run: `slicebook run config.yaml run.name=NAME` repeats it.\n";
  await writeFileAtomic(paths.config, note + resolvedYaml(config));
}

/** The configuration of an existing run, with overrides; throws `RUN_NOT_FOUND` if the folder is not a run's. */
export async function loadRunConfig(folder: string, overrides: readonly string[]): Promise<ResolvedConfig> {
  const { config } = runPaths(folder);
  if (!(await exists(config))) throw await noRun(folder, "config.yaml");
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

/** What a stage needs of one before it. */
export interface Need {
  /** As messages name it. */
  readonly what: string;
  /** The stage that makes it. */
  readonly stage: Stage;
  /** Its files, the best first, any of which will do. */
  files(paths: RunPaths): readonly string[];
}

/** The checkpoint that a run's later stages use: the best on the validation split, else the last. */
export const trainedModel: Need = {
  what: "trained model",
  stage: "train",
  files: ({ best, last }) => [best, last],
};

export const codeGrids: Need = {
  what: "code grids",
  stage: "encode",
  files: ({ codes }) => [codes.train],
};

/** The file of the prior that samples are drawn from. */
export const trainedPrior: Need = {
  what: "trained prior",
  stage: "train-prior",
  files: ({ prior }) => [prior.best],
};

/** The file of what is needed. Throws `STAGE_MISSING` if there is none. */
export async function neededFile(paths: RunPaths, need: Need): Promise<string> {
  for (const file of need.files(paths)) if (await exists(file)) return file;
  throw missing(paths.folder, need);
}

/** What a stage of that run needs from one before it is not there. */
export function missing(folder: string, { what, stage }: Pick<Need, "what" | "stage">): SlicebookError {
  return new SlicebookError("STAGE_MISSING", `${folder} has no ${what} yet`, {
    remedy:
      stage === "train"
        ? "Train the model first, with `slicebook train CONFIG`."
        : `Run \`slicebook ${stage} ${shellQuote(folder)}\` first.`,
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
