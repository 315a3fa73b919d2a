import { sizeOf } from "@slicebook/base";
import type { TracedNode } from "@slicebook/tfjs-onnx";

/** What operations of one kind take on any machine. */
export interface Work {
  readonly op: string;
  readonly count: number;
  /** Multiplications and additions in convolutions and products of matrices; elsewhere 0. */
  readonly flop: number;
  /** Bytes read and written, if each operation reads its inputs and writes its outputs once. */
  readonly bytes: number;
}

/** Kinds of operations that copy and compute nothing. */
const FREE = new Set(["Reshape", "Identity", "Squeeze", "Unsqueeze"]);
const BYTES = { float32: 4, float16: 2, int32: 4, int64: 8, bool: 1 } as const;

/** The work of a traced graph by kind of operation, most arithmetic and then most bytes first. */
export function workOf(nodes: readonly TracedNode[]): Work[] {
  const sums = new Map<string, Work>();
  for (const node of nodes.filter(({ op }) => !FREE.has(op))) {
    const { op } = node;
    const { count, flop, bytes } = sums.get(op) ?? { count: 0, flop: 0, bytes: 0 };
    sums.set(op, { op, count: count + 1, flop: flop + flopOf(node), bytes: bytes + bytesOf(node) });
  }
  return [...sums.values()].sort((a, b) => b.flop - a.flop || b.bytes - a.bytes);
}

/** All of it together. */
export function totalWork(works: readonly Work[]): Work {
  const sum = (of: (work: Work) => number): number => works.reduce((total, work) => total + of(work), 0);
  return {
    op: "all",
    count: sum(({ count }) => count),
    flop: sum(({ flop }) => flop),
    bytes: sum(({ bytes }) => bytes),
  };
}

/** Twice the results times the terms that each sums up. */
function flopOf({ op, attributes, inputs, outputs }: TracedNode): number {
  const [a = [], b = []] = inputs.map((input) => input?.shape ?? []);
  const results = sizeOf(outputs[0]?.shape ?? []);
  if (op === "Conv") return 2 * results * sizeOf(b.slice(1));
  if (op === "ConvTranspose") return 2 * sizeOf(a) * sizeOf(b.slice(1));
  if (op === "MatMul") return 2 * results * (a.at(-1) ?? 1);
  if (op === "Gemm") return 2 * results * (a[attributes.transA === 1 ? 0 : 1] ?? 1);
  return 0;
}

function bytesOf({ inputs, outputs }: TracedNode): number {
  return [...inputs, ...outputs]
    .filter((tensor) => tensor !== undefined)
    .reduce((sum, { type, shape }) => sum + BYTES[type] * sizeOf(shape), 0);
}
