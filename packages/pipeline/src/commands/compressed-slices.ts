import { SlicebookError } from "@slicebook/base";
import { readRegularFile } from "@slicebook/base/node";
import { type CompressedFile, type OpenedFiles, openCompressed } from "@slicebook/core";
import { exists } from "@slicebook/runs";
import { codeTables, modelHashes, openPriorCoder, type Session } from "@slicebook/session";

/** Sizes in bytes, over all files. */
export interface CompressedSizes {
  readonly bytes: number;
  /** Of the files that were compressed; absent when they are restored. */
  readonly originalBytes?: number;
  /** Of the slices as the model has them. */
  readonly bitsPerPixel: number;
}

/**
 * Opens compressed files of the run's model, of archives the slices named by `only` unless that is undefined.
 *
 * Throws as `openCompressed` does, and `ARGUMENT_INVALID` for names that no archive has.
 */
export async function openCompressedFiles(
  session: Session,
  files: readonly string[],
  only: readonly string[] | undefined,
): Promise<OpenedFiles> {
  const { paths, model } = session;
  const opened = await openCompressed(
    contentsOf(files),
    {
      names: { run: paths.folder, tables: paths.codes.train, prior: paths.prior.best },
      model: { size: model.size, levels: model.levels, hashes: await modelHashes(session) },
      tables: () => codeTables(session),
      prior: () => openPriorCoder(session),
    },
    { only },
  );
  const lacking = only?.find((name) => !opened.slices.some((slice) => slice.name === name));
  if (lacking !== undefined) {
    throw new SlicebookError(
      "ARGUMENT_INVALID",
      `--only ${lacking}: no archive among ${files.join(", ")} has it`,
      {
        remedy: "List the slices of an archive with --list.",
      },
    );
  }
  return opened;
}

/** The most bytes of a compressed file. */
const LARGEST_COMPRESSED = 2 ** 30;

/** The contents of compressed files, each read when it is its turn. */
export function* contentsOf(files: readonly string[]): Generator<CompressedFile> {
  for (const file of files) yield { file, content: contentOf(file) };
}

function contentOf(file: string): Buffer {
  try {
    return readRegularFile(file, { most: LARGEST_COMPRESSED });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SlicebookError("SLBK_INVALID", `${file} cannot be read: ${why}`, {
      remedy: "Give files that `slicebook compress` wrote.",
      cause,
    });
  }
}

export async function checkFree(paths: readonly string[], force: boolean): Promise<void> {
  if (force) return;
  for (const path of paths) {
    if (!(await exists(path))) continue;
    throw new SlicebookError("FILE_EXISTS", `${path} already exists`, {
      remedy: "Name another folder with --out, or add --force to overwrite it.",
    });
  }
}
