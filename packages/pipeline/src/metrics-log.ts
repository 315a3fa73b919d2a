import { appendFile, readFile, truncate } from "node:fs/promises";
import type { MetricsRow } from "./report/types.ts";

/** Adds a line to a `metrics.jsonl`. */
export async function appendRow(path: string, row: MetricsRow): Promise<void> {
  await appendFile(path, `${JSON.stringify(row)}\n`);
}

/** The rows of a `metrics.jsonl`, up to the first line that is torn; none where there is no file. */
export async function readRows(path: string): Promise<MetricsRow[]> {
  return (await wholeLines(path)).map(({ row }) => row);
}

/**
 * Cuts a `metrics.jsonl` to its first `rows` lines: what a killed process wrote after its last checkpoint,
 * torn or not, is written again.
 */
export async function keepRows(path: string, rows: number): Promise<void> {
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
