import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { readRegularFileStart } from "@slicebook/base/node";
import { folder } from "../adapters/folder.ts";
import { pathMatcher, type SplitNames } from "../adapters/path-pattern.ts";
import { FORMATS, formatNamed } from "../formats/registry.ts";
import { ignorePatterns, maskPattern, partMasks } from "./find-masks.ts";
import { type InferredPattern, inferPattern } from "./infer-pattern.ts";
import { holdVolumes, MANY_VALUES, sampleFiles, someOf } from "./sample-files.ts";
import { walkFiles } from "./walk-files.ts";

/** How a folder is to be read: part of the `dataset` section. */
export interface RecognisedFolder {
  readonly adapter: "hipmri" | "oasis" | "adni" | "folder";
  readonly options: Readonly<Record<string, unknown>>;
  /** The files that are slices, from the root, with slashes. */
  readonly files: readonly string[];
  /** Whether no name says whose a file is, so that each counts as a subject. */
  readonly unsure: boolean;
  /** What a person should check. */
  readonly notes: readonly string[];
}

/** The split folders of the known layouts. */
const landmarks = [
  { adapter: "hipmri", expression: /(?:^|\/)keras_slices_(?:train|validate|test)\// },
  { adapter: "oasis", expression: /(?:^|\/)keras_png_slices_(?:train|validate|test)\// },
  { adapter: "adni", expression: /(?:^|\/)(?:train|test)\/(?:AD|NC)\/\d+_\d+\.jpe?g$/i },
] as const;

/** Sees from the names in a folder how it is laid out; throws `LAYOUT_UNKNOWN` if there is nothing to read in it. */
export async function recogniseFolder(root: string): Promise<RecognisedFolder> {
  const all = await walkFiles(root);
  for (const { adapter, expression } of landmarks) {
    const files = all.filter((path) => expression.test(path) && formatNamed(path) !== undefined);
    if (files.length > 0) return { adapter, options: {}, files, unsure: false, notes: [] };
  }
  const images = all.filter((path) => formatNamed(path) !== undefined);
  if (images.length === 0) throw await nothingToRead(root, all);
  return readNames(root, images);
}

async function readNames(root: string, images: readonly string[]): Promise<RecognisedFolder> {
  const { slices, masks } = partMasks(images);
  const deep = atOneDepth(slices);
  const volumes = await holdVolumes(root, deep);
  const { pattern, splits, unsure, notes } = inferPattern(deep, { volumes });
  const names = folderNames(splits);
  const match = pathMatcher(pattern, names);
  const files = deep.filter((path) => match(path) !== undefined);
  const context = { pattern, splits: names, slices: files };
  const paired = masks.length === 0 ? undefined : maskPattern(masks, context);
  const usable = paired === undefined ? false : await areLabels(root, masks, paired, names);
  const left = usable ? masks.filter((path) => pathMatcher(paired!, names)(path) === undefined) : masks;
  const ignore = ignorePatterns(left, context);
  return {
    adapter: "folder",
    options: {
      pattern,
      ...(splits === undefined ? {} : { splits }),
      ...(usable ? { masks: { pattern: paired } } : {}),
      ...(ignore.length === 0 ? {} : { ignore }),
    },
    files,
    unsure,
    notes: [
      ...notes,
      ...(masks.length === 0 ? [] : [aboutMasks(masks, usable ? paired : undefined)]),
      ...countNote(
        slices.length - deep.length,
        "images lie at another depth than the others and are left out",
      ),
      ...countNote(
        deep.length - files.length,
        "images do not fit the pattern, or are of another contrast, and are left out",
      ),
    ],
  };
}

function aboutMasks(masks: readonly string[], pattern: string | undefined): string {
  const named =
    masks.length === 1
      ? `1 file is a mask by its name (${masks[0]})`
      : `${masks.length} files are masks by their names (${masks[0]})`;
  return pattern === undefined
    ? `${named} and are left out; options.masks takes a pattern for them`
    : `${named}: errors are measured label by label in them (options.masks), and no model is trained on them`;
}

function countNote(count: number, text: string): string[] {
  return count === 0 ? [] : [`${count} ${text}`];
}

/** The names of the folders of each split, with those that the adapter knows. */
function folderNames(splits: InferredPattern["splits"]): SplitNames {
  return folder.schema.parse({ pattern: "{subject}", ...(splits === undefined ? {} : { splits }) }).splits;
}

/** Masks looked at before they are offered, and the most labels that they may have. */
const MASKS_READ = 8;

/** Whether some masks hold few whole numbers from 0, as labels are; volumes are looked at in their middle. */
async function areLabels(
  root: string,
  masks: readonly string[],
  pattern: string,
  splits: SplitNames,
): Promise<boolean> {
  const match = pathMatcher(pattern, splits);
  const some = someOf(
    masks.filter((path) => match(path) !== undefined),
    MASKS_READ,
  );
  const { values } = await sampleFiles(root, some).catch(() => ({ values: [MANY_VALUES] }));
  return values.every((count) => count < MANY_VALUES);
}

/** The files at the depth where most are. */
function atOneDepth(paths: readonly string[]): string[] {
  const byDepth = new Map<number, string[]>();
  for (const path of paths) {
    const depth = path.split("/").length;
    byDepth.set(depth, [...(byDepth.get(depth) ?? [])]);
    byDepth.get(depth)!.push(path);
  }
  return [...byDepth.values()].sort((a, b) => b.length - a.length)[0]!;
}

async function nothingToRead(root: string, files: readonly string[]): Promise<SlicebookError> {
  const dicom = await Promise.all(files.slice(0, 20).map((path) => isDicom(join(root, path))));
  if (dicom.some(Boolean)) {
    return new SlicebookError("LAYOUT_UNKNOWN", `${root} holds DICOM files, which are not read here`, {
      remedy: "Convert them to NIfTI first, for example with dcm2niix, and give the folder of the results.",
    });
  }
  const names = FORMATS.map(({ name }) => name);
  const contents =
    files.length === 0
      ? "no files"
      : files.length === 1
        ? `one file, ${files[0]}`
        : `${files.length} files, such as ${files[0]}`;
  return new SlicebookError("LAYOUT_UNKNOWN", `there are no slices in ${root}: it holds ${contents}`, {
    remedy: `Give a folder with ${names.slice(0, -1).join(", ")} or ${names.at(-1)} images.`,
  });
}

async function isDicom(path: string): Promise<boolean> {
  if (/\.(?:dcm|ima)$/i.test(path)) return true;
  try {
    return readRegularFileStart(path, 132).toString("latin1", 128) === "DICM";
  } catch {
    return false;
  }
}
