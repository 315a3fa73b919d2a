import { SlicebookError } from "@slicebook/base";
import { makeFolder, writeFileAtomic } from "@slicebook/base/node";
import { leaves } from "@slicebook/base/util";
import { loadConfig, type ResolvedConfig, resolvedYaml } from "@slicebook/config";
import { exists, noRun, type RunPaths, runPaths } from "@slicebook/runs";

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
  "dataset.covariates",
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

/** Refuses to continue a run whose data set's files have changed. */
export function differentData(folder: string): SlicebookError {
  return new SlicebookError(
    "RUN_DIFFERS",
    `${folder} holds a run on other data: the data set's files have changed`,
    {
      remedy: "Give this run another name with run.name=NAME, or delete the folder.",
    },
  );
}
