import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "./make-folder.ts";

const TEMPORARY = ".slicebook-tmp";

/** A file that is being written beside its place, and is there only once it is committed. */
export interface AtomicFile {
  /** Appends to what was written; one call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes the file to disk and renames it to its place. */
  commit(): Promise<void>;
  /** Removes what was written; does nothing after `commit`. */
  discard(): Promise<void>;
}

/**
 * Starts a file that is written whole or not at all, for content that does not fit in memory.
 *
 * Missing folders are made. What is neither committed nor discarded stays behind as a hidden temporary file.
 */
export async function openFileAtomic(path: string): Promise<AtomicFile> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}${TEMPORARY}`);
  const file = await open(temporary, "wx");
  let finished = false;

  async function discard(): Promise<void> {
    if (finished) return;
    finished = true;
    await file.close();
    await rm(temporary, { force: true });
  }

  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
    },
    async commit() {
      try {
        await file.sync();
        await file.close();
        await rename(temporary, path);
        finished = true;
      } catch (error) {
        await discard();
        throw error;
      }
    },
    discard,
  };
}

/**
 * Writes a file whole or not at all: beside its place, flushed to disk, then renamed over it.
 *
 * Missing folders are made. A crash leaves the old file (or none), and at most a hidden temporary one beside it.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const file = await openFileAtomic(path);
  try {
    await file.write(typeof content === "string" ? Buffer.from(content) : content);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/**
 * Removes what writers that were killed have left in a folder and the folders below it.
 *
 * Only for a folder that nobody else writes to at the time.
 */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) {
    if (entry.endsWith(TEMPORARY)) await rm(join(folder, entry), { force: true });
  }
}
