import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { interruptedError, isSlicebookError, SlicebookError, shellQuote } from "@slicebook/base";
import { blamedOnPlugin, makeFolder, removeTemporaries } from "@slicebook/base/node";
import { loadConfig, parseOverride, type ResolvedConfig } from "@slicebook/config";
import { listCompressed } from "@slicebook/core";
import { writePhantom } from "@slicebook/datasets/node";
import {
  type Evaluation,
  eachSliceFigure,
  exists,
  lockRun,
  runFigures,
  type SliceFigures,
  withPrior,
} from "@slicebook/runs";
import { stages } from "@slicebook/runs/stages";
import {
  checkSameConfig,
  type ExecuteOptions,
  loadRunConfig,
  openSession,
  reportProgress,
  type Session,
  type SessionOptions,
  writeConfig,
} from "@slicebook/session";
import { completeSlice } from "../commands/complete.ts";
import { compressFiles } from "../commands/compress.ts";
import { type CompressedSizes, contentsOf } from "../commands/compressed-slices.ts";
import { decompressFiles } from "../commands/decompress.ts";
import { evaluateElsewhere } from "../commands/evaluate-elsewhere.ts";
import { exportModel } from "../commands/export-model.ts";
import { inspectConfig } from "../commands/inspect.ts";
import { reconstructFiles } from "../commands/reconstruct.ts";
import {
  changeableSections,
  checkFirstStage,
  prepareStages,
  runStages,
  type StageResult,
} from "../stages/run-stages.ts";
import type { Request, Result } from "./requests.ts";

/**
 * Carries out a request in this thread.
 *
 * Throws `SlicebookError`s for what the user can fix; after the signal, `INTERRUPTED`, with what there is
 * saved.
 */
export async function execute(request: Request, options: ExecuteOptions = {}): Promise<Result> {
  try {
    return await carriedOut(request, options);
  } catch (error) {
    if (options.signal?.aborted && !isSlicebookError(error)) throw interruptedError();
    throw blamedOnPlugin(error);
  }
}

async function carriedOut(request: Request, options: ExecuteOptions): Promise<Result> {
  switch (request.kind) {
    case "run":
      return runConfig(request, options);
    case "stages":
      return runOnFolder(request, options);
    case "reconstruct":
      return reconstruct(request, options);
    case "complete":
      return complete(request, options);
    case "compress":
      return compress(request, options);
    case "decompress":
      return decompress(request, options);
    case "export":
      return exported(request, options);
    case "inspect":
      return { stages: [], figures: {}, next: "", ...(await inspectConfig(request, options)) };
    case "phantom":
      return phantom(request, options);
  }
}

type RequestOf<Kind extends Request["kind"]> = Extract<Request, { readonly kind: Kind }>;

async function runConfig(request: RequestOf<"run">, options: ExecuteOptions): Promise<Result> {
  const config = await loadConfig(request.config, request.overrides);
  const folder = join(config.run.root, config.run.name);
  if (request.dryRun) return dryRun(config, request, options);
  return inSession(config, folder, options, async (session) => {
    const { paths } = session;
    if (await exists(paths.config)) {
      checkSameConfig(folder, await loadRunConfig(folder, []), config);
      await session.checkUnchanged();
    } else {
      await checkFree(folder, "run folder");
      await prepareStages(session, request.stages);
    }
    return locked(folder, async () => {
      await writeConfig(paths, config);
      await session.update((record) => record);
      return summary(session, await runStages(session, request.stages, request));
    });
  });
}

/** Takes one step of every stage on a few slices, in a folder that is deleted at the end. */
async function dryRun(
  config: ResolvedConfig,
  { config: file, stages: wanted }: RequestOf<"run">,
  options: ExecuteOptions,
): Promise<Result> {
  const root = await mkdtemp(join(tmpdir(), "slicebook-dry-run-"));
  try {
    const folder = join(root, config.run.name);
    const once = { minutes: null, epochs: null, steps: 1 };
    const short: ResolvedConfig = {
      ...config,
      // Codes from the first step on, as after the warm-up.
      model: { ...config.model, warmupSteps: 0 },
      train: { ...config.train, ...once },
      prior: { ...config.prior, ...once, augment: { ...config.prior.augment, copies: 0 } },
      sample: { ...config.sample, count: 1 },
      run: { ...config.run, root },
    };
    const few = Math.max(config.train.batch, ...[config.prior.batch].flat());
    return await inSession(short, folder, { ...options, few }, async (session) => {
      await prepareStages(session, wanted);
      await writeConfig(session.paths, short);
      await session.update((record) => record);
      const results = await runStages(session, wanted, { resume: false });
      return {
        stages: results,
        figures: {},
        files: [],
        next: `slicebook run ${shellQuote(file)}`,
        dryRun: true,
      };
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function runOnFolder(request: RequestOf<"stages">, options: ExecuteOptions): Promise<Result> {
  const { run: folder, overrides } = request;
  const elsewhere = overrides.some((text) => parseOverride(text).path[0] === "dataset");
  if (elsewhere) {
    if (request.stages.join() !== "evaluate") {
      throw new SlicebookError(
        "ARGUMENT_INVALID",
        `dataset.* is given for ${request.stages.join(", ")}: only evaluate takes other data`,
        { remedy: "Start another run with `slicebook run CONFIG run.name=NAME dataset.…`." },
      );
    }
    checkSections(folder, overrides, ["dataset", "engine"]);
    return inSession(await loadRunConfig(folder, []), folder, options, (session) =>
      locked(folder, async () => {
        const start = performance.now();
        const evaluation = await evaluateElsewhere(session, overrides);
        const seconds = (performance.now() - start) / 1000;
        const result = await summary(session, [{ stage: "evaluate", state: "done", seconds }]);
        return {
          ...withoutFigures(result),
          ...withBaselines(evaluation),
          figures: runFigures({
            evaluation: withPrior(evaluation, undefined),
            prior: undefined,
            novelty: undefined,
          }),
        };
      }),
    );
  }
  checkSections(folder, overrides, changeableSections);
  const config = await loadRunConfig(folder, overrides);
  const { newSubjects } = request;
  return inSession(config, folder, { ...options, newSubjects }, (session) =>
    locked(folder, async () => {
      if (overrides.length > 0) {
        await checkFirstStage(session, request.stages);
        await writeConfig(session.paths, config);
      }
      return summary(session, await runStages(session, request.stages, request));
    }),
  );
}

async function reconstruct(request: RequestOf<"reconstruct">, options: ExecuteOptions): Promise<Result> {
  const { run: folder, files, out } = request;
  if (files.length === 0) {
    throw new SlicebookError("ARGUMENT_INVALID", "no files to reconstruct are given", {
      remedy: "Name slices (NIfTI, PNG, JPEG) after the run folder.",
    });
  }
  return inSession(await loadRunConfig(folder, []), folder, options, async (session) => {
    const target = out ?? join(session.paths.reconstructions, "files");
    const figures = await reconstructFiles(session, files, target);
    return { ...withoutFigures(await summary(session, [])), figures: means(figures) };
  });
}

/** Candidates unless given: two completions fill the sampler's lanes. */
const CANDIDATES = 8;

async function complete(request: RequestOf<"complete">, options: ExecuteOptions): Promise<Result> {
  const { run: folder, file, keep, overrides, candidates = CANDIDATES, out } = request;
  checkSections(folder, overrides, ["sample", "engine"]);
  return inSession(await loadRunConfig(folder, overrides), folder, options, async (session) => {
    const figures = await completeSlice(session, { file, keep, candidates, out });
    return { ...withoutFigures(await summary(session, [])), figures: { ...figures } };
  });
}

async function compress(request: RequestOf<"compress">, options: ExecuteOptions): Promise<Result> {
  const { run: folder, files, out, force, coding, archive, lambda } = request;
  return inSession(await loadRunConfig(folder, []), folder, options, async (session) => {
    const target = out ?? session.paths.compressed;
    const figures = await compressFiles(session, files, { out: target, force, coding, archive, lambda });
    const [first] = session.files;
    return {
      ...filesOf(session, figures),
      next: `slicebook decompress ${shellQuote(fromHere(first!))} --model ${shellQuote(folder)}`,
    };
  });
}

async function decompress(request: RequestOf<"decompress">, options: ExecuteOptions): Promise<Result> {
  const { run: folder, files, out, force, only, list = false } = request;
  return inSession(await loadRunConfig(folder, []), folder, options, async (session) => {
    if (list) {
      const slices = [...contentsOf(files)].flatMap(listCompressed);
      const bytes = slices.reduce((sum, slice) => sum + slice.bytes, 0);
      return { run: folder, stages: [], figures: { bytes }, files: [], next: "", slices };
    }
    const target = out ?? session.paths.decompressed;
    const figures = await decompressFiles(session, files, { out: target, force, only });
    return { ...filesOf(session, figures), next: "" };
  });
}

function filesOf(
  { paths, files }: Session,
  { originalBytes, bytes, bitsPerPixel }: CompressedSizes,
): Omit<Result, "next"> {
  return {
    run: paths.folder,
    stages: [],
    figures: { ...(originalBytes === undefined ? {} : { originalBytes }), bytes, bitsPerPixel },
    files: files.map(fromHere),
  };
}

async function exported(
  { run: folder, out, half }: RequestOf<"export">,
  options: ExecuteOptions,
): Promise<Result> {
  return inSession(await loadRunConfig(folder, []), folder, options, async (session) => {
    await exportModel(session, { out: out ?? session.paths.exported, half });
    return { run: folder, stages: [], figures: {}, files: session.files.map(fromHere), next: "" };
  });
}

async function phantom(request: RequestOf<"phantom">, options: ExecuteOptions): Promise<Result> {
  const { layout, out, seed, subjects, slicesPerSubject: slices, size, covariates } = request;
  await checkFree(out, "folder for phantoms");
  const { onEvent = () => {}, signal } = options;
  const progress = reportProgress(onEvent, "phantom", "slices");
  const written = await writePhantom({
    layout,
    folder: out,
    seed,
    subjects,
    slices,
    size,
    covariates,
    onProgress: ({ done, total }) => progress(done, total),
    signal,
  });
  onEvent({ type: "file", path: out, what: `phantoms as ${layout}` });
  return { stages: [], figures: { ...written }, files: [out], next: `slicebook inspect ${shellQuote(out)}` };
}

async function inSession(
  config: ResolvedConfig,
  folder: string,
  options: SessionOptions,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = openSession(config, folder, options);
  try {
    return await use(session);
  } finally {
    await session.dispose();
  }
}

async function locked<T>(folder: string, use: () => Promise<T>): Promise<T> {
  await makeFolder(folder);
  const release = await lockRun(folder);
  try {
    await removeTemporaries(folder);
    return await use();
  } finally {
    await release();
  }
}

/** Refuses to write a run (or phantoms) among other files. */
async function checkFree(folder: string, what: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith("."));
  if (names.length === 0) return;
  throw new SlicebookError(
    "FOLDER_NOT_EMPTY",
    `${folder} cannot be the ${what}: it holds ${names.slice(0, 3).join(", ")}`,
    {
      remedy: "Name another folder, or empty this one.",
    },
  );
}

function checkSections(folder: string, overrides: readonly string[], allowed: readonly string[]): void {
  const refused = overrides.map(parseOverride).find(({ path }) => !allowed.includes(path[0]!));
  if (refused === undefined) return;
  const keys = allowed.map((section) => `${section}.*`).join(", ");
  throw new SlicebookError(
    "ARGUMENT_INVALID",
    `argument ${refused.text}: only ${keys} can be changed in ${folder}`,
    { remedy: "To change what the model is or how it is trained, start another run with run.name=NAME." },
  );
}

async function summary(session: Session, results: readonly StageResult[]): Promise<Result> {
  const { paths, files } = session;
  const [evaluations, novelty] = [await session.evaluations(), await session.novelty()];
  const { evaluation } = evaluations;
  const done = (await session.record())?.stages ?? {};
  const due = stages.find((stage) => done[stage] === undefined);
  return {
    run: paths.folder,
    stages: results,
    figures: runFigures({ ...evaluations, novelty }),
    ...(evaluation === undefined ? {} : withBaselines(evaluation)),
    ...(novelty?.pixels && results.some(({ stage }) => stage === "sample")
      ? { limit: novelty.pixels.limit }
      : {}),
    files: files.map(fromHere),
    next:
      due === undefined
        ? `slicebook reconstruct ${shellQuote(paths.folder)} FILE…`
        : `slicebook ${due} ${shellQuote(paths.folder)}`,
  };
}

/** Without what the run's own test split says. */
function withoutFigures({
  figures: _,
  baselines: __,
  ...rest
}: Result): Omit<Result, "figures" | "baselines"> {
  return rest;
}

function withBaselines({ baselines }: Evaluation): Pick<Result, "baselines"> {
  return baselines === undefined ? {} : { baselines };
}

function means(figures: readonly SliceFigures[]): Record<string, number> {
  return eachSliceFigure((key) => figures.reduce((sum, slice) => sum + slice[key], 0) / figures.length);
}

function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith(`..${sep}`) ? path : short;
}
