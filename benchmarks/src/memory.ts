import { type Cell, type CompareResult, rounded } from "./compare.ts";

/** What memory is measured at unless a cell is asked for. */
export const MEMORY_CELLS: readonly Cell[] = [
  { size: [256, 256], batch: 16 },
  { size: [256, 128], batch: 16 },
];

/** A cell's peaks of resident memory in MiB, the largest of all runs. */
export interface MemoryCell {
  readonly size: string;
  readonly batch: number;
  readonly ours: number | null;
  readonly peer: number | null;
  /** ours / peer: above 1, ours needs more. */
  readonly ratio: number | null;
}

export interface MemoryResult extends Pick<CompareResult, "ours" | "peer" | "processor" | "threads"> {
  readonly benchmark: "memory";
  readonly unit: "MiB";
  readonly cells: readonly MemoryCell[];
  /** The largest of the cells' ratios. */
  readonly ratio: number | null;
}

/** The memory of a comparison of training. */
export function memoryOf({ cells, ours, peer, processor, threads }: CompareResult): MemoryResult {
  const memory = cells.map(({ size, batch, peakMemory }): MemoryCell => {
    const known = peakMemory.ours !== null && peakMemory.peer !== null;
    return { size, batch, ...peakMemory, ratio: known ? rounded(peakMemory.ours / peakMemory.peer) : null };
  });
  const ratios = memory.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  const ratio = ratios.length === 0 ? null : Math.max(...ratios);
  return { benchmark: "memory", unit: "MiB", cells: memory, ratio, ours, peer, processor, threads };
}
