import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const TEMPORARY = ".slicebook-tmp";

/**
 * Writes a file whole or not at all: beside its place, flushed to disk, then renamed over it.
 *
 * Missing folders are made. A crash leaves the old file (or none), and at most a hidden temporary one beside it.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}${TEMPORARY}`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
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
