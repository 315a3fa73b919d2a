import { relative } from "node:path";
import { interruptedError } from "@slicebook/base";
import { exists, hashOf, neededFile } from "@slicebook/runs";
import { stages as order, type Stage } from "@slicebook/runs/stages";
import { type Session, withEnergy } from "@slicebook/session";
import { encodeStage } from "./encode.ts";
import { evaluateStage } from "./evaluate.ts";
import { reportStage } from "./report.ts";
import { sampleStage } from "./sample.ts";
import type { StageDefinition } from "./stage.ts";
import { trainStage } from "./train.ts";
import { trainPriorStage } from "./train-prior.ts";

/** What became of one stage. */
export interface StageResult {
  readonly stage: Stage;
  readonly state: "skipped" | "done";
  readonly seconds: number;
}

const definitions: Readonly<Record<Stage, StageDefinition>> = {
  train: trainStage,
  encode: encodeStage,
  evaluate: evaluateStage,
  "train-prior": trainPriorStage,
  sample: sampleStage,
  report: reportStage,
};

/** The sections of a run's configuration that its stages may be run with anew. */
export const changeableSections = [...new Set(order.flatMap((stage) => definitions[stage].sections))];

/** Finds out before anything is written what would stop the run half way. */
export async function prepareStages(session: Session, wanted: readonly Stage[]): Promise<void> {
  await session.dataset();
  for (const stage of order.filter((name) => wanted.includes(name))) {
    await definitions[stage].prepare?.(session);
  }
  await session.engine();
}

/** Finds out before a run's configuration is changed what the first of its stages lacks, or is asked for in vain. */
export async function checkFirstStage(session: Session, wanted: readonly Stage[]): Promise<void> {
  const first = order.find((stage) => wanted.includes(stage));
  if (first === undefined) return;
  const { needs, check } = definitions[first];
  for (const need of needs) await neededFile(session.paths, need);
  await check?.(session);
}

/**
 * Runs stages in their order; one whose inputs are those of its last run, and whose results are there, is
 * skipped.
 */
export async function runStages(
  session: Session,
  wanted: readonly Stage[],
  { resume }: { readonly resume: boolean },
): Promise<StageResult[]> {
  const results: StageResult[] = [];
  for (const stage of order.filter((name) => wanted.includes(name))) {
    if (session.signal?.aborted) throw interruptedError();
    const definition = definitions[stage];
    for (const need of definition.needs) await neededFile(session.paths, need);
    const inputs = hashOf(await definition.inputs(session));
    const last = (await session.record())?.stages[stage];
    const missing = await firstMissing(definition.outputs(session));
    if (last?.inputs === inputs && missing === undefined) {
      session.emit({ type: "stage", stage, state: "skip", reason: "nothing that it depends on has changed" });
      results.push({ stage, state: "skipped", seconds: 0 });
      continue;
    }
    if (last?.inputs === inputs && missing !== undefined) {
      session.emit({
        type: "note",
        text: `${stage} runs again: ${relative(process.cwd(), missing)} is missing`,
      });
    }
    session.emit({ type: "stage", stage, state: "start" });
    const start = performance.now();
    const { result: trained, joules: taken } = await withEnergy(async () =>
      definition.resumable
        ? definition.run(session, { inputs, resume })
        : void (await definition.run(session)),
    );
    const elapsed = (performance.now() - start) / 1000;
    const seconds = Math.max(trained ?? 0, elapsed);
    // Of a training that was resumed, only the end was counted.
    const joules = seconds > elapsed ? undefined : taken;
    const finished = new Date().toISOString();
    await session.update((record) => ({
      ...record,
      stages: {
        ...record.stages,
        [stage]: { seconds, ...(joules !== undefined && { joules }), finished, inputs },
      },
    }));
    session.emit({ type: "stage", stage, state: "done", seconds });
    results.push({ stage, state: "done", seconds });
  }
  return results;
}

async function firstMissing(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (!(await exists(file))) return file;
  return undefined;
}
