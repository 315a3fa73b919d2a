import type { Evaluation, RunEvaluation, RunInfo } from "@slicebook/runs";
import { decimals } from "@slicebook/runs/figures";
import { covariateNote, covariateTable } from "./covariate-table.ts";
import {
  baselinesNote,
  baselineTable,
  figureCells,
  maskTable,
  otherDataTable,
  rankedTable,
  subjectTable,
} from "./evaluation-tables.ts";
import {
  bitsOfEvenCodes,
  count,
  counted,
  duration,
  gibibytes,
  interval,
  noInterval,
  sides,
} from "./format.ts";
import { type Content, html, inlineSvg, table, withCode } from "./markup.ts";
import { noveltySection } from "./novelty-html.ts";
import { page, type Section } from "./page.ts";
import { bitRates, blankNote, estimateNote, measuredFigures } from "./protocol.ts";
import type { Picture, ReportInput } from "./report-input.ts";
import { priorBits, runInWords, splitNames } from "./summary.ts";

/**
 * One self-contained HTML page about a run: figures with intervals and protocol, pictures, curves, data, settings,
 * environment and times.
 *
 * It asks nothing of the network (its content security policy forbids it), has no scripts, and follows the reader's
 * light or dark setting.
 */
export function reportHtml(input: ReportInput): string {
  const { run, evaluation, evaluations, pictures, plots, next } = input;
  const sections: readonly Section[] = [
    ...(evaluation === undefined ? [] : [["figures", "Figures", figures(evaluation)] as const]),
    ...pictures.map(
      (picture, index) => [`picture-${index + 1}`, picture.title, pictureFigure(picture)] as const,
    ),
    ...(input.novelty === undefined
      ? []
      : [["novelty", "Novelty of the samples", noveltySection(input.novelty)] as const]),
    ...(plots.length === 0 ? [] : [["curves", "Curves", curves(plots)] as const]),
    ...(evaluations.length === 0 ? [] : [["other-data", "Other data", otherData(evaluations)] as const]),
    ["data", "Data", dataTable(run)],
    ...(input.covariates === undefined
      ? []
      : [["covariates", "Covariates", covariateSection(input.covariates)] as const]),
    ["settings", "Settings", settings(input.config)],
    ["environment", "Environment and time", environment(run)],
    ...(next.length === 0 ? [] : [["next", "What next", nextCommands(next)] as const]),
  ];
  return page({
    title: `${run.name}: Slicebook report`,
    heading: run.name,
    lead: runInWords(run),
    version: run.versions.slicebook ?? "",
    top: [notice(input), cards(input)],
    sections,
    foot: `Made by Slicebook ${run.versions.slicebook ?? ""} from the run of ${day(run.created)}.`,
  });
}

function notice({ notice: text }: ReportInput): Content {
  return text === undefined ? [] : html`<p class="notice"><strong>${text}</strong></p>\n`;
}

function cards({ evaluation, metrics, run }: ReportInput): Content {
  const bits = priorBits(metrics, run.model);
  const shown: [name: string, value: string, more: string][] = [];
  if (evaluation !== undefined) {
    const { ssim, msSsim, psnr, codesInUse, codes, perplexity, bitsPerPixel } = evaluation;
    const from = `${counted(ssim.n, "slice")} of ${counted(ssim.subjects, "subject")}, ${evaluation.split} split`;
    const range = (estimate: typeof ssim, digits: number) =>
      estimate.ci95 === null ? noInterval(estimate) : `95 % interval ${interval(estimate, digits)}`;
    shown.push(
      ["SSIM", decimals(ssim.mean, 3), `${range(ssim, 3)}; ${from}`],
      [`MS-SSIM, ${counted(msSsim.scales, "scale")}`, decimals(msSsim.mean, 3), range(msSsim, 3)],
      ["PSNR", `${decimals(psnr.mean, 1)} dB`, range(psnr, 1)],
      ["Codes in use", count(codesInUse), `of ${count(codes)}; perplexity ${decimals(perplexity, 1)}`],
      [
        "Bits per pixel",
        decimals(bitsPerPixel.prior ?? bitsPerPixel.entropy, 3),
        `${bitsPerPixel.prior === null ? "by the codes' entropy" : "by the prior"}; ${decimals(bitsPerPixel.fixed, 3)} with codes of one length`,
      ],
    );
  }
  if (bits !== undefined) {
    const most = decimals(bitsOfEvenCodes(run.model), 2);
    shown.push(["Prior", `${decimals(bits, 2)} bits`, `a code, validation split; ${most} without a prior`]);
  }
  if (shown.length === 0) return [];
  const groups = shown.map(
    ([name, value, more]) =>
      html`<div class="card"><dt>${name}</dt><dd class="value">${value}</dd><dd>${more}</dd></div>\n`,
  );
  return html`<dl class="cards">\n${groups}</dl>`;
}

function figures(evaluation: RunEvaluation): Content {
  const measured = measuredFigures(evaluation);
  const { ssim, split, subjects } = evaluation;
  const quality = table({
    caption: `The ${split} split: ${counted(ssim.n, "slice")} of ${counted(ssim.subjects, "subject")}`,
    head: ["Figure", ["Mean"], ["95 % interval"], ["Standard deviation"], "Protocol"],
    rows: measured.map((figure) => [
      ...figureCells(figure),
      `${figure.protocol} ${figure.better === "higher" ? "Higher" : "Lower"} is better.`,
    ]),
  });
  const rates = table({
    caption: "Bits per pixel, by each way to count",
    head: ["Count", ["Bits per pixel"], "What it is"],
    rows: bitRates(evaluation),
  });
  const { head, rows } = subjectTable(subjects);
  const bySubject = table({ caption: "Means of each subject", head: numbers(head), rows });
  return html`<p>${estimateNote}${blankNote(evaluation)}</p>
${quality}
${rates}
${extraTables(evaluation)}<details><summary>Every subject</summary>
${bySubject}
</details>`;
}

/** A table's head whose first column names rows, and whose others are numbers. */
function numbers([first, ...others]: readonly string[]): (string | [string])[] {
  return [first!, ...others.map((name): [string] => [name])];
}

/** The baselines, the errors by mask label and the best and worst slices, as far as they were measured. */
function extraTables(evaluation: Evaluation): Content {
  const { baselines, masks, best, worst } = evaluation;
  const parts: Content[] = [];
  if (baselines !== undefined) {
    const { head, rows } = baselineTable(baselines);
    const caption = "What the same number of bytes buys otherwise";
    parts.push(
      html`${table({ caption, head: numbers(head), rows })}\n<p>${withCode(baselinesNote(baselines))}</p>\n`,
    );
  }
  if (masks !== undefined) {
    const { head, rows } = maskTable(masks);
    parts.push(
      html`${table({ caption: "Errors within each label of the masks", head: numbers(head), rows })}\n`,
    );
  }
  for (const [caption, slices] of [
    ["The worst slices", worst],
    ["The best slices", best],
  ] as const) {
    if (slices === undefined) continue;
    const { head, rows } = rankedTable(slices);
    parts.push(
      html`${table({ caption, head: ["Slice", "Subject", ...head.slice(2).map((name): [string] => [name])], rows })}\n`,
    );
  }
  return parts;
}

function pictureFigure(picture: Picture): Content {
  const source = `data:${mediaType(picture.bytes)};base64,${Buffer.from(picture.bytes).toString("base64")}`;
  const image = html`<img src="${source}" alt="${picture.alt}">`;
  const caption = picture.text === undefined ? [] : html`\n<figcaption>${picture.text}</figcaption>`;
  const figure = html`<figure class="picture">\n${image}${caption}\n</figure>`;
  return picture.animated
    ? html`<details class="film"><summary>Play the film</summary>\n${figure}\n</details>`
    : figure;
}

function curves(plots: ReportInput["plots"]): Content {
  const drawn = plots.map(({ svg, alt }) => html`<figure class="plot">${inlineSvg(svg, alt)}</figure>\n`);
  return html`<div class="plots">\n${drawn}</div>`;
}

function otherData(evaluations: ReportInput["evaluations"]): Content {
  const { head, rows } = otherDataTable(evaluations);
  return table({
    caption: "This model on other data, by the same protocol",
    head: ["Name", "Data", ...head.slice(2).map((name): [string] => [name])],
    rows,
  });
}

function covariateSection(covariates: NonNullable<ReportInput["covariates"]>): Content {
  const { head, rows } = covariateTable(covariates);
  const [name = "", values = "", ...counts] = head;
  const caption = "What is known of slices besides, and of how many";
  const known = table({ caption, head: [name, values, ...counts.map((one): [string] => [one])], rows });
  return html`${known}\n<p>${covariateNote(covariates)}</p>`;
}

function dataTable({ data }: RunInfo): Content {
  const classes = [...new Set(Object.values(data.splits).flatMap((split) => Object.keys(split.classes)))];
  const splits = (["train", "validate", "test"] as const).map((split) => {
    const { slices, subjects, classes: byClass } = data.splits[split];
    return [
      splitNames[split],
      count(slices),
      count(subjects),
      ...classes.map((name) => count(byClass[name] ?? 0)),
    ];
  });
  const skipped =
    data.skipped === 0
      ? []
      : html`<p>${counted(data.skipped, "slice")} could not be read and ${data.skipped === 1 ? "was" : "were"} left out.</p>\n`;
  return html`${table({
    caption: "Slices and subjects of each split",
    head: ["Split", ["Slices"], ["Subjects"], ...classes.map((name): [string] => [`${name} slices`])],
    rows: splits,
  })}
${skipped}${table({
  caption: "The data set",
  head: ["Property", "Value"],
  rows: [
    ["Adapter", data.adapter],
    ["Size (height×width)", sides(data.size)],
    ["Preprocessing", data.preprocessing],
    ["Fingerprint", data.fingerprint],
  ],
})}`;
}

function settings(config: string): Content {
  return html`<details><summary>config.yaml, every default written out</summary>
<pre tabindex="0" aria-label="config.yaml"><code>${config}</code></pre>
</details>`;
}

function environment({ machine, engine, versions, seed, commit, model, stages, created }: RunInfo): Content {
  const facts = [
    ["Model", `${model.preset}, ${count(model.parameters)} parameters`],
    ["Engine", engine.description],
    ["Processor", `${machine.cpu}, ${counted(machine.cores, "core")}`],
    ["Memory", gibibytes(machine.memory)],
    ["Platform", machine.platform],
    ["Seed", String(seed)],
    ["Commit", commit ?? "not known"],
    ["Started", created],
    [
      "Versions",
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ],
  ];
  const times = Object.entries(stages).map(([stage, { seconds, finished }]) => [
    stage,
    duration(seconds),
    finished,
  ]);
  return html`${table({ caption: "Where and with what it was made", head: ["What", "Value"], rows: facts })}
${times.length === 0 ? [] : table({ caption: "Time of each stage", head: ["Stage", ["Time"], "Finished"], rows: times })}`;
}

function nextCommands(commands: ReportInput["next"]): Content {
  const items = commands.map(
    ({ command, what }) => html`<div><dt><code>${command}</code></dt><dd>${what}</dd></div>\n`,
  );
  return html`<dl class="commands">\n${items}</dl>`;
}

function mediaType(bytes: Uint8Array): string {
  if (bytes[0] === 0x89) return "image/png";
  return bytes[0] === 0xff ? "image/jpeg" : "image/webp";
}

function day(time: string): string {
  return time.slice(0, 10);
}
