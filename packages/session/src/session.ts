import { execFile } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ResolvedConfig } from "@slicebook/config";
import { type BoundVqvae, vqvae } from "@slicebook/core";
import type { SliceRecord } from "@slicebook/datasets";
import { type Dataset, listDataset, openDataset, type SliceSet } from "@slicebook/datasets/node";
import { createEngine, type Engine } from "@slicebook/engine";
import {
  type OpenRun,
  openRun,
  type RunInfo,
  readSubjects,
  writeRecord,
  writeSubjects,
} from "@slicebook/runs";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import { datasetSource } from "./dataset-source.ts";
import type { Event, ExecuteOptions } from "./events.ts";
import { inKeptSplits, merged, missingSubjects, subjectsOf } from "./kept-subjects.ts";
import { reportProgress } from "./progress.ts";
import { differentData } from "./run-folder.ts";
import { versionsInUse } from "./versions.ts";

/**
 * A run that is worked on: its configuration and files, and what is opened for it when a stage first needs
 * it.
 */
export interface Session extends OpenRun {
  readonly config: ResolvedConfig;
  /** The configuration's VQ-VAE for slices of the run's size. */
  readonly model: BoundVqvae;
  readonly emit: (event: Event) => void;
  readonly signal: AbortSignal | undefined;
  engine(): Promise<Engine>;
  dataset(): Promise<Dataset>;
  /**
   * The same once the run is trained, with values held as they are wherever its model is used: not at all in runs of
   * earlier versions, which kept no range.
   */
  trainedDataset(): Promise<Dataset>;
  /** The data set as the run was started with it. Throws `RUN_DIFFERS` if its files have changed. */
  unchangedDataset(): Promise<Dataset>;
  /** Throws the same, and decodes nothing. */
  checkUnchanged(): Promise<void>;
  /** The data set's fingerprint, for which nothing is decoded. */
  fingerprint(): Promise<string>;
  /** The same of the slices' masks; undefined where no slice has one. */
  maskFingerprint(): Promise<string | undefined>;
  /** The same of what is known of slices besides their classes; undefined where nothing is. */
  covariateFingerprint(): Promise<string | undefined>;
  /** Changes `run.json`. */
  update(change: (record: RunInfo) => RunInfo): Promise<void>;
  /** Reports a file that was made. */
  made(path: string, what: string): void;
  readonly files: readonly string[];
  dispose(): Promise<void>;
}

/** {@link ExecuteOptions}, and how a run's data are used. */
export type SessionOptions = ExecuteOptions & {
  /** How many slices of each split are used at most; all unless given. */
  readonly few?: number;
  /** What becomes of subjects that the run does not know; they are refused unless given. */
  readonly newSubjects?: "test" | undefined;
};

export function openSession(
  config: ResolvedConfig,
  folder: string,
  { onEvent = () => {}, signal, few, newSubjects }: SessionOptions,
): Session {
  const run = openRun(folder);
  const { paths } = run;
  const whole = few === undefined && config.train.overfit === null;
  let listed: readonly SliceRecord[] | undefined;
  const source = Promise.all([datasetSource(config, few), whole ? readSubjects(paths) : undefined]).then(
    ([{ config: cut, adapters }, kept]) => ({
      cut,
      kept,
      options: {
        adapters,
        arrange(records: readonly SliceRecord[]) {
          listed = kept === undefined ? records : inKeptSplits(records, kept, { folder, newSubjects });
          return listed;
        },
      },
    }),
  );
  // Awaited where it is used; until then a failure of it is not an unhandled one.
  source.catch(() => {});
  const files: string[] = [];
  let engine: Promise<Engine> | undefined;
  let dataset: Promise<Dataset> | undefined;
  let fingerprints: Promise<Pick<Dataset, "fingerprint" | "maskFingerprint" | "covariates">> | undefined;

  /** The data set, listed once for all fingerprints unless it is opened already. */
  function fingerprinted(): NonNullable<typeof fingerprints> {
    fingerprints ??= dataset ?? source.then(({ cut, options }) => listDataset(cut, options));
    return fingerprints;
  }

  async function checkFingerprint(fingerprint: string): Promise<void> {
    const record = await run.record();
    if (record !== undefined && record.data.fingerprint !== fingerprint) throw differentData(folder);
  }

  return {
    ...run,
    config,
    model: vqvae.bind(config.model, config.dataset.size),
    emit: onEvent,
    signal,
    files,
    engine() {
      const { kind, device, threads, precision } = config.engine;
      engine ??= createEngine({
        kind,
        ...(device === null ? {} : { device }),
        ...(threads === null ? {} : { threads }),
        precision,
      }).then((created) => {
        if (created.passedOver !== undefined) onEvent({ type: "note", text: describeChoice(created) });
        return created;
      });
      return engine;
    },
    dataset() {
      dataset ??= source.then(async ({ cut, kept, options }) => {
        const opened = await openWithProgress(cut, onEvent, signal, options);
        // Without its subjects kept, a run on other files has other splits.
        if (whole && kept === undefined) await checkFingerprint(await opened.fingerprint());
        const missing = kept === undefined ? undefined : missingSubjects(listed ?? [], kept);
        if (missing !== undefined) onEvent({ type: "warning", text: missing });
        return opened;
      });
      return dataset;
    },
    async trainedDataset() {
      const [opened, preprocessing] = [await this.dataset(), await loadPreprocessing(this)];
      if (preprocessing.range !== undefined) return opened;
      const { cut, options } = await source;
      return openWithProgress(cut, onEvent, signal, { ...options, preprocessing });
    },
    async unchangedDataset() {
      await this.checkUnchanged();
      return this.dataset();
    },
    async checkUnchanged() {
      await checkFingerprint(await this.fingerprint());
    },
    async fingerprint() {
      const fingerprint = await (await fingerprinted()).fingerprint();
      if (whole && (await source).kept === undefined) await checkFingerprint(fingerprint);
      return fingerprint;
    },
    async maskFingerprint() {
      return (await fingerprinted()).maskFingerprint();
    },
    async covariateFingerprint() {
      return (await fingerprinted()).covariates()?.fingerprint;
    },
    async update(change) {
      const before = (await run.record()) ?? (await newRecord(this));
      const { kept } = await source;
      const keeping = whole && listed !== undefined && (kept === undefined || newSubjects !== undefined);
      if (keeping && listed !== undefined) await writeSubjects(paths, merged(subjectsOf(listed), kept));
      await writeRecord(paths, change(before));
    },
    made(path, what) {
      if (!files.includes(path)) files.push(path);
      onEvent({ type: "file", path, what });
    },
    async dispose() {
      await (await engine?.catch(() => undefined))?.dispose();
    },
  };
}

/** What `engine.kind: auto` took, and why not the others. */
function describeChoice({ description, passedOver = [] }: Engine): string {
  const others = passedOver.map(({ kind, device, reason }) => `${kind} on ${device} (${reason})`);
  return `engine: auto took ${description}; it passed over ${others.join(", ")}`;
}

/** Opens a data set and says how far its reading is, and what was left out. */
export async function openWithProgress(
  config: ResolvedConfig["dataset"],
  onEvent: (event: Event) => void,
  signal: AbortSignal | undefined,
  options: Pick<
    Parameters<typeof openDataset>[1] & object,
    "splits" | "preprocessing" | "adapters" | "arrange"
  > = {},
): Promise<Dataset> {
  const progress = reportProgress(onEvent, "read", "slices");
  const dataset = await openDataset(config, {
    ...options,
    onProgress: ({ done, total }) => progress(done, total),
    ...(signal === undefined ? {} : { signal }),
  });
  if (dataset.skipped.length > 0) {
    const [first] = dataset.skipped;
    const { length } = dataset.skipped;
    const text =
      length === 1
        ? `1 unreadable slice is left out: ${first!.reason}`
        : `${length} unreadable slices are left out; the first: ${first!.reason}`;
    onEvent({ type: "warning", text });
  }
  return dataset;
}

async function newRecord(session: Session): Promise<RunInfo> {
  const { config, model } = session;
  const [dataset, engine] = [await session.dataset(), await session.engine()];
  const { root } = config.dataset;
  const { levels } = model;
  const [processor] = cpus();
  return {
    schema: 1,
    name: config.run.name,
    created: new Date().toISOString(),
    versions: await versionsInUse(),
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpu: processor?.model.trim() ?? "unknown",
      cores: cpus().length,
      memory: totalmem(),
    },
    engine: {
      kind: engine.kind,
      device: engine.device,
      threads: engine.threads,
      precision: engine.precision,
      description: engine.description,
    },
    seed: config.seed,
    commit: await gitCommit(),
    data: {
      adapter: dataset.name,
      ...(root === undefined ? {} : { root }),
      size: dataset.size,
      preprocessing: config.dataset.preprocessing,
      fingerprint: await dataset.fingerprint(),
      splits: {
        train: splitInfo(dataset.splits.train),
        validate: splitInfo(dataset.splits.validate),
        test: splitInfo(dataset.splits.test),
      },
      skipped: dataset.skipped.length,
    },
    model: {
      preset: config.model.preset,
      parameters: model.weightCount,
      grids: levels.map(({ rows, columns }) => [rows, columns] as const),
      codes: levels.reduce((sum, level) => sum + level.codes, 0),
      codebooks: levels.map((level) => level.codes),
      codeSize: config.model.codeDimension,
    },
    stages: {},
  };
}

function splitInfo({ records, subjects }: SliceSet): RunInfo["data"]["splits"]["train"] {
  const classes = new Map<string, number>();
  for (const { label } of records) if (label !== undefined) classes.set(label, (classes.get(label) ?? 0) + 1);
  return { slices: records.length, subjects, classes: Object.fromEntries(classes) };
}

/** The commit of the repository that this code lies in; null outside one. */
async function gitCommit(): Promise<string | null> {
  const folder = dirname(fileURLToPath(import.meta.url));
  if (folder.includes("node_modules")) return null;
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", folder, "rev-parse", "HEAD"]);
    return stdout.trim();
  } catch {
    return null;
  }
}
