import { crc32, SlicebookError } from "@slicebook/base";

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
  const codes = counts.length;
  if (codes > TOTAL) {
    throw new SlicebookError("CODES_TOO_MANY", `${codes} codes cannot be told apart by ${TOTAL} parts`, {
      remedy: `Compression needs a codebook of at most ${TOTAL} codes.`,
    });
  }
  let all = codes;
  for (let code = 0; code < codes; code++) all += counts[code]!;
  // Each code has a part for itself; the others are shared by the running sums of the counts, so that they add up.
  const shared = TOTAL - codes;
  const starts = new Uint32Array(codes + 1);
  let sum = 0;
  for (let code = 0; code < codes; code++) {
    sum += counts[code]! + 1;
    starts[code + 1] = code + 1 + Math.floor((sum * shared) / all);
  }
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
