import { appendFile, mkdir, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { damaged, readIfThere } from "./files.ts";
import { type MetricsRow, metricsRowSchema } from "./metrics-schema.ts";
import { tensorboardEvents, tensorboardHeader } from "./tensorboard.ts";

/** Where metrics go while a stage trains. */
export interface MetricsFiles {
  /** `metrics.jsonl`. */
  readonly metrics: string;
  /** The same for TensorBoard. */
  readonly events: string;
}

/** The metrics of a training that is running. */
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

/**
 * The rows of a `metrics.jsonl`, but for a last one that is torn; none where there is no file.
 *
 * Throws `RUN_DAMAGED` with the line that is not a row.
 */
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

/** The most bytes of a log: hundreds of thousands of rows. */
const LARGEST_LOG = 2 ** 28;

/** Each whole line and the byte after it. */
async function wholeLines(path: string): Promise<{ row: MetricsRow; end: number }[]> {
  const bytes = readIfThere(path, LARGEST_LOG) ?? Buffer.alloc(0);
  const lines: { row: MetricsRow; end: number }[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    if (newline < 0) break;
    const text = bytes.toString("utf8", start, newline);
    const value = parsed(text);
    // What a crash has torn is the end.
    if (value === undefined && newline === bytes.length - 1) break;
    const { data, error } = metricsRowSchema.safeParse(value);
    if (error !== undefined) throw damaged(`${path}:${lines.length + 1}`, error);
    lines.push({ row: data, end: newline + 1 });
    start = newline + 1;
  }
  return lines;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
