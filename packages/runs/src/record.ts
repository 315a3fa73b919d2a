import { writeFileAtomic } from "@slicebook/base/node";
import { readJsonIfThere } from "./files.ts";
import { type RunInfo, runInfoSchema } from "./record-schema.ts";
import type { RunPaths } from "./run-paths.ts";

/** The `run.json` of a folder; undefined where there is none yet. */
export async function readRecord({ info }: RunPaths): Promise<RunInfo | undefined> {
  return readJsonIfThere(info, runInfoSchema);
}

export async function writeRecord({ info }: RunPaths, record: RunInfo): Promise<void> {
  await writeFileAtomic(info, `${JSON.stringify(record, undefined, 2)}\n`);
}
