import { HIDDEN, isPlace } from "@slicebook/runs";
import { decimals, FIGURES, figureKeys, figureText, withUnit } from "@slicebook/runs/figures";
import type { Comparison } from "./comparison.ts";
import type { Plot } from "./figures/chart.ts";
import { count, counted, duration, meanAndInterval, noInterval, sides } from "./format.ts";
import { html, inlineSvg, table } from "./markup.ts";
import { page, type Section } from "./page.ts";

/** One self-contained HTML page about several runs: figures, curves, and the settings that differ. */
export function comparisonHtml({
  runs,
  settings,
  notes,
  plots,
  version,
}: Omit<Comparison, "files"> & {
  readonly plots: readonly Plot[];
  readonly version: string;
}): string {
  const others = figureKeys.filter((key) => key !== "ssim");
  const figures = table({
    caption: `The test split; differences of SSIM from ${runs[0]!.label}, over the same subjects`,
    head: [
      "Run",
      ["SSIM, 95 % interval"],
      ["Difference, 95 % interval"],
      ...others.map((key): [string] => [withUnit(FIGURES[key])]),
    ],
    rows: runs.map(({ label, ssim, difference, figures }) => [
      label,
      ssim === null ? "–" : meanAndInterval(ssim, FIGURES.ssim.digits),
      difference === null ? "–" : signed(difference),
      ...others.map((key) => figureText(FIGURES[key], figures[key])),
    ]),
  });
  const efforts = table({
    caption: "What each run is and took",
    head: ["Run", "Data", "Size", "Model", ["Parameters"], "Grid", ["Slices seen"], ["Training"], "Engine"],
    rows: runs.map(({ label, data, model, images, seconds, engine }) => [
      label,
      data.adapter,
      sides(data.size),
      `${model.preset}, ${counted(model.codes, "code")}`,
      count(model.parameters),
      model.grids.map(sides).join(" + "),
      images === null ? "–" : count(images),
      duration(seconds),
      engine,
    ]),
  });
  const warned = notes.map((note) => html`<p class="note">${note}.</p>\n`);
  const drawn = plots.map(({ svg, alt }) => html`<figure class="plot">${inlineSvg(svg, alt)}</figure>\n`);
  const sections: Section[] = [
    ["figures", "Figures", html`${warned}${figures}\n${efforts}`],
    ...(plots.length === 0 ? [] : [["curves", "Curves", html`<div class="plots">\n${drawn}</div>`] as const]),
    [
      "settings",
      "Settings",
      settings.length === 0
        ? html`<p>Every setting is the same.</p>`
        : table({
            caption: "Settings that are not the same",
            head: ["Setting", ...runs.map(({ label }) => label)],
            rows: settings.map(({ key, values }) => [
              key,
              ...values.map((value) =>
                value === null ? "not given" : isPlace(key, JSON.parse(value)) ? HIDDEN : value,
              ),
            ]),
          }),
    ],
  ];
  const names = runs.map(({ label }) => label);
  return page({
    title: `${names.join(", ")}: Slicebook comparison`,
    heading: `${runs.length} runs compared`,
    lead: names.join(", "),
    version,
    top: [],
    sections,
    foot: `Made by Slicebook ${version}.`,
  });
}

/** `+0.0123 [0.0050, 0.0196]`. */
function signed({ mean, ci95, subjects }: NonNullable<Comparison["runs"][number]["difference"]>): string {
  const text = (value: number) => `${value < 0 ? "−" : "+"}${decimals(Math.abs(value), 4)}`;
  return ci95 === null
    ? `${text(mean)} (${noInterval({ subjects })})`
    : `${text(mean)} [${text(ci95[0])}, ${text(ci95[1])}]`;
}
