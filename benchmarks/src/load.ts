import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SlicebookError } from "@slicebook/base";
import { PHANTOM_LAYOUTS, type PhantomLayout } from "@slicebook/datasets/node";
import { findPython } from "./find-python.ts";
import { type Loaded, type LoadTask, loadedSchema, peerLoadedSchema } from "./load-task.ts";
import { makeSlices } from "./make-slices.ts";
import { runJson } from "./measurement.ts";
import { median } from "./median.ts";

export interface LoadOptions {
  /** A folder with one of slices for each layout (hipmri, oasis, adni); phantoms are drawn unless given. */
  readonly data: string | undefined;
  /** Slices of each layout. */
  readonly slices: number;
  /** Processes a cell and side, in turn; the median counts. */
  readonly runs: number;
  readonly threads: number;
  readonly onProgress: (message: string) => void;
}

/** How fast one side reads: medians over runs. */
interface Speed {
  /** Slices per second, process to process. */
  readonly speed: number;
  /** Slices per second without the start: of the slices that many have more than few. */
  readonly rate: number;
  /** Seconds that a process takes however many slices there are: starting, imports, workers. */
  readonly start: number;
  /** The speed of each run. */
  readonly runs: readonly number[];
}

/** A layout's figures. */
interface LoadCell {
  readonly layout: PhantomLayout;
  readonly slices: number;
  readonly ours: Speed;
  readonly peer: Speed | null;
  /** ours / peer: above 1, ours is faster. */
  readonly ratio: number | null;
  /** The same of the rates. */
  readonly rateRatio: number | null;
  /** Seconds of the first epoch, in which files are decoded and kept, and of the second, from the cache. */
  readonly epochs: { readonly first: number; readonly second: number; readonly ratio: number };
}

export interface LoadResult {
  readonly benchmark: "load";
  readonly unit: "slices per second";
  readonly cells: readonly LoadCell[];
  /** All slices of all cells, one after another. */
  readonly ratio: number | null;
  /** The same without the starts. */
  readonly rateRatio: number | null;
  /** The smallest of the cells' ratios of epochs. */
  readonly epochRatio: number;
  readonly peer: { readonly versions: Readonly<Record<string, string>>; readonly script: string } | null;
  readonly source: string;
  readonly processor: string;
  readonly threads: number;
}

const PEER_SCRIPT = "benchmarks/peers/load_slices.py";
const LAYOUTS = {
  hipmri: { size: [256, 128], endings: [".nii.gz"] },
  oasis: { size: [256, 256], endings: [".png"] },
  adni: { size: [240, 256], endings: [".jpeg"] },
} as const;
const BATCH = 16;
/** The part of the slices that is read as well, to tell the start from the rate. */
const FEW = 0.2;

/** Measures how fast all slices of a folder are read, and passes over them from the cache. */
export async function benchmarkLoading(options: LoadOptions): Promise<LoadResult> {
  const python = findPython("numpy, nibabel, PIL");
  if (python === undefined) {
    options.onProgress("no Python with numpy, nibabel and Pillow found: only Slicebook is measured");
  }
  const cells: LoadCell[] = [];
  let versions: Readonly<Record<string, string>> | undefined;
  for (const layout of PHANTOM_LAYOUTS) {
    const folder = await mkdtemp(join(tmpdir(), "slicebook-bench-"));
    try {
      options.onProgress(`${layout}: making ${options.slices} slices`);
      const source = options.data && join(options.data, layout);
      await makeSlices({ layout, folder: join(folder, "many"), source, slices: options.slices });
      await makeSlices({
        layout,
        folder: join(folder, "few"),
        source,
        slices: Math.ceil(FEW * options.slices),
      });
      const measured = await measureCell(layout, folder, python, options);
      cells.push(measured.cell);
      versions ??= measured.versions;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return {
    benchmark: "load",
    unit: "slices per second",
    cells,
    ratio: ratioOfAll(cells, ({ speed }) => speed),
    rateRatio: ratioOfAll(cells, ({ rate }) => rate),
    epochRatio: Math.min(...cells.map(({ epochs }) => epochs.ratio)),
    peer: versions === undefined ? null : { versions, script: PEER_SCRIPT },
    source: options.data === undefined ? "phantoms" : "copies of given slices",
    processor: cpus()[0]?.model ?? "unknown",
    threads: options.threads,
  };
}

async function measureCell(
  layout: PhantomLayout,
  folder: string,
  python: string | undefined,
  { runs, threads, onProgress }: LoadOptions,
): Promise<{ cell: LoadCell; versions: Readonly<Record<string, string>> | undefined }> {
  const { size, endings } = LAYOUTS[layout];
  const root = (set: string) => join(folder, set, "slices");
  const task: LoadTask = {
    adapter: layout,
    root: root("many"),
    size: [...size],
    workers: threads,
    cache: join(folder, "cache"),
    epochs: 0,
    batch: BATCH,
  };
  const [ours, peer, first, second]: [Timed[], Timed[], number[], number[]] = [[], [], [], []];
  let versions: Readonly<Record<string, string>> | undefined;
  for (let run = 1; run <= runs; run++) {
    onProgress(`${layout}, run ${run} of ${runs}`);
    const [many, few] = [
      await timed(() => load(task)),
      await timed(() => load({ ...task, root: root("few") })),
    ];
    ours.push({ many, few });
    if (python !== undefined) {
      const script = fileURLToPath(new URL(`../../${PEER_SCRIPT}`, import.meta.url));
      const read = async (set: string) => {
        const peerTask = JSON.stringify({ folder: root(set), endings, size, workers: threads });
        return peerLoadedSchema.parse(await runJson(python, [script, peerTask], layout));
      };
      const theirs = { many: await timed(() => read("many")), few: await timed(() => read("few")) };
      peer.push(theirs);
      checkSame(layout, many, theirs.many);
      checkSame(layout, few, theirs.few);
      versions = theirs.many.versions;
    }
    const cache = join(folder, `cache-${run}`);
    const epochs = await load({ ...task, cache, epochs: 2 });
    first.push(epochs.opened + epochs.passes[0]!);
    second.push(epochs.passes[1]!);
    await rm(cache, { recursive: true });
  }
  const epochs = { first: rounded(median(first)), second: rounded(median(second)) };
  const [ourSpeed, theirSpeed] = [speedOf(ours), peer.length === 0 ? null : speedOf(peer)];
  const cell = {
    layout,
    slices: ours[0]!.many.slices,
    ours: ourSpeed,
    peer: theirSpeed,
    ratio: theirSpeed && rounded(ourSpeed.speed / theirSpeed.speed),
    rateRatio: theirSpeed && rounded(ourSpeed.rate / theirSpeed.rate),
    epochs: { ...epochs, ratio: rounded(median(first) / median(second)) },
  };
  return { cell, versions };
}

interface Read {
  readonly slices: number;
  readonly sum: number;
  readonly seconds: number;
}

/** One run: of all slices, and of a part of them. */
interface Timed {
  readonly many: Read;
  readonly few: Read;
}

/** What a process prints, with the seconds that it took. */
async function timed<T extends Omit<Read, "seconds">>(process: () => Promise<T>): Promise<T & Read> {
  const start = performance.now();
  const printed = await process();
  return { ...printed, seconds: (performance.now() - start) / 1000 };
}

function speedOf(runs: readonly Timed[]): Speed {
  const speeds = runs.map(({ many }) => many.slices / many.seconds);
  const rates = runs.map(({ many, few }) => (many.slices - few.slices) / (many.seconds - few.seconds));
  const starts = runs.map(({ few }, run) => few.seconds - few.slices / rates[run]!);
  return {
    speed: rounded(median(speeds)),
    rate: rounded(median(rates)),
    start: rounded(median(starts)),
    runs: speeds.map(rounded),
  };
}

/** Runs {@link LoadTask} in a process of its own. */
export async function load(task: LoadTask): Promise<Loaded> {
  const script = fileURLToPath(new URL("slicebook-load.js", import.meta.url));
  return loadedSchema.parse(await runJson(process.execPath, [script, JSON.stringify(task)], task.adapter));
}

/** A comparison means nothing unless both sides read the same values. */
function checkSame(layout: string, ours: Read, theirs: Read): void {
  const close = Math.abs(ours.sum - theirs.sum) <= 1e-6 * Math.abs(theirs.sum);
  if (ours.slices !== theirs.slices || !close) {
    throw new SlicebookError(
      "benchmarks/MISMATCH",
      `${layout}: Slicebook read ${ours.slices} slices that sum up to ${ours.sum}, ${PEER_SCRIPT} ` +
        `${theirs.slices} that sum up to ${theirs.sum}`,
      { remedy: "Make both sides read the same files." },
    );
  }
}

function ratioOfAll(cells: readonly LoadCell[], of: (side: Speed) => number): number | null {
  let [ours, theirs] = [0, 0];
  for (const { slices, ours: ourSpeed, peer } of cells) {
    if (peer === null) return null;
    ours += slices / of(ourSpeed);
    theirs += slices / of(peer);
  }
  return rounded(theirs / ours);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
