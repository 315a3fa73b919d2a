import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { summarise } from "@slicebook/core";
import { type Evaluation, readRun, runNames } from "@slicebook/runs";
import { comparisonNotes, differentSettings, sameSlices } from "./comparable.ts";
import type { Comparison, PairedDifference } from "./comparison.ts";
import { comparisonHtml } from "./comparison-html.ts";
import { svgToPng } from "./figures/chart.ts";
import { plotComparison } from "./figures/plot-comparison.ts";

/**
 * Compares runs: their figures, the settings that differ, and with `out` a page with their curves in one chart each
 * (`index.html`, and the charts as SVG, PNG and vega-lite specifications).
 */
export async function compareRuns(
  folders: readonly string[],
  { out }: { readonly out?: string } = {},
): Promise<Comparison> {
  if (folders.length < 2) {
    throw new SlicebookError("ARGUMENT_INVALID", "one run has nothing to be compared with", {
      remedy: "Name at least two run folders; `slicebook list` shows them.",
    });
  }
  const runs = await Promise.all(folders.map(readRun));
  const labels = runNames(runs.map(({ summary }) => summary));
  const [first] = runs;
  const comparison = {
    runs: runs.map((run, index) => ({
      ...run.summary,
      label: labels[index]!,
      difference: run === first ? null : pairedDifference(first!.evaluation, run.evaluation),
    })),
    settings: differentSettings(runs.map(({ config }) => config.value)).map(({ key, values }) => ({
      key,
      values: values.map((value) => (value === undefined ? null : JSON.stringify(value))),
    })),
    notes: comparisonNotes(runs.map(({ evaluation }, index) => ({ label: labels[index]!, evaluation }))),
  };
  if (out === undefined) return { ...comparison, files: [] };

  const plots = await plotComparison(runs.map(({ metrics }, index) => ({ name: labels[index]!, metrics })));
  const files: string[] = [];
  const write = async (name: string, content: string | Uint8Array) => {
    const path = join(out, name);
    await writeFileAtomic(path, content);
    files.push(path);
  };
  for (const { name, spec, svg } of plots) {
    await write(join("plots", `${name}.svg`), svg);
    await write(join("plots", `${name}.png`), await svgToPng(svg));
    await write(join("plots", `${name}.vl.json`), `${JSON.stringify(spec)}\n`);
  }
  const version = runs[0]?.info.versions.slicebook ?? "";
  await write("index.html", comparisonHtml({ ...comparison, plots, version }));
  return { ...comparison, files };
}

function pairedDifference(
  first: Evaluation | undefined,
  other: Evaluation | undefined,
): PairedDifference | null {
  if (first === undefined || other === undefined || !sameSlices(first, other)) return null;
  const differences = other.subjects.map(({ ssim }, index) => ssim - first.subjects[index]!.ssim);
  const { mean, ci95, subjects } = summarise(
    differences,
    other.subjects.map(({ subject }) => subject),
  );
  return { mean, ci95, subjects };
}
