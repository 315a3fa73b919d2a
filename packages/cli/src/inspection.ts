import { counted } from "@slicebook/base";
import type { Inspection } from "@slicebook/pipeline";
import { formatNumber, table } from "./format.ts";

/** An inspection as a page of text. */
export function describeInspection(inspection: Inspection): string {
  const { dataset, root, size, splits, sizes, types, range, statistics, skipped, fingerprint } = inspection;
  const classes = inspection.classes;
  const { estimate } = inspection;
  const masks = Object.values(splits).reduce((sum, split) => sum + split.masks, 0);
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
    ...(hasClasses(inspection) ? [["class balance", balance(inspection)]] : []),
    ...(masks === 0 ? [] : [["masks", `${counted(masks, "slice")} ${masks === 1 ? "has" : "have"} one`]]),
    ["preprocessed", `mean ${rounded(statistics.mean)}, variance ${rounded(statistics.variance)}`],
    ["prepared", `${bytes(estimate.preparedBytes)} on disk, in memory with dataset.cache=false`],
    ["first reading", `about ${seconds(estimate.decodeSeconds)}, later ones from the cache`],
    ["an epoch reads", `for about ${seconds(estimate.epochSeconds)}, ${bytes(estimate.sliceBytes)} a slice`],
    ["fingerprint", fingerprint],
  ];
  const sections = [table([["split", "slices", "subjects", ...classes], ...rows]), table(facts)];
  if (skipped.length > 0) {
    const lines = skipped.map(({ path, reason }) => `  ${path}: ${reason}`);
    sections.push(`${counted(skipped.length, "slice")} left out, unreadable\n${lines.join("\n")}`);
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

function hasClasses({ classes }: Inspection): boolean {
  return classes.length > 1;
}

/** `train 52 % AD, 48 % NC; …` of the splits' slices. */
function balance({ classes, splits }: Inspection): string {
  return Object.entries(splits)
    .filter(([, { slices }]) => slices > 0)
    .map(([split, { slices, classes: counts }]) => {
      const shares = classes.map((name) => `${Math.round((100 * (counts[name] ?? 0)) / slices)} % ${name}`);
      return `${split} ${shares.join(", ")}`;
    })
    .join("; ");
}

function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${formatNumber(count / 1024 ** unit)} ${units[unit]}`;
}

function seconds(count: number): string {
  return count < 1 ? `${Math.max(1, Math.round(1000 * count))} ms` : `${formatNumber(count)} s`;
}
