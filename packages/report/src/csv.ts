import type { Estimate, MetricsRow } from "@slicebook/runs";

/**
 * The rows of `metrics.jsonl` as CSV (RFC 4180), one line each under a line of names.
 *
 * Names are dotted paths, such as `train.loss`, `validation.ssim.mean` and `validation.ssim.low` (of the 95 %
 * interval); a row leaves empty what it has no value for. Every row is ended by CR LF, and numbers have every digit.
 */
export function metricsCsv(rows: readonly MetricsRow[]): string {
  const records = rows.map(flatten);
  // Every row has these, and a table without rows still has names.
  const names = new Set(["stage", "kind", "epoch", "step", "seconds", "images"]);
  for (const record of records) for (const name of record.keys()) names.add(name);
  const lines = records.map((record) => Array.from(names, (name) => cell(record.get(name))).join(","));
  return [Array.from(names, cell).join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

type Value = string | number | undefined;

function flatten({ train, validation, ...row }: MetricsRow): ReadonlyMap<string, Value> {
  const record = new Map<string, Value>(Object.entries(row));
  for (const [name, value] of Object.entries(train)) record.set(`train.${name}`, value);
  const { ssim, ...others } = validation ?? {};
  if (ssim !== undefined) {
    for (const [name, value] of estimate(ssim)) record.set(`validation.ssim.${name}`, value);
  }
  for (const [name, value] of Object.entries(others)) record.set(`validation.${name}`, value);
  return record;
}

function estimate({ ci95, ...numbers }: Estimate): readonly (readonly [string, Value])[] {
  return [...Object.entries(numbers), ["low", ci95?.[0]], ["high", ci95?.[1]]];
}

function cell(value: Value): string {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
