import type { CellResult, TrainResult } from "./train.ts";

const COLUMNS: readonly [title: string, text: (cell: CellResult) => string][] = [
  ["size", ({ size }) => size],
  ["batch", ({ batch }) => String(batch)],
  ["Slicebook img/s", ({ ours }) => ours.toFixed(2)],
  ["PyTorch img/s", ({ peer }) => peer?.toFixed(2) ?? "–"],
  ["ratio", ({ ratio }) => ratio?.toFixed(2) ?? "–"],
  ["Slicebook MiB", ({ peakMemory }) => String(peakMemory.ours ?? "–")],
  ["PyTorch MiB", ({ peakMemory }) => String(peakMemory.peer ?? "–")],
];

/** A result for people: a Markdown table, and what was measured on. */
export function formatTable({ cells, ratio, ours, peer, processor, threads }: TrainResult): string {
  const rows = [
    COLUMNS.map(([title]) => title),
    ...cells.map((cell) => COLUMNS.map(([, text]) => text(cell))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) => `| ${row.map((text, column) => text.padStart(widths[column]!)).join(" | ")} |`,
  );
  const rule = `|${widths.map((width) => `${"-".repeat(width + 1)}:`).join("|")}|`;
  return [
    lines[0],
    rule,
    ...lines.slice(1),
    "",
    `Slicebook: ${ours.engine}, Node ${ours.versions.node}`,
    peer === null ? "PyTorch: not installed" : `PyTorch: ${peer.version} (${peer.script})`,
    `Processor: ${processor}, ${threads} threads on both sides`,
    ...(ratio === null ? [] : [`Smallest ratio: ${ratio} (above 1: Slicebook is faster)`]),
  ].join("\n");
}
