import { basename, extname, resolve } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { SPLITS } from "@slicebook/datasets";
import { listDataset, loadAdapter } from "@slicebook/datasets/node";
import { commentedYaml } from "../commented-yaml.ts";
import { configSchema } from "../config.ts";
import { configJsonSchema, jsonSchemaOf } from "../config-json-schema.ts";
import { type ConfigKey, configKeys } from "../config-keys.ts";
import { loadPrior } from "../priors.ts";
import { type RecognisedFolder, recogniseFolder } from "./recognise-folder.ts";
import { sampleSizes } from "./sample-sizes.ts";

/** A configuration for a folder, ready to be run. */
export interface InitialConfig {
  /** YAML with every key in it, commented. */
  readonly yaml: string;
  readonly adapter: string;
  /** Where split, class, subject and slice are written, for the adapter `folder`. */
  readonly pattern?: string;
  readonly size: readonly [number, number];
  readonly splits: Readonly<Record<"train" | "validate" | "test", { slices: number; subjects: number }>>;
  readonly classes: readonly string[];
  /** What a person should check. */
  readonly notes: readonly string[];
}

/** The sides of slices that train in minutes; larger ones are made smaller. */
const LARGEST_SIDE = 256;
/** Sides are multiples of it, so that every downsampling fits. */
const SIDE_STEP = 16;

/**
 * Looks at a folder and writes a configuration for it: one of the known layouts, or any folder of pictures or NIfTI
 * files by a pattern read from its names.
 *
 * @param root the folder, as it will stand in the file
 * @param options.schema where the file's editor finds the JSON Schema, from the file; left out if not given
 */
export async function initialConfig(
  root: string,
  options: { readonly schema?: string } = {},
): Promise<InitialConfig> {
  const recognised = await recogniseFolder(root);
  const { sizes, depth } = await sampleSizes(root, recognised.files);
  const { size, sizePolicy } = (await usualSize(recognised.adapter, sizes)) ?? chosenSize(sizes);
  const notes = [...recognised.notes];
  const volumes = depth === undefined ? {} : { volumes: middleOf(depth) };
  if (depth !== undefined) {
    notes.push(
      "the files are volumes: the middle half of each is cut along its third axis (options.volumes)",
    );
  }
  const dataset = {
    adapter: recognised.adapter,
    root,
    size,
    ...(sizePolicy === undefined ? {} : { sizePolicy }),
    ...(recognised.adapter === "folder" ? { options: { ...recognised.options, ...volumes } } : {}),
  };
  const listed = await listDataset(dataset);
  const splits = splitCounts(listed.records);
  for (const split of SPLITS) if (splits[split].slices === 0) throw emptySplit(root, split);

  const given = {
    dataset,
    model: { preset: "patch", downsampling: 4, codes: 512 },
    train: { minutes: 5, batch: 8 },
    prior: { name: "pixelcnn", minutes: 5, batch: 4 },
    sample: { count: 16 },
    engine: { kind: "onnx" },
    run: { root: "runs" },
    seed: 0,
  };
  return {
    yaml: `${heading(root, options.schema)}\n${await yamlOf(given)}`,
    adapter: recognised.adapter,
    ...(typeof recognised.options.pattern === "string" ? { pattern: recognised.options.pattern } : {}),
    size,
    splits,
    classes: listed.classes,
    notes,
  };
}

/** The name of a configuration file for a folder: the folder's own, `scans.yaml`. */
export function configNameFor(root: string): string {
  const name = basename(resolve(root));
  return `${(name.slice(0, name.length - extname(name).length) || "slices").replace(/\s+/g, "-")}.yaml`;
}

/** The size of a known layout where most slices have it, and the shipped configuration's policy for the others. */
async function usualSize(
  name: RecognisedFolder["adapter"],
  sizes: readonly (readonly [number, number])[],
): Promise<ReturnType<typeof chosenSize> | undefined> {
  if (name === "folder") return undefined;
  const { adapter } = await loadAdapter(name);
  const [height, width] = adapter.defaultSize(adapter.schema.parse({}));
  const same = sizes.filter(([h, w]) => h === height && w === width).length;
  if (same <= sizes.length / 2) return undefined;
  return { size: [height, width], sizePolicy: name === "hipmri" ? "crop" : "resize" };
}

/** The largest of the sizes seen, brought to sides that suit a model; with a policy where slices differ from it. */
function chosenSize(sizes: readonly (readonly [number, number])[]): {
  size: [number, number];
  sizePolicy?: "pad" | "crop" | "resize";
} {
  const [height, width] = [Math.max(...sizes.map(([h]) => h)), Math.max(...sizes.map(([, w]) => w))];
  const scale = Math.min(1, LARGEST_SIDE / Math.max(height, width));
  const side = (pixels: number) => Math.max(SIDE_STEP, Math.ceil((pixels * scale) / SIDE_STEP) * SIDE_STEP);
  const size: [number, number] = [side(height), side(width)];
  if (sizes.every(([h, w]) => h === size[0] && w === size[1])) return { size };
  return { size, sizePolicy: scale < 1 ? "resize" : "pad" };
}

/** The middle half of volumes: the slices at their ends show little. */
function middleOf(depth: number): { plane: 2; from: number; to: number } {
  const from = Math.floor(depth / 4);
  return { plane: 2, from, to: Math.max(from + 1, Math.ceil((3 * depth) / 4)) };
}

function splitCounts(
  records: readonly { readonly split: "train" | "validate" | "test"; readonly subject: string }[],
): InitialConfig["splits"] {
  const of = (split: "train" | "validate" | "test") => {
    const own = records.filter((record) => record.split === split);
    return { slices: own.length, subjects: new Set(own.map(({ subject }) => subject)).size };
  };
  return { train: of("train"), validate: of("validate"), test: of("test") };
}

function emptySplit(root: string, split: string): SlicebookError {
  return new SlicebookError(
    "DATASET_EMPTY",
    `${root} has too few subjects: none is left for the ${split} split`,
    { remedy: "Give a folder with slices of three subjects at least, better of ten or more." },
  );
}

/** Every key of a configuration in YAML; `given` are written, the rest is commented out. */
async function yamlOf(given: Readonly<Record<string, unknown>> & { readonly dataset: { adapter: string } }) {
  const resolved = configSchema.parse(given);
  const { adapter } = await loadAdapter(resolved.dataset.adapter);
  const prior = await loadPrior(resolved.prior.name);
  const keys = configKeys(configJsonSchema())
    .filter(({ key }) => key !== "version")
    .map((key) => {
      if (key.key === "dataset") return withOptions(key, configKeys(jsonSchemaOf(adapter.schema)));
      return key.key === "prior" ? withOptions(key, configKeys(jsonSchemaOf(prior.schema))) : key;
    });
  const sorted = keys.sort((a, b) => Number(a.key === "seed") - Number(b.key === "seed"));
  return commentedYaml(sorted, given, {
    ...resolved,
    dataset: { ...resolved.dataset, options: adapter.schema.parse(resolved.dataset.options) },
    prior: { ...resolved.prior, options: prior.schema.parse(resolved.prior.options) },
  });
}

function withOptions(section: ConfigKey, options: readonly ConfigKey[]): ConfigKey {
  return {
    ...section,
    keys: section.keys.map((key) => (key.key === "options" ? { ...key, keys: options } : key)),
  };
}

function heading(root: string, schema: string | undefined): string {
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `# Made by \`slicebook init\` for ${root}.`,
    "#",
    "# Keys that are commented out have the defaults shown. Relative paths start from the current directory, and any",
    "# key can be given on the command line: train.minutes=30.",
  ];
  return `${lines.join("\n")}\n`;
}
