import { counted } from "@slicebook/base";
import { type Comparison, compareRuns } from "@slicebook/report";
import { FIGURES, figureKeys, withUnit } from "@slicebook/runs/figures";
import { formatDuration, table } from "../format.ts";
import { paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { figure, ssimWithInterval } from "../run-figures.ts";

/** Prints runs side by side, and says where the page with their curves is. */
export async function printComparison(
  folders: readonly string[],
  { json, out }: { readonly json?: boolean; readonly out: string },
): Promise<void> {
  const comparison = await compareRuns(folders, { out });
  process.stdout.write(json ? `${JSON.stringify(comparison)}\n` : describeComparison(comparison));
}

type Row = [name: string, of: (run: Comparison["runs"][number]) => string];

function describeComparison({ runs, settings, notes, files }: Comparison): string {
  const rows: Row[] = [
    ["Data", ({ data }) => `${data.adapter} ${data.size.join("×")}`],
    ["SSIM", ssimWithInterval],
    ["  less the first run's", differenceOf],
    ...figureKeys
      .filter((key) => key !== "ssim")
      .map(
        (key): Row => [
          withUnit(FIGURES[key]),
          (run) => `${figure(run, key)}${key === "codesInUse" ? ` of ${run.model.codes}` : ""}`,
        ],
      ),
    ["Slices seen", ({ images }) => (images === null ? "–" : String(images))],
    ["Training", ({ seconds }) => formatDuration(seconds)],
  ];
  const figures = table([
    ["", ...runs.map(({ label }) => label)],
    ...rows.map(([name, of]) => [name, ...runs.map(of)]),
  ]);
  const sections = [printable(figures)];
  if (settings.length > 0) {
    const lines = settings.map(({ key, values }) => [key, ...values.map((value) => value ?? "not given")]);
    sections.push(printable(table([["setting", ...runs.map(({ label }) => label)], ...lines])));
  }
  for (const note of notes) sections.push(`${paint("yellow", "note:", process.stdout)} ${printable(note)}`);
  const page = files.find((file) => file.endsWith("index.html"));
  if (page !== undefined) sections.push(`Curves   ${page}`);
  return `${sections.join("\n\n")}\n`;
}

function differenceOf({ difference }: Comparison["runs"][number]): string {
  if (difference === null) return "–";
  const signed = (value: number) => `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
  const interval = difference.ci95?.map(signed).join(" to ");
  return `${signed(difference.mean)} (${interval ?? counted(difference.subjects, "subject")})`;
}
