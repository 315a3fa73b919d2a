import { type Evaluations, readEvaluations } from "./evaluations.ts";
import { readRows } from "./metrics-log.ts";
import type { MetricsRow } from "./metrics-schema.ts";
import { readNovelty } from "./novelty.ts";
import type { Novelty } from "./novelty-schema.ts";
import { readRecord } from "./record.ts";
import type { RunInfo } from "./record-schema.ts";
import { type RunPaths, runPaths } from "./run-paths.ts";

/** A run's folder: what its files say now, each checked when it is read (`RUN_DAMAGED`). */
export interface OpenRun {
  readonly paths: RunPaths;
  /** `run.json`; undefined where there is none yet. */
  record(): Promise<RunInfo | undefined>;
  /** The rows of the model's metrics, then the prior's. */
  metrics(): Promise<MetricsRow[]>;
  evaluations(): Promise<Evaluations>;
  /** What was measured of the samples; undefined where none were drawn. */
  novelty(): Promise<Novelty | undefined>;
}

export function openRun(folder: string): OpenRun {
  const paths = runPaths(folder);
  const record = () => readRecord(paths);
  return {
    paths,
    record,
    metrics: async () => [...(await readRows(paths.metrics)), ...(await readRows(paths.prior.metrics))],
    evaluations: () => readEvaluations(paths),
    novelty: async () => ((await record())?.stages.sample === undefined ? undefined : readNovelty(paths)),
  };
}
