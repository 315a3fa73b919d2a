import type { CellResult, CompareResult } from "./compare.ts";
import type { EpochsResult } from "./epochs.ts";
import type { LoadResult } from "./load.ts";
import type { MemoryCell, MemoryResult } from "./memory.ts";
import type { SampleResult } from "./sample.ts";

type Column<C> = readonly [title: string, text: (cell: C) => string];

const SPEED_COLUMNS: readonly Column<CellResult>[] = [
  ["size", ({ size }) => size],
  ["batch", ({ batch }) => String(batch)],
  ["Slicebook", ({ ours }) => shown(ours)],
  ["PyTorch", ({ peer }) => (peer === null ? "–" : shown(peer))],
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
export function formatTable(result: CompareResult | MemoryResult | SampleResult): string {
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
    ...("peerPositions" in result && peer !== null && result.peerPositions !== "all"
      ? [`PyTorch's time is that of ${result.peerPositions} positions, scaled up to whole grids`]
      : []),
    ...(ratio === null ? [] : [meaning.replace("%", String(ratio))]),
  ].join("\n");
}

/** The result of `load` for people. */
export function formatLoad({
  cells,
  ratio,
  rateRatio,
  epochRatio,
  peer,
  source,
  processor,
  threads,
}: LoadResult): string {
  const rows = cells.map(({ layout, slices, ours, peer, ratio, rateRatio, epochs }) => [
    layout,
    String(slices),
    ours.speed.toFixed(0),
    peer?.speed.toFixed(0) ?? "–",
    ratio?.toFixed(2) ?? "–",
    ours.start.toFixed(2),
    peer?.start.toFixed(2) ?? "–",
    ours.rate.toFixed(0),
    peer?.rate.toFixed(0) ?? "–",
    rateRatio?.toFixed(2) ?? "–",
    epochs.first.toFixed(2),
    epochs.second.toFixed(2),
    epochs.ratio.toFixed(1),
  ]);
  const titles = [
    "layout",
    "slices",
    "Slicebook /s",
    "Python /s",
    "ratio",
    "start s",
    "Python s",
    "rate /s",
    "Python /s",
    "ratio",
    "1st epoch s",
    "2nd epoch s",
    "ratio",
  ];
  const versions = Object.entries(peer?.versions ?? {}).map(([name, version]) => `${name} ${version}`);
  return [
    ...tableLines([titles, ...rows]),
    "",
    peer === null
      ? "Python: no numpy, nibabel and Pillow"
      : `Python: ${versions.join(", ")} (${peer.script})`,
    `Slices: ${source}. Processor: ${processor}, ${threads} processes or threads on both sides`,
    ...(ratio === null
      ? []
      : [`All layouts together: ${ratio}, without the start ${rateRatio} (above 1: Slicebook is faster)`]),
    `Smallest ratio of epochs: ${epochRatio}`,
  ].join("\n");
}

/** The result of `epochs` for people. */
export function formatEpochs(result: EpochsResult): string {
  const { slices, size, decoded, epochs, reopened, peakMemory, training } = result;
  return [
    `${slices} slices of ${size}`,
    `First process: epochs of ${epochs.join(" s and ")} s, ${decoded[0]} slices decoded, peak ${peakMemory[0]} MiB`,
    `Second process: opened in ${reopened.open} s, epoch of ${reopened.epoch} s, ${decoded[1]} slices decoded, ` +
      `peak ${peakMemory[1]} MiB`,
    ...(training === null
      ? []
      : [`Training for two epochs: ${training.seconds} s, peak ${training.peakMemory} MiB`]),
  ].join("\n");
}

/** Two places, or three digits where that is more: naive sampling draws thousandths of a grid a second. */
function shown(speed: number): string {
  return speed < 1 ? String(Number(speed.toPrecision(3))) : speed.toFixed(2);
}

function tableOf<C>(columns: readonly Column<C>[], cells: readonly C[]): string[] {
  return tableLines([
    columns.map(([title]) => title),
    ...cells.map((cell) => columns.map(([, text]) => text(cell))),
  ]);
}

/** A difference with its sign: `+0.023`, `−0.023`. */
export function signed(difference: number, digits: number): string {
  return `${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(digits)}`;
}

/** A Markdown table: the first row has the titles. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const [header, ...lines] = rows.map(
    (row) => `| ${row.map((text, column) => text.padStart(widths[column]!)).join(" | ")} |`,
  );
  const rule = `|${widths.map((width) => `${"-".repeat(width + 1)}:`).join("|")}|`;
  return [header!, rule, ...lines];
}
