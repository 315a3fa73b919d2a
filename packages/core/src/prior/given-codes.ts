import type { CodeLevel } from "../code-space.ts";
import type { GivenCodes } from "./contract.ts";

/** The columns of each row whose codes are to be drawn: all of them but those that are given. */
export function columnsToDraw(
  { rows, columns }: Pick<CodeLevel, "rows" | "columns">,
  given: GivenCodes | undefined,
): readonly (readonly number[])[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => column).filter(
      (column) => given === undefined || given.known[row * columns + column] === 0,
    ),
  );
}

/** A grid that holds the codes that are given, and zeros elsewhere, `times` times: [times, rows, columns]. */
export function gridsWithGiven(
  { rows, columns }: Pick<CodeLevel, "rows" | "columns">,
  given: GivenCodes | undefined,
  times: number,
): Int32Array {
  const size = rows * columns;
  const grids = new Int32Array(times * size);
  if (given === undefined) return grids;
  return grids.map((_, at) => (given.known[at % size] === 0 ? 0 : given.codes[at % size]!));
}
