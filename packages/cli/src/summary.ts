import { join, parse } from "node:path";
import { counted } from "@slicebook/base";
import type { Result } from "@slicebook/pipeline";
import { formatDuration, formatNumber, table } from "./format.ts";
import { describeInspection } from "./inspection.ts";
import { programName } from "./invocation.ts";

/** Figures' names as people write them, in the order in which they are shown; others follow as they are. */
const labels: Readonly<Record<string, string>> = {
  ssim: "SSIM",
  ssimDefault: "SSIM (7×7)",
  msSsim: "MS-SSIM",
  psnr: "PSNR",
  mse: "MSE",
  perplexity: "perplexity",
  codesInUse: "codes in use",
  bitsPerCode: "bits per code",
  bitsPerPixel: "bits per pixel",
  samplesAuc: "samples' AUC",
  samplesCoverage: "samples' coverage",
  samplesDensity: "samples' density",
  samplesPatchDistance: "samples' patch distance",
  originalBytes: "bytes before",
  bytes: "bytes",
};

const units: Readonly<Record<string, string>> = { psnr: " dB" };

/** What was done, made and measured, and what to type next. */
export function describeResult(result: Result): string {
  const { run, stages, figures, baselines, limit, files, next, inspection, dryRun } = result;
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
  const rows = figureRows(figures);
  if (rows.length > 0) sections.push(`Figures\n${indent(table(rows))}`);
  if (baselines !== undefined) sections.push(describeBaselines(baselines));
  if (limit !== undefined) sections.push(`Samples  ${limit.sentence}`);
  if (next !== "") sections.push(`Next     ${next.replace(/^(npx )?slicebook\b/, programName())}`);
  return `\n${sections.join("\n")}\n`;
}

function figureRows({ ssimLow, ssimHigh, subjects, ...figures }: Result["figures"]): [string, string][] {
  const names = [...Object.keys(labels), ...Object.keys(figures)].filter((name) => name in figures);
  return [...new Set(names)].map((name) => {
    const text = `${formatNumber(figures[name]!)}${units[name] ?? ""}`;
    if (name !== "ssim" || subjects === undefined) return [labels[name] ?? name, text];
    if (ssimLow === undefined || ssimHigh === undefined)
      return [
        labels.ssim!,
        `${text}  (no interval from ${subjects} ${subjects === 1 ? "subject" : "subjects"})`,
      ];
    return [labels.ssim!, `${text}  (95 % interval ${formatNumber(ssimLow)} to ${formatNumber(ssimHigh)})`];
  });
}

const baselineNames = {
  model: "this model",
  mean: "mean of training",
  pca: "PCA",
  jpeg: "JPEG",
  webp: "WebP",
} as const;

/** What as many bytes buy otherwise, a line each. */
function describeBaselines({ slices, of, rows }: NonNullable<Result["baselines"]>): string {
  const lines = rows.map(({ name, bitsPerPixel, components, larger, ssim, msSsim, psnr }) => [
    baselineNames[name] + (components === undefined ? "" : ` (${components})`),
    bitsPerPixel.toFixed(3),
    ssim.mean.toFixed(4),
    msSsim.mean.toFixed(4),
    `${psnr.mean.toFixed(2)} dB`,
    larger === undefined || larger === 0 ? "" : `${larger} larger at the lowest quality`,
  ]);
  const measured = slices === of ? counted(slices, "test slice") : `${slices} of ${of} test slices`;
  return `At the bytes of our files, ${measured}\n${indent(
    table([["", "bits/pixel", "SSIM", "MS-SSIM", "PSNR"], ...lines]),
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
