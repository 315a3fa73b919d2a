import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { SlicebookError } from "@slicebook/base";
import {
  frameFile,
  frameSteps,
  listRuns,
  originalsFile,
  type RunPaths,
  type RunSummary,
  readEqualBytes,
  readPairs,
  readRun,
  runPaths,
  withoutPlaces,
} from "@slicebook/runs";
import { parse } from "yaml";
import type {
  EqualBytesPictures,
  Film,
  Pairs,
  RunAnswer,
  RunEntry,
  RunFiles,
  RunsAnswer,
} from "../shared/answers.ts";
import { isPlainName } from "./files.ts";
import { linkedOut } from "./linked-out.ts";

/** The folder that a viewer shows: of runs, or of one run. */
export interface RunsFolder {
  /** The folder that the runs lie in. */
  readonly root: string;
  /** The one run to show, by its folder's name; undefined for all. */
  readonly only: string | undefined;
}

/** The runs in a folder, or the one run that it is; throws `RUN_NOT_FOUND` if it does not exist. */
export async function openRunsFolder(folder: string): Promise<RunsFolder> {
  const path = resolve(folder);
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory()) {
    throw new SlicebookError(
      "RUN_NOT_FOUND",
      `${folder}: ${stats ? "it is not a folder" : "there is no such folder"}`,
      {
        remedy: "Start a run with `slicebook run CONFIG`, or name the folder that your runs are in.",
      },
    );
  }
  const isRun = await exists(runPaths(path).info);
  return isRun ? { root: dirname(path), only: basename(path) } : { root: path, only: undefined };
}

export async function runsAnswer({ root, only }: RunsFolder, live: boolean): Promise<RunsAnswer> {
  const { runs, damaged } = await listRuns(root, only);
  const checked = await Promise.all(
    [...runs, ...damaged].map(async (run) => ({ run, linked: await linkedOut(run.folder) })),
  );
  const whole = new Set(checked.filter(({ linked }) => linked === undefined).map(({ run }) => run.folder));
  return {
    live,
    runs: runs.filter(({ folder }) => whole.has(folder)).map(entryOf),
    damaged: [
      ...damaged.filter(({ folder }) => whole.has(folder)),
      ...checked.flatMap(({ run: { folder }, linked }) =>
        linked === undefined
          ? []
          : [{ folder, reason: `${linked} is a link that leads out of the run's folder` }],
      ),
    ].map(({ folder, reason }) => ({ folder: basename(folder), reason })),
  };
}

/** The folder of a run; undefined if there is no such run. */
export async function runFolder({ root, only }: RunsFolder, id: string): Promise<string | undefined> {
  if (!isPlainName(id) || (only !== undefined && id !== only)) return undefined;
  const folder = join(root, id);
  if (!(await exists(runPaths(folder).info))) return undefined;
  return (await linkedOut(folder)) === undefined ? folder : undefined;
}

export async function runAnswer(folder: string): Promise<RunAnswer> {
  const { summary, info, config: written, evaluation, metrics } = await readRun(folder);
  const configText = withoutPlaces(written.text, runPaths(folder).config);
  const config: unknown = parse(configText);
  const { root: _, ...data } = info.data;
  return {
    entry: entryOf(summary),
    // Whoever sees the page need not know where the data lie on this machine.
    info: { ...info, data },
    configText,
    config,
    evaluation: evaluation === undefined ? null : withoutRoot(evaluation),
    metrics,
    files: await runFiles(folder),
  };
}

function entryOf({ folder, ...summary }: RunSummary): RunEntry {
  return { id: basename(folder), ...summary };
}

function withoutRoot<T extends { readonly dataset: { readonly root?: string | undefined } }>(
  evaluation: T,
): T {
  const { root: _, ...dataset } = evaluation.dataset;
  return { ...evaluation, dataset };
}

async function runFiles(folder: string): Promise<RunFiles> {
  const paths = runPaths(folder);
  const first = async (...candidates: string[]): Promise<string | null> => {
    for (const path of candidates) if (await exists(path)) return fromRun(folder, path);
    return null;
  };
  return {
    model: await first(paths.best, paths.last),
    preprocessing: await first(paths.preprocessing),
    prior: await first(paths.prior.best),
    codes: await first(paths.codes.test),
    grain: await first(paths.grain),
    covariates: await first(paths.covariates),
    film: await filmOf(paths),
    pairs: readOrNull(() => pairsOf(paths)),
    equalBytes: readOrNull(() => equalBytesOf(paths)),
    samples: await first(paths.sampleCodes),
    report: await first(paths.report),
  };
}

/** The path of a file from its run's folder, as in an address. */
export function fromRun(folder: string, path: string): string {
  return relative(folder, path).replaceAll("\\", "/");
}

async function filmOf({ folder, progression }: RunPaths): Promise<Film | null> {
  const [originals, steps] = [originalsFile(progression), await frameSteps(progression)];
  if (steps.length === 0 || !(await exists(originals))) return null;
  return {
    originals: fromRun(folder, originals),
    frames: steps.map((step) => ({ step, path: fromRun(folder, frameFile(progression, step)) })),
  };
}

function pairsOf({ folder, pairs }: RunPaths): Pairs | undefined {
  const slices = readPairs(pairs);
  return (
    slices && {
      originals: fromRun(folder, pairs.originals),
      reconstructions: fromRun(folder, pairs.reconstructions),
      slices,
    }
  );
}

function equalBytesOf({ folder, equalBytes }: RunPaths): EqualBytesPictures | undefined {
  const comparison = readEqualBytes(equalBytes);
  return (
    comparison && {
      originals: fromRun(folder, equalBytes.originals),
      coding: comparison.coding,
      slices: comparison.slices,
      ways: comparison.ways.map((way) => ({
        ...way,
        picture: fromRun(folder, equalBytes.picture(way.name)),
      })),
    }
  );
}

/** Pictures whose description is damaged are not shown; the rest of the run is. */
function readOrNull<T>(read: () => T | undefined): T | null {
  try {
    return read() ?? null;
  } catch {
    return null;
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
