import { realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import { runPaths } from "@slicebook/runs";

/**
 * The file of a run, of those that answers are made from, of which a symbolic link leads out of the run's folder, as a
 * path from there; undefined if none does.
 */
export async function linkedOut(folder: string): Promise<string | undefined> {
  const root = await realpath(folder);
  for (const path of readFiles(folder)) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined && !real.startsWith(root + sep)) return relative(folder, path);
  }
  return undefined;
}

function readFiles(folder: string): string[] {
  const paths = runPaths(folder);
  return [
    paths.config,
    paths.info,
    paths.metrics,
    paths.prior.metrics,
    paths.prior.evaluation,
    paths.evaluation,
    ...Object.values(paths.codes),
    paths.samples,
    paths.sampleCodes,
    paths.novelty,
    paths.reconstructions,
    paths.pairs.slices,
    paths.progression,
  ];
}
