import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";

/** Files looked at, at most: enough to see how a folder is laid out. */
const MOST_FILES = 200_000;
const DEEPEST = 8;

/** The files below a folder as paths from it, with slashes; hidden ones are left out. */
export async function walkFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  let level = [""];
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
    const below: string[] = [];
    for (const folder of level) {
      const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error) => {
        throw unreadable(join(root, folder), error);
      });
      for (const entry of entries) {
        if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) below.push(path);
        else files.push(path);
        if (files.length >= MOST_FILES) return files;
      }
    }
    level = below;
  }
  return files;
}

function unreadable(folder: string, error: NodeJS.ErrnoException): SlicebookError {
  const why: Readonly<Record<string, string>> = { ENOENT: "does not exist", ENOTDIR: "is not a folder" };
  return new SlicebookError(
    "DATASET_ROOT",
    `the folder ${folder} ${why[error.code ?? ""] ?? error.message}`,
    {
      remedy: "Give the folder that your slices are in.",
      cause: error,
    },
  );
}
