import { join } from "node:path";
import { type EqualBytesFiles, equalBytesFiles } from "./equal-bytes.ts";
import { type PairFiles, pairFiles } from "./pairs.ts";

/** The files of a run folder. */
export interface RunPaths {
  readonly folder: string;
  /** There while a process works in the folder. */
  readonly lock: string;
  readonly config: string;
  readonly info: string;
  /** Whose slices are in each split. */
  readonly subjects: string;
  readonly metrics: string;
  readonly last: string;
  readonly best: string;
  /** What the preprocessing learned from the training slices. */
  readonly preprocessing: string;
  readonly evaluation: string;
  readonly evaluations: string;
  readonly codes: Readonly<Record<"train" | "validate" | "test", string>>;
  /** What the training slices have beyond their codes, for samples. */
  readonly grain: string;
  /** What is known of slices besides their classes; absent where nothing is. */
  readonly covariates: string;
  readonly prior: {
    readonly metrics: string;
    readonly evaluation: string;
    /** The averaged weights of all parts' best checkpoints: what samples are drawn from. */
    readonly best: string;
    /** The checkpoints of a part in training, by its number. */
    part(number: number): { readonly last: string; readonly best: string };
  };
  /** Event files for TensorBoard. */
  readonly events: { readonly train: string; readonly prior: string };
  readonly samples: string;
  readonly sampleCodes: string;
  samplePicture(name: string): string;
  /** What is measured of the samples. */
  readonly novelty: string;
  readonly reconstructions: string;
  /** Test slices and their reconstructions, for the viewer. */
  readonly pairs: PairFiles;
  /** The same of a few, by the model and by image formats in as many bytes. */
  readonly equalBytes: EqualBytesFiles;
  /** Where slices are compressed to, and restored to, unless said otherwise. */
  readonly compressed: string;
  readonly decompressed: string;
  /** The model for other programs, unless said otherwise. */
  readonly exported: string;
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
    lock: at(".lock"),
    config: at("config.yaml"),
    info: at("run.json"),
    subjects: at("subjects.json"),
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
    grain: at("codes", "grain.json"),
    covariates: at("codes", "covariates.json"),
    prior: {
      metrics: at("prior", "metrics.jsonl"),
      evaluation: at("prior", "evaluation.json"),
      best: at("prior", "checkpoints", "best.safetensors"),
      part: (number) => ({
        last: at("prior", "checkpoints", `level${number}`, "last.safetensors"),
        best: at("prior", "checkpoints", `level${number}`, "best.safetensors"),
      }),
    },
    events: {
      train: at("tensorboard", "train", "events.out.tfevents.slicebook"),
      prior: at("tensorboard", "prior", "events.out.tfevents.slicebook"),
    },
    samples: at("samples"),
    sampleCodes: at("samples", "codes.safetensors"),
    samplePicture: (name) => at("samples", `${name}.png`),
    novelty: at("samples", "novelty.json"),
    reconstructions: at("reconstructions"),
    pairs: pairFiles(at("reconstructions", "test")),
    equalBytes: equalBytesFiles(at("reconstructions", "test")),
    compressed: at("compressed"),
    decompressed: at("decompressed"),
    exported: at("export"),
    progression: at("progression"),
    plots: at("plots"),
    report: at("report.html"),
    card: at("README.md"),
    csv: at("metrics.csv"),
  };
}
