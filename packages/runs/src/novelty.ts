import { readJsonIfThere } from "./files.ts";
import { type Novelty, noveltySchema } from "./novelty-schema.ts";
import type { RunPaths } from "./run-paths.ts";

/** What was measured of a run's samples; undefined where there are none, or only completions. */
export async function readNovelty({ novelty }: RunPaths): Promise<Novelty | undefined> {
  return readJsonIfThere(novelty, noveltySchema);
}
