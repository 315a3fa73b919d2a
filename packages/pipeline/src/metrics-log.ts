import { appendFile, mkdir, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { tensorboardEvents, tensorboardHeader } from "./report/tensorboard.ts";
import type { MetricsRow } from "./report/types.ts";

/** Where metrics go while a stage trains. */
export interface MetricsFiles {
  /** `metrics.jsonl`. */
  readonly metrics: string;
  /** The same for TensorBoard. */
  readonly events: string;
}

/** The metrics of a training that goes on. */
export interface MetricsLog {
  append(row: MetricsRow): Promise<void>;
}

/**
 * Opens the files of a training's metrics with their first `rows` rows: what a killed process wrote after its last
 * checkpoint, torn or not, is written again.
 *
 * @param started seconds since 1970 at which the training began
 */
export async function openMetricsLog(
  { metrics, events }: MetricsFiles,
  { rows, started }: { readonly rows: number; readonly started: number },
): Promise<MetricsLog> {
  await keepRows(metrics, rows);
  await mkdir(dirname(events), { recursive: true });
  const kept = (await readRows(metrics)).map((row) => tensorboardEvents(row, started));
  await writeFileAtomic(events, Buffer.concat([tensorboardHeader(started), ...kept]));
  return {
    async append(row) {
      await appendFile(metrics, `${JSON.stringify(row)}\n`);
      await appendFile(events, tensorboardEvents(row, started));
    },
  };
}

/** The rows of a `metrics.jsonl`, up to the first line that is torn; none where there is no file. */
export async function readRows(path: string): Promise<MetricsRow[]> {
  return (await wholeLines(path)).map(({ row }) => row);
}

/** Cuts a `metrics.jsonl` to its first `rows` lines. */
async function keepRows(path: string, rows: number): Promise<void> {
  const kept = (await wholeLines(path)).slice(0, rows);
  await truncate(path, kept.at(-1)?.end ?? 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** Each whole line and the byte after it. */
async function wholeLines(path: string): Promise<{ row: MetricsRow; end: number }[]> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const lines: { row: MetricsRow; end: number }[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    if (newline < 0) break;
    try {
      const row: MetricsRow = JSON.parse(bytes.toString("utf8", start, newline));
      lines.push({ row, end: newline + 1 });
    } catch {
      break;
    }
    start = newline + 1;
  }
  return lines;
}
