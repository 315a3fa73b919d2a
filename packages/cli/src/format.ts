/** Seconds as people read them: `0.4 s`, `42 s`, `3:07`, `1:02:33`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** A figure with the digits that say something: `0.0312`, `0.841`, `351`, `2.1e-7`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e6) return value.toExponential(1);
  if (magnitude >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}

/**
 * A table, with a heading in its first row, that finds room in the terminal: columns are left out in the order given.
 *
 * All of it where output goes elsewhere, to a file or a pipe.
 */
export function fittedTable(
  rows: readonly (readonly (string | number)[])[],
  { stream, leaveOut }: { readonly stream: NodeJS.WriteStream; readonly leaveOut: readonly string[] },
): string {
  let kept = rows;
  for (const name of leaveOut) {
    const whole = table(kept);
    const widest = Math.max(...whole.split("\n").map(({ length }) => length));
    if (!stream.isTTY || widest <= stream.columns) return whole;
    const column = kept[0]!.indexOf(name);
    kept = kept.map((row) => row.filter((_, index) => index !== column));
  }
  return table(kept);
}

/** Rows as aligned columns; numbers are set flush right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, String(cell).length);
    });
  }
  const line = (row: readonly (string | number)[]) =>
    row
      .map((cell, column) =>
        typeof cell === "number" ? String(cell).padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
