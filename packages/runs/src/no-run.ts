import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { nearMiss } from "@slicebook/base/util";
import { exists } from "./files.ts";
import { runPaths } from "./run-paths.ts";

/** The error for a folder that has no `lacks` and so is not a run's, with the run beside it that may be meant. */
export async function noRun(folder: string, lacks: "config.yaml" | "run.json"): Promise<SlicebookError> {
  const lack = (await exists(folder)) ? `has no ${lacks}` : "does not exist";
  const parent = dirname(folder);
  const meant = nearMiss(basename(folder), await runsIn(parent));
  const remedy =
    meant === undefined
      ? "Give a folder that `slicebook run` or `slicebook train` made, such as runs/hipmri; `slicebook list` shows them."
      : `Did you mean ${join(parent, meant)}? \`slicebook list ${parent}\` shows all runs there.`;
  return new SlicebookError("RUN_NOT_FOUND", `${folder} is not a run folder: it ${lack}`, { remedy });
}

async function runsIn(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => []);
  const runs = await Promise.all(names.map((name) => exists(runPaths(join(root, name)).config)));
  return names.filter((_, at) => runs[at]);
}
