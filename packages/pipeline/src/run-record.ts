import { writeFileAtomic } from "@slicebook/base/node";
import { z } from "zod";
import { exists, readJson } from "./files.ts";
import { isRecord } from "./is-record.ts";
import type { RunInfo } from "./report/types.ts";
import type { RunPaths } from "./run-paths.ts";

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
