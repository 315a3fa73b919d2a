import { basename, join, relative, sep } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { z } from "zod";
import { readHeaderOf } from "../formats/node/decode-file.ts";
import { isImageFile, withoutEnding } from "../formats/registry.ts";
import {
  type DatasetAdapter,
  type ListContext,
  type Listing,
  type SliceRecord,
  SPLITS,
  type Split,
} from "../types.ts";
import { givenRoot, listed, listFiles } from "./list-files.ts";
import { orientationOption, turned } from "./orientation-option.ts";
import { maskFinder, PLACES, pathMatcher, placesOf, type SplitNames } from "./path-pattern.ts";
import { bySplit, holdOut } from "./split-subjects.ts";

/** A text with places in braces, of the known ones only. */
const patternText = z.string().superRefine((pattern, context) => {
  const known: readonly string[] = PLACES;
  const unknown = placesOf(pattern).find((place) => !known.includes(place));
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
        "are any text, {slice} is a number, {number} a number that says nothing about the subject, such as a visit's, " +
        "* is anything; only {subject} is needed.",
    ),
  ignore: z
    .array(z.string().min(1))
    .optional()
    .describe("Files that are not slices although they fit the pattern, such as */*_mask.png."),
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
      step: z.int().min(1).default(1).describe("Take every n-th slice."),
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
  const { pattern, masks, ignore = [], splits, testFraction, volumes } = options;
  const root = givenRoot(context.root, { adapter: "folder", which: `below which ${pattern} is` });
  const records: SliceRecord[] = [];
  const ignored: string[] = [];
  const patterns = masks === undefined ? [pattern] : [pattern, masks.pattern];
  const depth = Math.max(...patterns.map((text) => text.split("/").length - 1));
  const below = (path: string) => relative(root, path).split(sep).join("/");
  const files = (await listFiles(root, depth)).filter((path) => !isImageFile(path));
  const maskOf =
    masks === undefined ? undefined : maskFinder(files.map(below), { pattern, masks: masks.pattern, splits });
  const left = ignore.map((text) => pathMatcher(text, splits));
  const match = pathMatcher(pattern, splits);
  const paths = files.filter((path) => maskOf?.masks.has(below(path)) !== true);
  for (const path of paths) {
    const name = below(path);
    const places = left.some((fits) => fits(name) !== undefined) ? undefined : match(name);
    if (places === undefined) {
      ignored.push(path);
      continue;
    }
    const maskPaths = maskOf?.find(places) ?? [];
    if (maskPaths.length > 1) throw ambiguousMask(path, maskPaths, options);
    const record: SliceRecord = {
      path,
      split: splitNamed(places.split, splits),
      subject: places.subject ?? "",
      slice: places.slice ?? 0,
      ...(places.class !== undefined && { label: places.class }),
      ...(maskPaths[0] !== undefined && { mask: join(root, maskPaths[0]) }),
      ...turned(options),
      name: withoutEnding(basename(path)),
    };
    records.push(...(volumes === undefined ? [record] : await slicesOf(record, volumes)));
  }
  if (records.length === 0) {
    const there = paths.length === 0 ? "it holds no files at that depth" : `it holds ${listed(ignored, 5)}`;
    throw new SlicebookError("DATASET_EMPTY", `no file in ${root} is like ${pattern}; ${there}`, {
      remedy: "Correct dataset.options.pattern, which starts below dataset.root.",
    });
  }
  const tested = pattern.includes("{split}")
    ? records
    : holdOut(records, { fraction: testFraction, seed, split: "test" });
  const parted = tested.some(({ split }) => split === "validate")
    ? tested
    : holdOut(tested, { fraction: validateFraction, seed, split: "validate" });
  const patternOf = (split: Split) => pattern.replace("{split}", `{${splits[split].join(",")}}`);
  return {
    records: bySplit(parted),
    ignored,
    places: { train: patternOf("train"), validate: patternOf("validate"), test: patternOf("test") },
  };
}

function ambiguousMask(
  path: string,
  maskPaths: readonly string[],
  { pattern, masks }: FolderOptions,
): SlicebookError {
  return new SlicebookError(
    "DATASET_AMBIGUOUS",
    `${path} has ${maskPaths.length} masks by ${masks?.pattern}: ${listed(maskPaths, 3)}`,
    {
      remedy:
        "Write the parts that tell them apart as {number} in dataset.options.pattern and in " +
        `dataset.options.masks.pattern alike; the pattern is ${pattern}.`,
    },
  );
}

function splitNamed(name: string | undefined, splits: SplitNames): Split {
  return SPLITS.find((split) => splits[split].some((one) => one.normalize("NFC") === name)) ?? "train";
}

/** The slices of a volume that the options name; what is not a volume stays as it is, for decoding to judge. */
async function slicesOf(
  record: SliceRecord,
  { plane, from, to = Number.POSITIVE_INFINITY, step }: NonNullable<FolderOptions["volumes"]>,
): Promise<SliceRecord[]> {
  const sides = await readHeaderOf(record.path)
    .then((header) => header?.sides(record.orientation))
    .catch(() => undefined);
  if (sides === undefined || sides[2] === 1) return [record];
  const slices: SliceRecord[] = [];
  for (let slice = from; slice < Math.min(to, sides[plane]); slice += step) {
    slices.push({ ...record, slice, volume: { plane, slice }, name: `${record.name}_slice_${slice}` });
  }
  return slices;
}
