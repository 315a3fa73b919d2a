import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";

export interface Place {
  /** A file's path in the folder. */
  at(...parts: string[]): string;
  write(name: string, text: string): Promise<string>;
}

/** A folder of its own for a test file, deleted afterwards. */
export function temporaryFolder(): Place {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "slicebook-runs-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    at: (...parts) => join(folder, ...parts),
    async write(name, text) {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
  };
}
