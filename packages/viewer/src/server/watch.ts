import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openRun, runPaths } from "@slicebook/runs";
import type { ViewerEvent } from "../shared/answers.ts";
import { type RunsFolder, runsAnswer } from "./runs-folder.ts";

/** How often files are polled while somebody watches. Polling works on network drives too, where notifications do not. */
const INTERVAL = 1000;

/** Tells those who watch what changes in a folder of runs. */
export interface Watcher {
  /**
   * Starts to tell `listener`, first of all that everything that changes from then on will be told; the returned
   * function ends it.
   */
  subscribe(listener: (event: ViewerEvent) => void): () => void;
}

/** What is known of a run's files. */
interface Seen {
  readonly metrics: string;
  readonly rest: string;
  /** Rows of its metrics told so far. */
  rows: number;
}

export function createWatcher(folder: RunsFolder): Watcher {
  const listeners = new Set<(event: ViewerEvent) => void>();
  /** Those who have not been told yet that the folder is watched. */
  const newcomers = new Set<(event: ViewerEvent) => void>();
  /** What is known of each run; nothing before the first poll. */
  let known: ReadonlyMap<string, Seen> | undefined;
  let watching = false;

  async function poll(): Promise<void> {
    const seen = known ?? new Map<string, Seen>();
    const events: ViewerEvent[] = [];
    const now = new Map<string, Seen>();
    for (const id of await runIds(folder)) {
      const path = join(folder.root, id);
      const [metrics, rest] = await Promise.all([stampOf(metricsFiles(path)), stampOf(otherFiles(path))]);
      const before = seen.get(id);
      const current: Seen = { metrics, rest, rows: before?.rows ?? 0 };
      if (before === undefined || before.metrics !== metrics) {
        try {
          const rows = await openRun(path).metrics();
          // The prior's rows come after the model's: where the model's are read again, those after moved.
          const from = Math.min(current.rows, rows.length);
          current.rows = rows.length;
          if (before !== undefined) events.push({ type: "metrics", id, from, rows: rows.slice(from) });
        } catch {
          // A run that cannot be read is said so in the list.
        }
      }
      if (before !== undefined && before.rest !== rest) events.push({ type: "run", id });
      now.set(id, current);
    }
    const gone = [...seen.keys()].some((id) => !now.has(id));
    const came = [...now.keys()].some((id) => !seen.has(id));
    const first = known === undefined;
    known = now;
    if (first || (events.length === 0 && !gone && !came)) return;
    const answer = await runsAnswer(folder, true);
    for (const event of [{ type: "runs", answer } as const, ...events]) {
      for (const listener of listeners) listener(event);
    }
  }

  async function watch(): Promise<void> {
    watching = true;
    while (listeners.size > 0) {
      try {
        await poll();
        for (const listener of newcomers) listener({ type: "watching" });
        newcomers.clear();
      } catch {
        // A folder that is being written or deleted is polled again a second later.
      }
      await setTimeout(INTERVAL, undefined, { ref: false });
    }
    known = undefined;
    watching = false;
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      newcomers.add(listener);
      if (!watching) void watch();
      return () => {
        listeners.delete(listener);
        newcomers.delete(listener);
      };
    },
  };
}

async function runIds({ root, only }: RunsFolder): Promise<string[]> {
  if (only !== undefined) return [only];
  const entries = await readdir(root, { withFileTypes: true });
  return entries.filter((entry) => !entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name);
}

function metricsFiles(folder: string): string[] {
  const paths = runPaths(folder);
  return [paths.metrics, paths.prior.metrics];
}

function otherFiles(folder: string): string[] {
  const paths = runPaths(folder);
  return [
    paths.info,
    paths.evaluation,
    paths.best,
    paths.prior.best,
    paths.prior.evaluation,
    paths.progression,
    paths.samples,
    paths.report,
    paths.lock,
  ];
}

async function stampOf(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return stats.map((one) => (one === undefined ? "-" : `${one.size}:${one.mtimeMs}`)).join(" ");
}
