import { crc32, fixedExp, SlicebookError } from "@slicebook/base";

/** Frequencies add up to 2¹⁶, so that the coder divides by a shift. */
export const TOTAL_BITS = 16;
const TOTAL = 2 ** TOTAL_BITS;

/** How often each code of a level is expected: code k has `starts[k + 1] − starts[k]` parts of 2¹⁶. */
export interface CodeTable {
  /** [K + 1], from 0 to 2¹⁶, rising. */
  readonly starts: Uint32Array;
}

/**
 * The table of codes that were counted, each once more than it was (Laplace), so that every code can be written.
 *
 * Made of whole numbers only: equal counts give an equal table on every machine. Throws `CODES_TOO_MANY` for more than
 * 2¹⁶ codes.
 */
export function codeTable(counts: ArrayLike<number>): CodeTable {
  let all = counts.length;
  for (let code = 0; code < counts.length; code++) all += counts[code]!;
  return shareOut(counts.length, all, (code) => counts[code]! + 1);
}

/**
 * The table of codes that a network gives these logits: the parts are as e to the power of each, and one more for every
 * code, so that it can be written.
 *
 * In one fixed arithmetic: equal logits give an equal table on every machine. Throws `PRIOR_INVALID` for logits that
 * are not numbers, and as {@link codeTable}.
 */
export function logitTable(logits: ArrayLike<number>): CodeTable {
  let largest = Number.NEGATIVE_INFINITY;
  for (let code = 0; code < logits.length; code++) largest = Math.max(largest, logits[code]!);
  const weights = new Float64Array(logits.length);
  let all = 0;
  for (let code = 0; code < weights.length; code++) {
    weights[code] = fixedExp(logits[code]! - largest);
    all += weights[code]!;
  }
  // The largest has a weight of 1.
  if (!(all >= 1)) {
    throw new SlicebookError("PRIOR_INVALID", "the prior gives logits that are not finite numbers", {
      remedy: "Train the prior again.",
    });
  }
  return shareOut(logits.length, all, (code) => weights[code]!);
}

/** Each code has a part for itself; the others are shared by the running sums of the weights, so that they add up. */
function shareOut(codes: number, all: number, weightOf: (code: number) => number): CodeTable {
  if (codes > TOTAL) {
    throw new SlicebookError("CODES_TOO_MANY", `${codes} codes cannot be told apart by ${TOTAL} parts`, {
      remedy: `Compression needs a codebook of at most ${TOTAL} codes.`,
    });
  }
  const shared = TOTAL - codes;
  const starts = new Uint32Array(codes + 1);
  let sum = 0;
  for (let code = 0; code < codes; code++) {
    sum += weightOf(code);
    starts[code + 1] = code + 1 + Math.min(shared, Math.floor((sum * shared) / all));
  }
  starts[codes] = TOTAL;
  return { starts };
}

/** What a code costs by its table, in bits. */
export function codeBits({ starts }: CodeTable, code: number): number {
  return TOTAL_BITS - Math.log2(starts[code + 1]! - starts[code]!);
}

/** A checksum of tables, by which a reader knows that its own are those that a file was written with. */
export function tablesChecksum(tables: readonly CodeTable[]): number {
  const length = tables.reduce((sum, { starts }) => sum + starts.length, 0);
  const view = new DataView(new ArrayBuffer(4 * length));
  let at = 0;
  for (const { starts } of tables) {
    for (const start of starts) {
      view.setUint32(at, start, true);
      at += 4;
    }
  }
  return crc32(new Uint8Array(view.buffer));
}
