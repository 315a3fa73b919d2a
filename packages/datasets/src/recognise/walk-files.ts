import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";

/** Files looked at, at most: enough to see how a folder is laid out. */
const MOST_FILES = 200_000;
const DEEPEST = 8;

/**
 * The files below a folder as paths from it, with slashes; hidden ones are left out. Links are followed, but for those
 * to a folder around them.
 */
export async function walkFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  let level: Folder[] = [{ path: "", around: [] }];
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
    const below: Folder[] = [];
    for (const { path: folder, around } of level) {
      const folderPath = join(root, folder);
      const entries = await readdir(folderPath, { withFileTypes: true }).catch((error) => {
        throw unreadable(folderPath, error);
      });
      const real = await realpath(folderPath);
      if (around.includes(real)) continue;
      for (const entry of entries) {
        if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        const what = entry.isSymbolicLink() ? await stat(join(root, path)).catch(() => undefined) : entry;
        if (what?.isDirectory()) below.push({ path, around: [...around, real] });
        else if (what?.isFile()) files.push(path);
        if (files.length >= MOST_FILES) return files;
      }
    }
    level = below;
  }
  return files;
}

interface Folder {
  readonly path: string;
  /** The real paths of the folders that it lies in. */
  readonly around: readonly string[];
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
