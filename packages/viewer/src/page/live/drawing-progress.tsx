import type { OpenedModel, SampledRow } from "../worker/protocol.ts";

/** How far a drawing is: the row that was drawn last; undefined before the first. */
export type Drawn = Pick<SampledRow, "level" | "row"> | undefined;

/** How far a drawing is, as a bar over all codes. */
export function DrawingProgress({
  levels,
  drawn,
}: {
  readonly levels: OpenedModel["levels"];
  readonly drawn: Drawn;
}) {
  const codes = levels.map(({ rows, columns }) => rows * columns);
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const done =
    drawn === undefined
      ? 0
      : sum(codes.slice(0, drawn.level)) + (drawn.row + 1) * levels[drawn.level]!.columns;
  return <progress aria-label="Codes drawn" value={done} max={sum(codes)} />;
}

/** `row 12 of 32`, or of several levels `level 2 of 3, row 12 of 32`. */
export function progressText(levels: OpenedModel["levels"], drawn: Drawn): string {
  const { level, row } = drawn ?? { level: 0, row: -1 };
  const own = `row ${row + 1} of ${levels[level]!.rows}`;
  return levels.length === 1 ? own : `level ${level + 1} of ${levels.length}, ${own}`;
}
