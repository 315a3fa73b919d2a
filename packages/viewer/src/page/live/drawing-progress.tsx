import type { OpenedModel, SampledRow } from "../worker/protocol.ts";

/** How far a drawing is: the row that was drawn last; undefined before the first. */
export type Drawn = Pick<SampledRow, "level" | "row"> | undefined;

/** How far a drawing is, in codes of one sample. */
export interface CodesDrawn {
  readonly done: number;
  readonly all: number;
}

/** How many codes are drawn of those that are to be: all, or those with a 1 in their level's mask. */
export function codesDrawn(
  levels: OpenedModel["levels"],
  drawn: Drawn,
  masks?: readonly Uint8Array[],
): CodesDrawn {
  const wanted = (level: number, end?: number): number =>
    masks === undefined
      ? (end ?? levels[level]!.rows * levels[level]!.columns)
      : masks[level]!.subarray(0, end).reduce((sum, one) => sum + one, 0);
  let [done, all] = [0, 0];
  for (const [level, { columns }] of levels.entries()) {
    all += wanted(level);
    if (drawn === undefined || level > drawn.level) continue;
    done += level < drawn.level ? wanted(level) : wanted(level, (drawn.row + 1) * columns);
  }
  return { done, all };
}

/** How far a drawing is, as a bar. */
export function DrawingProgress({ codes: { done, all } }: { readonly codes: CodesDrawn }) {
  return <progress aria-label="Codes drawn" value={done} max={all} />;
}

/** `row 12 of 32`, or of several levels `level 2 of 3, row 12 of 32`. */
export function progressText(levels: OpenedModel["levels"], drawn: Drawn): string {
  const { level, row } = drawn ?? { level: 0, row: -1 };
  const rowText = `row ${row + 1} of ${levels[level]!.rows}`;
  return levels.length === 1 ? rowText : `level ${level + 1} of ${levels.length}, ${rowText}`;
}
