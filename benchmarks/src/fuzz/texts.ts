import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "@slicebook/base";
import { loadConfig } from "@slicebook/config";
import { mutatedText } from "./mutate.ts";

/** Overrides as they are typed, damaged or not. */
const OVERRIDES = [
  "train.epochs=20",
  "dataset.size=[32, 32]",
  "dataset.root=/data/scan #2",
  "model.codes=64",
  "model.codes=[64, 128]",
  "prior.options.hidden=32",
  "run.name=007",
  "engine.kind=onnx",
  "sample.temperature=0.9",
];

/** Damages a configuration, or an override of it, and reads it as every command does. */
export async function fuzzConfig(texts: readonly string[], draw: Random, folder: string): Promise<void> {
  const pick = () => texts[draw.integer(texts.length)]!;
  const damaged = draw.uniform() < 0.8;
  const file = join(folder, "config.yaml");
  await writeFile(file, damaged ? mutatedText(pick(), pick(), draw) : pick());
  const override = OVERRIDES[draw.integer(OVERRIDES.length)]!;
  const typed = damaged ? override : mutatedText(override, override, draw).toString("utf8");
  await loadConfig(file, draw.uniform() < 0.5 || !damaged ? [typed] : []);
}

/** Configurations to damage: a run's, with every key written out, and short ones. */
export async function wholeConfigurations(run: string): Promise<readonly string[]> {
  return [
    await readFile(join(run, "config.yaml"), "utf8"),
    "dataset: { adapter: folder, root: slices, size: [64, 64], options: { pattern: '{subject}_{slice}.png' } }\n",
    "dataset:\n  adapter: phantom\n  size: [32, 32]\nmodel: { preset: patch, codes: 64 }\ntrain: { minutes: 5 }\n",
  ];
}
