import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { readRegularFileStart } from "@slicebook/base/node";
import { inferPattern } from "./infer-pattern.ts";
import { walkFiles } from "./walk-files.ts";

/** How a folder is to be read: part of the `dataset` section. */
export interface RecognisedFolder {
  readonly adapter: "hipmri" | "oasis" | "adni" | "folder";
  readonly options: Readonly<Record<string, unknown>>;
  /** The files that are slices, from the root, with slashes. */
  readonly files: readonly string[];
  /** What a person should check. */
  readonly notes: readonly string[];
}

/** The split folders of the known layouts. */
const landmarks = [
  { adapter: "hipmri", place: /(?:^|\/)keras_slices_(?:train|validate|test)\// },
  { adapter: "oasis", place: /(?:^|\/)keras_png_slices_(?:train|validate|test)\// },
  { adapter: "adni", place: /(?:^|\/)(?:train|test)\/(?:AD|NC)\/\d+_\d+\.jpe?g$/i },
] as const;

const image = /\.(?:nii|nii\.gz|hdr|hdr\.gz|png|jpe?g|tiff?|webp)$/i;

/** Sees from the names in a folder how it is laid out; throws `LAYOUT_UNKNOWN` if there is nothing to read in it. */
export async function recogniseFolder(root: string): Promise<RecognisedFolder> {
  const all = await walkFiles(root);
  for (const { adapter, place } of landmarks) {
    const files = all.filter((path) => place.test(path) && image.test(path));
    if (files.length > 0) return { adapter, options: {}, files, notes: [] };
  }
  const images = all.filter((path) => image.test(path));
  if (images.length === 0) throw await nothingToRead(root, all);

  const files = atOneDepth(images);
  const { pattern, splits, notes } = inferPattern(files);
  const left = images.length - files.length;
  return {
    adapter: "folder",
    options: { pattern, ...(splits === undefined ? {} : { splits }) },
    files,
    notes: [
      ...notes,
      ...(left === 0 ? [] : [`${left} images lie at another depth than the others and are left out`]),
    ],
  };
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
  const found = files.length === 0 ? "no files" : `${files.length} files, such as ${files[0]}`;
  return new SlicebookError("LAYOUT_UNKNOWN", `there are no slices in ${root}: it holds ${found}`, {
    remedy: "Give a folder with NIfTI, PNG, JPEG, TIFF or WebP images.",
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
