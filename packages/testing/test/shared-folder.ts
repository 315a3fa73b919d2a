import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder that all files of tests share; what one makes in it, others find. */
    readonly sharedFolder: string;
  }
}

/** Makes the folder before all tests, and takes it away after. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "slicebook-shared-"));
  project.provide("sharedFolder", folder);
  return () => rm(folder, { recursive: true });
}
