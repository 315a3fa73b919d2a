import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, parse } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { sortNaturally } from "../natural-order.ts";
import { SPLITS, type Split } from "../types.ts";

/** How far below the root a split folder may be. */
const FOLDER_DEPTH = 2;
/** How far below a split folder a slice may be: case folders, nested archives, `x.nii/x.nii`. */
const FILE_DEPTH = 4;

/** How {@link findSplitFolders} looks for folders. */
export interface FindSplitFoldersOptions {
  readonly adapter: string;
  /** The name of each split's folder; a layout may lack a split. */
  readonly names: Partial<Record<Split, string>>;
  /** Folders that one of the found ones must hold to count, such as those of the classes. */
  readonly holding?: readonly string[];
}

/** The root of a data set that is read from files; throws `DATASET_ROOT` if none is given, saying which it is. */
export function givenRoot(
  root: string | undefined,
  { adapter, which }: { readonly adapter: string; readonly which: string },
): string {
  if (root !== undefined) return existingForm(root);
  throw new SlicebookError(
    "DATASET_ROOT",
    `the data set "${adapter}" is read from files, and dataset.root is not set`,
    { remedy: `Set dataset.root to the folder ${which}.` },
  );
}

/** A path as it is on disk, where accented letters may be composed or not, however the path was typed. */
function existingForm(path: string): string {
  if (existsSync(path)) return path;
  let existing = isAbsolute(path) ? parse(path).root : "";
  for (const part of path.slice(existing.length).split(/[\\/]+/)) {
    const forms = [part, part.normalize("NFC"), part.normalize("NFD")];
    const form = forms.find((one) => existsSync(join(existing, one)));
    if (form === undefined) return path;
    existing = join(existing, form);
  }
  return existing;
}

/**
 * Finds the folders of the splits, at most two levels below `root`; the ones nearest to the root count.
 *
 * Throws `DATASET_ROOT` if there is no such root, `DATASET_EMPTY` if none of the folders is there, and
 * `DATASET_AMBIGUOUS` if a split has two at the same depth.
 */
export async function findSplitFolders(
  root: string | undefined,
  { adapter, names, holding = [] }: FindSplitFoldersOptions,
): Promise<Partial<Record<Split, string>>> {
  const wanted = SPLITS.flatMap((split) => names[split] ?? []);
  const layout = `${wanted.join(", ")}${holding.length > 0 ? ` (each with ${holding.join(" and ")})` : ""}`;
  const top = givenRoot(root, { adapter, which: `that holds ${layout}` });
  const pathsByName = new Map<string, string[]>();
  let level = [top];
  const seen: string[] = [];
  for (let depth = 1; depth <= FOLDER_DEPTH; depth++) {
    const below: string[] = [];
    for (const folder of level) {
      const entries = await entriesOf(folder, folder === top ? adapter : undefined);
      for (const entry of sortNaturally(entries, ({ name }) => name)) {
        if (depth === 1) seen.push(entry.folder ? `${entry.name}/` : entry.name);
        if (!entry.folder) continue;
        const path = join(folder, entry.name);
        below.push(path);
        if (wanted.includes(entry.name) && (await holds(path, holding))) {
          pathsByName.set(entry.name, [...(pathsByName.get(entry.name) ?? []), path]);
        }
      }
    }
    if (pathsByName.size > 0) break;
    level = below;
  }
  if (pathsByName.size === 0) {
    const there = seen.length === 0 ? "it is empty" : `it holds ${listed(seen)}`;
    throw new SlicebookError(
      "DATASET_EMPTY",
      `no ${adapter} slices in ${top}: none of the folders ${layout} is in it or one level below; ${there}`,
      { remedy: "Set dataset.root to a folder from which these folders are at most two levels down." },
    );
  }
  const folders: Partial<Record<Split, string>> = {};
  for (const split of SPLITS) {
    const paths = pathsByName.get(names[split] ?? "") ?? [];
    if (paths.length > 1) {
      throw new SlicebookError(
        "DATASET_AMBIGUOUS",
        `the ${split} split is there ${paths.length} times: ${listed(paths)}`,
        {
          remedy: "Set dataset.root to the folder that holds the one you mean.",
        },
      );
    }
    if (paths[0] !== undefined) folders[split] = paths[0];
  }
  return folders;
}

/**
 * Every file up to `depth` folders below one, in numeric order, without hidden ones (`.DS_Store`,
 * `._case_004…`).
 */
export async function listFiles(folder: string, depth = FILE_DEPTH): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (current: string, below: number) => {
    for (const entry of await entriesOf(current)) {
      const path = join(current, entry.name);
      if (!entry.folder) paths.push(path);
      else if (below > 0) await walk(path, below - 1);
    }
  };
  await walk(folder, depth);
  return sortNaturally(paths, (path) => path.normalize());
}

/** Every file that {@link listFiles} finds in a folder that may not be there, in no order. */
export async function listFilesIfAny(folder: string): Promise<string[]> {
  const isFolder = await stat(folder).then(
    (info) => info.isDirectory(),
    () => false,
  );
  return isFolder ? listFiles(folder) : [];
}

/** A few of many names, for messages. */
export function listed(names: readonly string[], most = 10): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(", ")} and ${rest} more` : names.join(", ");
}

interface Entry {
  readonly name: string;
  readonly folder: boolean;
}

async function entriesOf(folder: string, rootOf?: string): Promise<Entry[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === "ENOENT"
        ? "does not exist"
        : error.code === "ENOTDIR"
          ? "is not a folder"
          : error.message;
    throw new SlicebookError("DATASET_ROOT", `the folder ${folder} ${why}`, {
      remedy:
        rootOf === undefined
          ? "Check the folder."
          : `Set dataset.root to the folder of the ${rootOf} slices.`,
      cause: error,
    });
  });
  const visible = entries.filter((entry) => !entry.name.startsWith(".") && entry.name !== "__MACOSX");
  const listed = await Promise.all(
    visible.map(async (entry): Promise<Entry> => {
      const folderLike = entry.isSymbolicLink()
        ? await stat(join(folder, entry.name)).then(
            (info) => info.isDirectory(),
            () => false,
          )
        : entry.isDirectory();
      return { name: entry.name, folder: folderLike };
    }),
  );
  return listed;
}

async function holds(folder: string, names: readonly string[]): Promise<boolean> {
  if (names.length === 0) return true;
  const inside = await entriesOf(folder);
  return inside.some((entry) => entry.folder && names.includes(entry.name));
}
