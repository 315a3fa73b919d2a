import { basename, extname } from "node:path";
import { stages as allStages, type Stage } from "@slicebook/runs/stages";
import type {
  CompletionFlags,
  ExportFlags,
  OutputOptions,
  PackFlags,
  RunFlags,
  StageFlags,
  UnpackFlags,
} from "../flags.ts";
import { perform } from "../perform.ts";

/** `run` and `train`: stages of the run that a YAML file describes. */
export async function runConfig(
  config: string,
  overrides: readonly string[],
  stages: readonly Stage[] | "all",
  options: OutputOptions & RunFlags,
): Promise<void> {
  const { resume = false, dryRun = false, overfit } = options;
  await perform(
    {
      kind: "run",
      config,
      overrides: overfit === undefined ? overrides : [...overfitted(config, overfit), ...overrides],
      stages: stages === "all" ? allStages : stages,
      resume,
      dryRun,
    },
    options,
  );
}

/** On few slices, in a run of its own name. */
function overfitted(config: string, slices: number): string[] {
  const name = `${basename(config, extname(config))}-overfit-${slices}`;
  return [`train.overfit=${slices}`, `run.name=${JSON.stringify(name)}`];
}

/** `encode`, `evaluate`, `train-prior`, `sample`, `report`: one stage of a run folder. */
export async function runStage(
  stage: Stage,
  run: string,
  overrides: readonly string[],
  options: OutputOptions & StageFlags,
): Promise<void> {
  const { resume = false, newSubjects } = options;
  await perform({ kind: "stages", run, overrides, stages: [stage], resume, newSubjects }, options);
}

/** `sample --complete`: the rest of a slice of which a part is kept. */
export async function completeSlice(
  run: string,
  file: string,
  keep: string,
  {
    overrides,
    candidates,
    out,
    ...options
  }: OutputOptions & Omit<CompletionFlags, "complete" | "keep"> & { readonly overrides: readonly string[] },
): Promise<void> {
  await perform({ kind: "complete", run, file, keep, overrides, candidates, out }, options);
}

/** `compress`: slices into `.slbk` files, or into one archive. */
export async function compress(files: readonly string[], options: OutputOptions & PackFlags): Promise<void> {
  const { model, out, force = false, coding, archive, lambda } = options;
  await perform({ kind: "compress", run: model, files, force, coding, archive, lambda, out }, options);
}

/** `decompress`: such files back into slices. */
export async function decompress(
  files: readonly string[],
  options: OutputOptions & UnpackFlags,
): Promise<void> {
  const { model, out, force = false, only, list } = options;
  await perform({ kind: "decompress", run: model, files, force, only, list, out }, options);
}

/** `export`: the model as ONNX graphs and safetensors. */
export async function exportModel(run: string, options: OutputOptions & ExportFlags): Promise<void> {
  const { out, half = false } = options;
  await perform({ kind: "export", run, half, out }, options);
}

export async function reconstruct(
  run: string,
  files: readonly string[],
  options: OutputOptions & { readonly out?: string },
): Promise<void> {
  const { out } = options;
  await perform({ kind: "reconstruct", run, files, out }, options);
}
