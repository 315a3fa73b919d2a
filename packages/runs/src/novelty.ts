import { join } from "node:path";
import { readJsonIfThere } from "./files.ts";
import { type Novelty, noveltySchema } from "./novelty-schema.ts";
import type { RunPaths } from "./run-paths.ts";

export function noveltyFile({ samples }: RunPaths): string {
  return join(samples, "novelty.json");
}

/** What was measured of a run's samples; undefined where there are none, or only completions. */
export async function readNovelty(paths: RunPaths): Promise<Novelty | undefined> {
  return readJsonIfThere(noveltyFile(paths), noveltySchema);
}
