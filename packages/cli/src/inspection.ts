import type { Inspection } from "@slicebook/pipeline";
import { formatNumber, table } from "./format.ts";

/** An inspection as a page of text. */
export function describeInspection(inspection: Inspection): string {
  const { dataset, root, size, splits, sizes, types, range, statistics, skipped, fingerprint } = inspection;
  const classes = inspection.classes;
  const rows = Object.entries(splits).map(([split, summary]) => [
    split,
    summary.slices,
    summary.subjects,
    ...classes.map((name) => summary.classes[name] ?? 0),
  ]);
  const facts = [
    ["data set", root === undefined ? dataset : `${dataset} in ${root}`],
    ["size used", `${size[0]}×${size[1]} (height × width)`],
    ["stored sizes", counts(sizes)],
    ["stored types", counts(types)],
    ["values", `${formatNumber(range[0])} to ${formatNumber(range[1])}`],
    ["preprocessed", `mean ${rounded(statistics.mean)}, variance ${rounded(statistics.variance)}`],
    ["fingerprint", fingerprint],
  ];
  const sections = [table([["split", "slices", "subjects", ...classes], ...rows]), table(facts)];
  if (skipped.length > 0) {
    const lines = skipped.map(({ path, reason }) => `  ${path}: ${reason}`);
    sections.push(`${skipped.length} slices left out, since they cannot be read\n${lines.join("\n")}`);
  }
  return `${sections.join("\n\n")}\n`;
}

function counts(record: Readonly<Record<string, number>>): string {
  return Object.entries(record)
    .map(([name, count]) => `${name} (${count})`)
    .join(", ");
}

/** To three decimals, so that a mean of nearly nothing is shown as 0. */
function rounded(value: number): string {
  return formatNumber(Number(value.toFixed(3)));
}
