import { realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
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
  const { config, info, metrics, prior, evaluation, codes, samples, reconstructions, progression } =
    runPaths(folder);
  return [
    config,
    info,
    metrics,
    prior.metrics,
    prior.evaluation,
    evaluation,
    ...Object.values(codes),
    samples,
    join(samples, "codes.safetensors"),
    join(samples, "novelty.json"),
    reconstructions,
    join(reconstructions, "test-pairs.json"),
    progression,
  ];
}
