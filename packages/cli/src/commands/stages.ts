import { stages as allStages, type Stage } from "@slicebook/pipeline";
import { perform } from "../perform.ts";
import type { OutputOptions } from "../program.ts";

/** `run` and `train`: stages of the run that a YAML file describes. */
export async function runConfig(
  config: string,
  overrides: readonly string[],
  stages: readonly Stage[] | "all",
  options: OutputOptions & { readonly resume?: boolean },
): Promise<void> {
  const { resume = false } = options;
  await perform(
    { kind: "run", config, overrides, stages: stages === "all" ? allStages : stages, resume },
    options,
  );
}

/** `evaluate`, `encode`, `train-prior`, `sample`, `report`: one stage of a run folder. */
export async function runStage(
  stage: Stage,
  run: string,
  overrides: readonly string[],
  options: OutputOptions & { readonly resume?: boolean },
): Promise<void> {
  await perform(
    { kind: "stages", run, overrides, stages: [stage], resume: options.resume ?? false },
    options,
  );
}

export async function reconstruct(
  run: string,
  files: readonly string[],
  options: OutputOptions & { readonly out?: string },
): Promise<void> {
  const { out } = options;
  await perform({ kind: "reconstruct", run, files, ...(out === undefined ? {} : { out }) }, options);
}
