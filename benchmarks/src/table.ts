import type { CellResult, CompareResult } from "./compare.ts";
import type { MemoryCell, MemoryResult } from "./memory.ts";

type Column<C> = readonly [title: string, text: (cell: C) => string];

const SPEED_COLUMNS: readonly Column<CellResult>[] = [
  ["size", ({ size }) => size],
  ["batch", ({ batch }) => String(batch)],
  ["Slicebook", ({ ours }) => ours.toFixed(2)],
  ["PyTorch", ({ peer }) => peer?.toFixed(2) ?? "–"],
  ["ratio", ({ ratio }) => ratio?.toFixed(2) ?? "–"],
  ["Slicebook MiB", ({ peakMemory }) => String(peakMemory.ours ?? "–")],
  ["PyTorch MiB", ({ peakMemory }) => String(peakMemory.peer ?? "–")],
];

const MEMORY_COLUMNS: readonly Column<MemoryCell>[] = [
  ["size", ({ size }) => size],
  ["batch", ({ batch }) => String(batch)],
  ["Slicebook MiB", ({ ours }) => String(ours ?? "–")],
  ["PyTorch MiB", ({ peer }) => String(peer ?? "–")],
  ["ratio", ({ ratio }) => ratio?.toFixed(2) ?? "–"],
];

/** A result for people: a Markdown table, and what was measured on. */
export function formatTable(result: CompareResult | MemoryResult): string {
  const { ratio, ours, peer, processor, threads } = result;
  const [lines, meaning] =
    result.benchmark === "memory"
      ? [tableOf(MEMORY_COLUMNS, result.cells), "Largest ratio: % (above 1: Slicebook needs more memory)"]
      : [tableOf(SPEED_COLUMNS, result.cells), "Smallest ratio: % (above 1: Slicebook is faster)"];
  return [
    ...lines,
    "",
    ...(result.benchmark === "memory" ? [] : [`Speeds in ${result.unit}`]),
    `Slicebook: ${ours.engine}, Node ${ours.versions.node}`,
    peer === null ? "PyTorch: not installed" : `PyTorch: ${peer.version} (${peer.script})`,
    `Processor: ${processor}, ${threads} threads on both sides`,
    ...(ratio === null ? [] : [meaning.replace("%", String(ratio))]),
  ].join("\n");
}

function tableOf<C>(columns: readonly Column<C>[], cells: readonly C[]): string[] {
  const rows = [
    columns.map(([title]) => title),
    ...cells.map((cell) => columns.map(([, text]) => text(cell))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const [header, ...lines] = rows.map(
    (row) => `| ${row.map((text, column) => text.padStart(widths[column]!)).join(" | ")} |`,
  );
  const rule = `|${widths.map((width) => `${"-".repeat(width + 1)}:`).join("|")}|`;
  return [header!, rule, ...lines];
}
