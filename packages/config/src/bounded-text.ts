/** Characters of one part of a message, and its lines, at most: the rest helps nobody. */
const LONGEST = 400;
const MOST_LINES = 20;

/** Text that somebody else wrote, for a message: cut where it is long. */
export function bounded(text: string, longest = LONGEST): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** The first lines of many, which alone are made, and how many more there are. */
export function boundedLines(lines: readonly (() => string)[]): string {
  const shown = lines.slice(0, MOST_LINES).map((line) => bounded(line(), 4 * LONGEST));
  return [...shown, ...(lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} more`] : [])].join(
    "\n",
  );
}
