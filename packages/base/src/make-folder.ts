import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing; does nothing where it is there.
 *
 * Throws the file system's error where none can be made; Node's own `recursive` tries for ever in `/proc`.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Only the first is tried once more, so that this ends.
    if (code === "ENOENT" && dirname(path) !== path) {
      await makeFolder(dirname(path));
      await mkdir(path).catch(ignoreFolder(path));
      return;
    }
    await ignoreFolder(path)(error);
  }
}

/** Lets pass that a folder is there already, however the system says so. */
function ignoreFolder(path: string): (error: unknown) => Promise<void> {
  return async (error) => {
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isDirectory()) throw error;
  };
}
