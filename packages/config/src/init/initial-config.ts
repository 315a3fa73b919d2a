import { basename, extname, resolve } from "node:path";
import { counted, SlicebookError } from "@slicebook/base";
import { type DatasetInput, SPLITS } from "@slicebook/datasets";
import {
  type ListedDataset,
  listDataset,
  loadAdapter,
  type RecognisedFolder,
  recogniseFolder,
  sampleFiles,
  type VolumeCut,
} from "@slicebook/datasets/node";
import { configSchema } from "../config.ts";
import { configJsonSchema, jsonSchemaOf } from "../config-json-schema.ts";
import { type ConfigKey, configKeys } from "../config-keys.ts";
import { loadPrior } from "../priors.ts";
import { commentedYaml } from "./commented-yaml.ts";
import { type InitialPreset, initialSettings } from "./initial-settings.ts";

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
/** Slices of no more values are likely to be masks. */
const FEW_VALUES = 12;

/**
 * Looks at a folder and writes a configuration for it: one of the known layouts, or any folder of pictures or NIfTI
 * files by a pattern read from its names.
 *
 * @param root the folder, as it will stand in the file
 * @param options.schema where the file's editor finds the JSON Schema, from the file; left out if not given
 * @param options.preset what the model and its prior are for
 */
export async function initialConfig(
  root: string,
  {
    schema,
    preset = "patch",
  }: { readonly schema?: string | undefined; readonly preset?: InitialPreset } = {},
): Promise<InitialConfig> {
  const recognised = await recogniseFolder(root);
  const { sizes, cut, values } = await sampleFiles(root, recognised.files);
  const { size, sizePolicy } = (await usualSize(recognised.adapter, sizes)) ?? chosenSize(sizes);
  const notes = [...recognised.notes];
  const volumes = cut === undefined ? {} : { volumes: middleOf(cut) };
  if (cut !== undefined && cut.depth > 1) {
    notes.push(
      "the files are volumes: the middle half of each is cut along its third axis (options.volumes)",
    );
  }
  const flat = values.filter((count) => count > 1 && count <= FEW_VALUES).length;
  if (flat > 0) {
    notes.push(
      `${flat} of ${values.length} slices examined have ${FEW_VALUES} values or fewer: if they are masks, leave ` +
        "them out by options.pattern or options.ignore",
    );
  }
  const { dataset, listed } = await listedBySubject(recognised, {
    root,
    size,
    ...(sizePolicy === undefined ? {} : { sizePolicy }),
    options: { ...recognised.options, ...volumes },
    notes,
  });
  const splits = splitCounts(listed.records);
  for (const split of SPLITS) if (splits[split].slices === 0) throw emptySplit(root, split, listed.records);

  const given = {
    dataset: { ...dataset, preprocessing: "percentile" },
    ...(await initialSettings(size, preset)),
    engine: { kind: "onnx" },
    run: { root: "runs" },
    seed: 0,
  };
  return {
    yaml: `${heading(root, { schema, splits, notes })}\n${await yamlOf(given)}`,
    adapter: recognised.adapter,
    ...(typeof dataset.options?.pattern === "string" ? { pattern: dataset.options.pattern } : {}),
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
function middleOf({ plane, depth }: VolumeCut): { plane: 0 | 1 | 2; from: number; to: number } {
  const from = Math.floor(depth / 4);
  return { plane, from, to: Math.max(from + 1, Math.ceil((3 * depth) / 4)) };
}

function splitCounts(
  records: readonly { readonly split: "train" | "validate" | "test"; readonly subject: string }[],
): InitialConfig["splits"] {
  const of = (split: "train" | "validate" | "test") => {
    const ofSplit = records.filter((record) => record.split === split);
    return { slices: ofSplit.length, subjects: new Set(ofSplit.map(({ subject }) => subject)).size };
  };
  return { train: of("train"), validate: of("validate"), test: of("test") };
}

function emptySplit(
  root: string,
  split: string,
  records: readonly { readonly subject: string }[],
): SlicebookError {
  const subjects = new Set(records.map(({ subject }) => subject));
  const actual =
    subjects.size === 1
      ? `${records.length === 1 ? "the only slice is" : `all ${records.length} slices are`} of one subject by name, ${[...subjects][0]}`
      : `its ${records.length} slices are of ${subjects.size} subjects`;
  return new SlicebookError(
    "DATASET_EMPTY",
    `${root} has too few subjects: ${actual}, and none is left for the ${split} split`,
    {
      remedy:
        "Give a folder with slices of at least three subjects, better of ten or more. If each file is of another " +
        'person, write a configuration with the adapter folder and the pattern "{subject}.*".',
    },
  );
}

/** What is to be listed, but for the adapter and how its splits are made. */
interface FolderOfSlices {
  readonly root: string;
  readonly size: readonly [number, number];
  readonly sizePolicy?: "pad" | "crop" | "resize";
  readonly options: Readonly<Record<string, unknown>>;
  readonly notes: string[];
}

/**
 * Lists the slices of a folder. Where subjects are in the folders of more than one split, those do not count: the
 * splits are drawn by subject; where each file counts as a subject, names may well recur, and they do count.
 */
async function listedBySubject(
  { adapter, unsure }: RecognisedFolder,
  { notes, options, ...given }: FolderOfSlices,
): Promise<{ dataset: DatasetInput; listed: ListedDataset }> {
  const size: [number, number] = [...given.size];
  const dataset: DatasetInput = { adapter, ...given, size, ...(adapter === "folder" ? { options } : {}) };
  const allowing = { ...dataset, splits: { allowOverlap: true } };
  const listed = await listDataset(allowing);
  const parted = new Map<string, Set<string>>();
  for (const { subject, split } of listed.records) {
    parted.set(subject, (parted.get(subject) ?? new Set()).add(split));
  }
  const shared = [...parted].filter(([, splits]) => splits.size > 1);
  const { pattern, splits: _, ...rest } = options;
  if (shared.length === 0 || typeof pattern !== "string")
    return { dataset, listed: await listDataset(dataset) };
  if (unsure) {
    notes.push(
      `${shared.length} names recur in the folders of other splits: they are taken for other people's`,
    );
    return { dataset: allowing, listed };
  }
  notes.push(
    `${shared.length} subjects, such as ${shared[0]![0]}, are in the folders of more than one split: the folders are ` +
      "not followed, and the splits are drawn by subject",
  );
  const drawn = { ...dataset, options: { ...rest, pattern: pattern.replace("{split}", "*") } };
  return { dataset: drawn, listed: await listDataset(drawn) };
}

/** Every key of a configuration in YAML; `given` are written, the rest is commented out. */
async function yamlOf(given: Readonly<Record<string, unknown>> & { readonly dataset: { adapter: string } }) {
  const resolved = configSchema.parse(given);
  const { adapter } = await loadAdapter(resolved.dataset.adapter);
  const prior = await loadPrior(resolved.prior.name);
  const keys = configKeys(await configJsonSchema())
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

function heading(
  root: string,
  {
    schema,
    splits,
    notes,
  }: { schema: string | undefined; splits: InitialConfig["splits"]; notes: readonly string[] },
): string {
  const counts = SPLITS.map(
    (split) => `${split} ${splits[split].slices} of ${counted(splits[split].subjects, "subject")}`,
  );
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    ...commented(`Made by \`slicebook init\` for ${root}.`),
    ...commented(`Slices read from the names: ${counts.join(", ")}.`),
    ...notes.flatMap((note) => commented(`Check: ${note}.`)),
    "#",
    "# Keys that are commented out have the defaults shown. Relative paths start from the current directory, and any",
    "# key can be given on the command line: train.minutes=30.",
  ];
  return `${lines.join("\n")}\n`;
}

/** A text as comments of at most 118 characters a line, where its words allow. */
function commented(text: string): string[] {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(/\s+/)) {
    if (line !== "#" && line.length + word.length >= 118) {
      lines.push(line);
      line = "#  ";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
