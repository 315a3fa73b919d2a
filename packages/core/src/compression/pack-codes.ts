import type { CodeTable } from "./code-table.ts";
import { type RangeDecoder, type RangeEncoder, rangeDecoder, rangeEncoder } from "./range-coder.ts";

/** The codes of each level (one slice's, in raster order), entropy coded by the level's table. */
export function packCodes(levels: readonly ArrayLike<number>[], tables: readonly CodeTable[]): Uint8Array {
  const encoder = rangeEncoder();
  for (const [level, codes] of levels.entries()) {
    const table = tables[level]!;
    for (let index = 0; index < codes.length; index++) putCode(encoder, table, codes[index]!);
  }
  return encoder.finish();
}

/** Reads what {@link packCodes} wrote, `lengths` codes a level, by the same tables. */
export function unpackCodes(
  bytes: Uint8Array,
  lengths: readonly number[],
  tables: readonly CodeTable[],
): Int32Array[] {
  const decoder = rangeDecoder(bytes);
  return lengths.map((length, level) => {
    const table = tables[level]!;
    const codes = new Int32Array(length);
    for (let index = 0; index < length; index++) {
      codes[index] = takeCode(decoder, table);
    }
    return codes;
  });
}

/** Codes one more code by its table. */
export function putCode(encoder: RangeEncoder, table: CodeTable, code: number): void {
  encoder.put(intervalOf(table, code));
}

/** Reads what {@link putCode} wrote by an equal table. */
export function takeCode(decoder: RangeDecoder, table: CodeTable): number {
  const code = codeAt(table, decoder.peek());
  decoder.take(intervalOf(table, code));
  return code;
}

function intervalOf({ starts }: CodeTable, code: number): { start: number; length: number } {
  const start = starts[code];
  const end = starts[code + 1];
  if (start === undefined || end === undefined) {
    throw new RangeError(`code ${code} is not among the ${starts.length - 1} of its table`);
  }
  return { start, length: end - start };
}

/** The code whose part of 2¹⁶ holds a number. */
function codeAt({ starts }: CodeTable, number: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= number) low = middle;
    else high = middle;
  }
  return low;
}
