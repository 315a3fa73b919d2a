import { relative, sep } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { z } from "zod";
import { readHeaderOf } from "./decode-file.ts";
import { givenRoot, listed, listFiles, stem } from "./list-files.ts";
import { volumeSides } from "./nifti.ts";
import { orientationOption, turned } from "./orientation-option.ts";
import { bySplit, holdOut } from "./split-subjects.ts";
import {
  type DatasetAdapter,
  type ListContext,
  type Listing,
  type SliceRecord,
  SPLITS,
  type Split,
} from "./types.ts";

const PLACES = ["split", "class", "subject", "slice"];

/** A text with places in braces, of the known ones only. */
const patternText = z.string().superRefine((pattern, context) => {
  const unknown = placesOf(pattern).find((place) => !PLACES.includes(place));
  if (unknown === undefined) return;
  const allowed = PLACES.map((place) => `{${place}}`).join(", ");
  context.addIssue({ code: "custom", message: `{${unknown}} is not one of ${allowed}` });
});

const names = z.array(z.string().min(1)).min(1);

const folderOptions = z.strictObject({
  pattern: patternText
    .refine((pattern) => placesOf(pattern).includes("subject"), {
      error: "it must contain {subject}, by which slices are split",
    })
    .describe(
      "Where slices are below the root, such as {split}/{class}/{subject}_{slice}.*: {subject} and {class} " +
        "are any text, {slice} is a number, * is anything; only {subject} is needed.",
    ),
  masks: z
    .strictObject({
      pattern: patternText.describe(
        "Where the masks are below the root, such as masks/{subject}_{slice}.png. A slice's mask is the one whose " +
          "places are the same.",
      ),
      labels: z
        .record(z.string().regex(/^\d+$/), z.string().min(1))
        .default({})
        .describe("What the masks' values mean, such as { 0: background, 1: tumour }."),
    })
    .optional()
    .describe(
      "Segmentation masks, in which errors are measured label by label. Of volumes, they are volumes.",
    ),
  splits: z
    .strictObject({
      train: names.default(["train", "training"]),
      validate: names.default(["validate", "validation", "valid", "val"]),
      test: names.default(["test", "testing"]),
    })
    .prefault({})
    .describe("The names that {split} may have for each split."),
  testFraction: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe(
      "The part of the subjects of each class held out for testing where the pattern has no {split}.",
    ),
  orientation: orientationOption,
  volumes: z
    .strictObject({
      plane: z
        .union([z.literal(0), z.literal(1), z.literal(2)])
        .describe(
          "The axis across the slices: 2 takes volume[:, :, i], axial where orientation is canonical.",
        ),
      from: z.int().min(0).default(0).describe("The first slice of each volume."),
      to: z.int().min(1).optional().describe("The slice after the last one; the volume's end unless given."),
      step: z.int().min(1).default(1).describe("Every how many slices one is taken."),
    })
    .optional()
    .describe("How 3-D NIfTI files are cut into slices. Without it, a 3-D file is an error."),
});

/** The options of the `folder` adapter. */
export type FolderOptions = z.output<typeof folderOptions>;

/** Any folder whose file names say whose slice it is, by a pattern in the configuration. */
export const folder: DatasetAdapter<FolderOptions> = {
  name: "folder",
  description: "any folder, by a pattern such as {split}/{class}/{subject}_{slice}.*",
  schema: folderOptions,
  defaultSize: () => [256, 256],
  list: listFolder,
  maskLabels: ({ masks }) =>
    Object.entries(masks?.labels ?? {}).map(([value, name]) => ({ value: Number(value), name })),
};

async function listFolder(context: ListContext<FolderOptions>): Promise<Listing> {
  const { options, seed, validateFraction } = context;
  const { pattern, masks, testFraction, volumes } = options;
  const root = givenRoot(context.root, { adapter: "folder", which: `below which ${pattern} is` });
  const match = matcher(root, pattern, options);
  const records: SliceRecord[] = [];
  const ignored: string[] = [];
  const patterns = masks === undefined ? [pattern] : [pattern, masks.pattern];
  const depth = Math.max(...patterns.map((text) => text.split("/").length - 1));
  // An .img file is read with its .hdr.
  const files = (await listFiles(root, depth)).filter((path) => !/\.img(?:\.gz)?$/i.test(path));
  const maskOf = masks === undefined ? undefined : pairing(root, files, options, masks.pattern);
  const paths = files.filter((path) => maskOf?.paths.has(path) !== true);
  for (const path of paths) {
    const groups = match(path);
    if (groups === undefined) {
      ignored.push(path);
      continue;
    }
    const mask = maskOf?.find(groups);
    const { subject = "", slice } = groups;
    const record: SliceRecord = {
      path,
      split: splitNamed(groups.split, options),
      subject,
      slice: Number(slice ?? 0),
      ...(groups.class !== undefined && { label: groups.class }),
      ...(mask !== undefined && { mask }),
      ...turned(options),
      name: stem(path),
    };
    records.push(...(volumes === undefined ? [record] : await slicesOf(record, volumes)));
  }
  if (records.length === 0) {
    const there = paths.length === 0 ? "it holds no files at that depth" : `it holds ${listed(ignored, 5)}`;
    throw new SlicebookError("DATASET_EMPTY", `no file in ${root} is like ${pattern}; ${there}`, {
      remedy: "Mend dataset.options.pattern, which starts below dataset.root.",
    });
  }
  const tested = pattern.includes("{split}")
    ? records
    : holdOut(records, { fraction: testFraction, seed, split: "test" });
  const parted = tested.some(({ split }) => split === "validate")
    ? tested
    : holdOut(tested, { fraction: validateFraction, seed, split: "validate" });
  const place = (split: Split) => pattern.replace("{split}", `{${options.splits[split].join(",")}}`);
  return {
    records: bySplit(parted),
    ignored,
    places: { train: place("train"), validate: place("validate"), test: place("test") },
  };
}

type Places = Readonly<Record<string, string>>;

function placesOf(pattern: string): string[] {
  return [...pattern.matchAll(/\{([^}]*)\}/g)].map(([, place = ""]) => place);
}

/**
 * Tells what is in the places of a pattern, of paths below the root that are like it. Accented letters are in Unicode's
 * composed form, whichever the file system has, so that a subject has one name.
 */
function matcher(
  root: string,
  pattern: string,
  options: FolderOptions,
): (path: string) => Places | undefined {
  const expression = patternExpression(pattern, options);
  return (path) => relative(root, path).split(sep).join("/").normalize().match(expression)?.groups;
}

/** The masks among some files, and how a slice's mask is found by what is in the places that both patterns have. */
function pairing(root: string, files: readonly string[], options: FolderOptions, maskPattern: string) {
  const shared = placesOf(maskPattern).filter((place) => placesOf(options.pattern).includes(place));
  const keyOf = (places: Places) =>
    JSON.stringify(shared.map((place) => (place === "slice" ? Number(places.slice) : places[place])));
  const match = matcher(root, maskPattern, options);
  const found = files.flatMap((path) => {
    const places = match(path);
    return places === undefined ? [] : [[keyOf(places), path] as const];
  });
  const masks = new Map(found);
  return {
    paths: new Set(found.map(([, path]) => path)),
    find: (places: Places) => masks.get(keyOf(places)),
  };
}

/** A pattern as a regular expression over paths below the root, with a group for each place. */
function patternExpression(pattern: string, { splits }: Pick<FolderOptions, "splits">): RegExp {
  const seen = new Set<string>();
  const texts: Record<string, string> = {
    split: SPLITS.flatMap((split) => splits[split])
      .map((name) => escaped(name.normalize()))
      .join("|"),
    class: "[^/]+?",
    subject: "[^/]+?",
    slice: "\\d+",
  };
  const source = pattern
    .normalize()
    .split(/(\{[^}]*\}|\*)/)
    .map((part) => {
      if (part === "*") return "[^/]*";
      const place = /^\{(.*)\}$/.exec(part)?.[1];
      if (place === undefined) return escaped(part);
      if (seen.has(place)) return `\\k<${place}>`;
      seen.add(place);
      return `(?<${place}>${texts[place]})`;
    })
    .join("");
  return new RegExp(`^${source}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function splitNamed(name: string | undefined, { splits }: FolderOptions): Split {
  return SPLITS.find((split) => splits[split].some((own) => own.normalize() === name)) ?? "train";
}

/** The slices of a volume that the options name; what is no volume stays as it is, for decoding to judge. */
async function slicesOf(
  record: SliceRecord,
  { plane, from, to = Number.POSITIVE_INFINITY, step }: NonNullable<FolderOptions["volumes"]>,
): Promise<SliceRecord[]> {
  if (!/\.(?:nii|hdr)(?:\.gz)?$/i.test(record.path)) return [record];
  const sides = await readHeaderOf(record.path)
    .then((header) => volumeSides(header, record.orientation))
    .catch(() => undefined);
  if (sides === undefined || sides[2] === 1) return [record];
  const slices: SliceRecord[] = [];
  for (let slice = from; slice < Math.min(to, sides[plane]); slice += step) {
    slices.push({ ...record, slice, volume: { plane, slice }, name: `${record.name}_slice_${slice}` });
  }
  return slices;
}
