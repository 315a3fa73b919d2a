import { join, parse } from "node:path";
import { counted } from "@slicebook/base";
import type { Result } from "@slicebook/pipeline";
import {
  FIGURES,
  type FigureText,
  figureKeys,
  figureText,
  SLICE_FIGURES,
  sliceFigureKeys,
  withUnit,
} from "@slicebook/runs/figures";
import { formatDuration, formatNumber, table } from "./format.ts";
import { describeInspection } from "./inspection.ts";
import { programName } from "./invocation.ts";

/** What is told besides the figures of a run. */
const LABELS: Readonly<Record<string, string>> = { originalBytes: "Bytes before", bytes: "Bytes" };

/** What was done, made and measured, and what to type next. */
export function describeResult(result: Result): string {
  const { run, stages, figures, baselines, limit, files, next, slices, inspection, dryRun } = result;
  const sections: string[] = [];
  if (inspection !== undefined) sections.push(describeInspection(inspection));
  if (run !== undefined) sections.push(`Run      ${run}`);
  if (stages.length > 0) {
    const done = stages.filter(({ state }) => state === "done");
    const skipped = stages.filter(({ state }) => state === "skipped");
    const parts = done.map(({ stage, seconds }) => `${stage} (${formatDuration(seconds)})`);
    if (skipped.length > 0) parts.push(`unchanged: ${skipped.map(({ stage }) => stage).join(", ")}`);
    sections.push(`Stages   ${parts.join(", ")}`);
  }
  if (dryRun) sections.push("Dry run  every stage took a step on a few slices; nothing was kept");
  if (files.length > 0) sections.push(`Made\n${indent(groupFiles(files).join("\n"))}`);
  if (slices !== undefined) {
    sections.push(`Slices\n${indent(table(slices.map(({ name, bytes }) => [name, `${bytes} bytes`])))}`);
  }
  const rows = figureRows(figures);
  if (rows.length > 0) sections.push(`Figures\n${indent(table(rows))}`);
  if (baselines !== undefined) sections.push(describeBaselines(baselines));
  if (limit !== undefined) sections.push(`Samples  ${limit.sentence}`);
  if (next !== "") sections.push(`Next     ${next.replace(/^(npx )?slicebook\b/, programName())}`);
  return `\n${sections.join("\n")}\n`;
}

function figureRows({ ssimLow, ssimHigh, subjects, ...figures }: Result["figures"]): [string, string][] {
  const known = figureKeys.flatMap((key): [string, string][] => {
    const value = figures[key];
    if (value === undefined) return [];
    const figure = FIGURES[key];
    const text = `${figureText(figure, value)}${figure.unit === "" ? "" : ` ${figure.unit}`}`;
    return [[figure.name, key === "ssim" ? `${text}${intervalOf(figure)}` : text]];
  });
  const others = Object.entries(figures)
    .filter(([name]) => !(name in FIGURES))
    .map(([name, value]): [string, string] => [LABELS[name] ?? name, formatNumber(value)]);
  return [...known, ...others];

  function intervalOf(figure: Pick<FigureText, "digits">): string {
    if (subjects === undefined) return "";
    if (ssimLow === undefined || ssimHigh === undefined)
      return `  (no interval from ${counted(subjects, "subject")})`;
    return `  (95 % interval ${figureText(figure, ssimLow)} to ${figureText(figure, ssimHigh)})`;
  }
}

const baselineNames = {
  model: "this model",
  mean: "mean of training",
  pca: "PCA",
  jpeg: "JPEG",
  webp: "WebP",
  avif: "AVIF",
} as const;

/** What as many bytes buy otherwise, a line each. */
function describeBaselines({ slices, of, rows }: NonNullable<Result["baselines"]>): string {
  const lines = rows.map(({ name, bitsPerPixel, components, larger, ...estimates }) => [
    baselineNames[name] + (components === undefined ? "" : ` (${components})`),
    figureText(FIGURES.bitsPerPixel, bitsPerPixel),
    ...sliceFigureKeys.map((key) => figureText(SLICE_FIGURES[key], estimates[key]?.mean)),
    larger === undefined || larger === 0 ? "" : `${larger} larger at the lowest quality`,
  ]);
  const measured = slices === of ? counted(slices, "test slice") : `${slices} of ${of} test slices`;
  return `At the bytes of our files coded by tables, ${measured}\n${indent(
    table([
      ["", FIGURES.bitsPerPixel.name, ...sliceFigureKeys.map((key) => withUnit(SLICE_FIGURES[key]))],
      ...lines,
    ]),
  )}`;
}

/** Files of one name and several endings on one line: `plots/loss.{svg,png}`. */
function groupFiles(files: readonly string[]): string[] {
  const endings = new Map<string, string[]>();
  for (const file of files) {
    const { dir, name, ext } = parse(file);
    const stem = join(dir, name);
    endings.set(stem, [...(endings.get(stem) ?? []), ext.slice(1)]);
  }
  return [...endings].map(([stem, [first, ...others]]) => {
    if (others.length > 0) return `${stem}.{${[first, ...others].join(",")}}`;
    return first === "" ? stem : `${stem}.${first}`;
  });
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
