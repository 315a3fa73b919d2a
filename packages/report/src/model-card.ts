import type { Evaluation, Novelty, RunEvaluation, RunInfo } from "@slicebook/runs";
import { decimals } from "@slicebook/runs/figures";
import { stringify } from "yaml";
import { covariateNote, covariateTable } from "./covariate-table.ts";
import {
  baselinesNote,
  baselineTable,
  figureCells,
  maskTable,
  otherDataTable,
  rankedTable,
  type TextTable,
} from "./evaluation-tables.ts";
import { bitsOfEvenCodes, count, counted, duration, gibibytes, sides } from "./format.ts";
import { bitRates, blankNote, estimateNote, inWords, measuredFigures } from "./protocol.ts";
import type { ReportInput } from "./report-input.ts";
import { pixelNote, pixelTable } from "./sample-tables.ts";
import { priorBits, runInWords, splitNames } from "./summary.ts";

/**
 * The run's `README.md`: a model card (Mitchell et al., "Model cards for model reporting", 2019), with the front
 * matter that the Hugging Face hub reads.
 *
 * It says what the model is for and what not, its data, its figures with intervals and protocol, what it took, and
 * how to load it in TypeScript and in Python.
 */
export function modelCard(input: ReportInput): string {
  const { run, evaluation, evaluations, pictures, next } = input;
  const sections: readonly (string | undefined)[] = [
    `---\n${stringify(frontMatter(input), { lineWidth: 0 })}---`,
    `# ${escapeMarkdown(run.name)}`,
    input.notice === undefined ? undefined : `> **${prose(input.notice)}**`,
    runInWords(run),
    pictures
      .filter(({ animated }) => !animated)
      .map(({ alt, path }) => `![${escapeMarkdown(alt)}](${encodeURI(path)})`)
      .join("\n\n"),
    "## Intended use",
    "Research and teaching: compressing slices like the training slices into code grids, studying what a codebook " +
      "of them holds, drawing new slices from the prior.",
    "What it is **not** for:\n\n" +
      "- Diagnosis, treatment, or any decision about a person. It is not a medical device, and reconstructions may " +
      "lose or invent what a reader would look for.\n" +
      "- Data unlike the training data: other organs, sequences, scanners, orientations or preprocessing.\n" +
      "- Standing in for real data without a check: samples may resemble training slices closely, and the training " +
      "data's terms apply to what can be recognised in them.",
    "## Data",
    dataSection(run),
    input.covariates && covariateSection(input.covariates),
    "## Figures",
    evaluation === undefined
      ? "Not evaluated yet."
      : figuresSection(evaluation, priorBits(input.metrics, run.model), run),
    evaluations.length === 0 ? undefined : otherDataSection(evaluations),
    ...(input.novelty?.pixels ? ["## Samples", samplesSection(input.novelty.pixels)] : []),
    "## Model",
    `Preset \`${run.model.preset}\`: ${count(run.model.parameters)} parameters, ${run.model.codes} codes of ` +
      `${run.model.codeSize} values, ${run.model.grids.map(sides).join(" + ")} codes a slice. The whole configuration is in ` +
      "`config.yaml`, and `slicebook run config.yaml run.name=NAME` repeats the run.",
    "## Hardware and time",
    hardwareSection(run),
    "## Loading it",
    loadingSection(run),
    next.length === 0 ? undefined : "## What next",
    next.map(({ command, what }) => `- ${prose(what)}:\n\n  \`\`\`sh\n  ${command}\n  \`\`\``).join("\n"),
    "## Licence",
    run.data.adapter === "phantom"
      ? "Slicebook is MIT-licensed, and its phantoms are drawn by its own code: the weights may be used as MIT."
      : "Slicebook's code is MIT-licensed. The weights are made from the training data: what its terms say about " +
        "derived works applies to them, so check these before passing them on.",
  ];
  return `${sections.filter((section) => section !== undefined && section !== "").join("\n\n")}\n`;
}

/** The metadata that the Hugging Face hub reads: https://huggingface.co/docs/hub/model-cards */
function frontMatter({ run, evaluation }: ReportInput): object {
  const { adapter } = run.data;
  return {
    license: adapter === "phantom" ? "mit" : "other",
    library_name: "slicebook",
    pipeline_tag: "unconditional-image-generation",
    tags: ["vq-vae", "mri", "medical-imaging", "image-compression", adapter],
    ...(evaluation !== undefined && {
      "model-index": [
        {
          name: run.name,
          results: [
            {
              task: { type: "image-reconstruction" },
              dataset: { name: adapter, type: adapter, split: evaluation.split },
              metrics: measuredFigures(evaluation).map(({ name, estimate }) => ({
                name,
                type: name.toLowerCase().split(" ")[0]!,
                value: estimate.mean,
              })),
            },
          ],
        },
      ],
    }),
  };
}

function dataSection({ data, seed }: RunInfo): string {
  const splits = (["train", "validate", "test"] as const).map((split) => {
    const { slices, subjects, classes } = data.splits[split];
    const byClass = Object.entries(classes).map(([name, number]) => `${name} ${count(number)}`);
    return [splitNames[split], count(slices), count(subjects), byClass.join(", ") || "–"];
  });
  const skipped = data.skipped === 0 ? "" : ` ${counted(data.skipped, "slice")} could not be read.`;
  return (
    `Slices of \`${data.adapter}\`, ${sides(data.size)} (height×width), preprocessing ` +
    `\`${data.preprocessing}\`.${skipped} Fingerprint \`${data.fingerprint}\`, seed ${seed}.\n\n` +
    table(["Split", "Slices", "Subjects", "By class"], "lrrl", splits)
  );
}

function covariateSection(covariates: NonNullable<ReportInput["covariates"]>): string {
  const { head, rows } = covariateTable(covariates);
  const note = covariateNote(covariates);
  return [
    "Samples can be asked for by what is known of slices besides, in `codes/covariates.json`:",
    table(head, "llrrr", rows),
    ...(note === "" ? [] : [note]),
  ].join("\n\n");
}

function figuresSection(evaluation: RunEvaluation, bits: number | undefined, { model }: RunInfo): string {
  const measured = measuredFigures(evaluation);
  const { perplexity, codesInUse, codes, split } = evaluation;
  const prior =
    bits === undefined
      ? ""
      : ` The prior predicts validation code grids with ${decimals(bits, 2)} bits a code; without one a code takes ` +
        `${decimals(bitsOfEvenCodes(model), 2)}.`;
  return [
    `On the ${split} split the SSIM is ${inWords(measured[0]!)}. ${estimateNote}${blankNote(evaluation)}`,
    table(
      ["Figure", "Mean", "95 % interval", "SD", "Protocol"],
      "lrrrl",
      measured.map((figure) => [...figureCells(figure), figure.protocol]),
    ),
    `${codesInUse} of ${codes} codes are in use, with a perplexity of ${decimals(perplexity, 1)}.${prior}`,
    table(["Bits per pixel", "", "What it is"], "lrl", bitRates(evaluation)),
    ...extraTables(evaluation),
  ].join("\n\n");
}

/** The baselines, the errors by mask label and the worst slices, as far as they were measured. */
function extraTables({ baselines, masks, worst }: Evaluation): readonly string[] {
  const numbers = ({ head, rows }: TextTable, names = 1) =>
    table(head, "l".repeat(names) + "r".repeat(head.length - names), rows);
  return [
    ...(baselines === undefined
      ? []
      : [
          "What the same number of bytes buys otherwise:",
          numbers(baselineTable(baselines)),
          baselinesNote(baselines),
        ]),
    ...(masks === undefined ? [] : ["Errors within each label of the masks:", numbers(maskTable(masks))]),
    ...(worst === undefined ? [] : ["The worst slices:", numbers(rankedTable(worst), 2)]),
  ];
}

function samplesSection({ distances, limit }: NonNullable<Novelty["pixels"]>): string {
  const { head, rows } = pixelTable(distances);
  return [prose(limit.sentence), table(head, "lrrr", rows), pixelNote(distances)].join("\n\n");
}

function otherDataSection(evaluations: ReportInput["evaluations"]): string {
  const { head, rows } = otherDataTable(evaluations);
  return `On other data, by the same protocol:\n\n${table(head, "ll".padEnd(head.length, "r"), rows)}`;
}

function hardwareSection({ machine, engine, versions, stages, commit }: RunInfo): string {
  const times = Object.entries(stages).map(([stage, { seconds }]) => [stage, duration(seconds)]);
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.cpu}, ${counted(machine.cores, "core")}, ${gibibytes(machine.memory)} of memory, ${machine.platform}; ` +
      `${engine.description}. ${libraries.join(", ")}${commit === null ? "" : `; commit \`${commit}\``}. ` +
      energyText(Object.values(stages).map(({ joules }) => joules)),
    ...(times.length === 0 ? [] : [table(["Stage", "Time"], "lr", times)]),
  ].join("\n\n");
}

/** Of all stages, if it is known of each. */
function energyText(joules: readonly (number | undefined)[]): string {
  const known = joules.filter((energy) => energy !== undefined);
  if (known.length === 0 || known.length < joules.length) return "The energy it took was not measured.";
  const kilojoules = known.reduce((sum, energy) => sum + energy, 0) / 1000;
  return (
    `The processors took ${decimals(kilojoules, 1)} kJ (${decimals(kilojoules / 3.6, 1)} Wh) in that time, by their own ` +
    "counters, whatever else ran on them included."
  );
}

function loadingSection({ data, model }: RunInfo): string {
  const [height, width] = data.size;
  return `The checkpoint holds the whole training state; \`parameters\` takes the averaged weights out of it.

\`\`\`ts
import { readFile } from "node:fs/promises";
import { decodeSafetensors, vqvae, vqvaeSchema } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { parse } from "yaml";

const config = vqvaeSchema.parse(parse(await readFile("config.yaml", "utf8")).model);
const model = vqvae.bind(config, [${height}, ${width}]);
const { tensors } = decodeSafetensors(await readFile("checkpoints/best.safetensors"));
const parameters = model.parameters(tensors, { average: true });

const engine = await createEngine();
const encode = await engine.compile(model.encode, [model.imageSpec(1)], { parameters });
// Images preprocessed as config.yaml says, [1, ${height}, ${width}, 1], become codes, a list of
// ${model.grids.map((grid) => `[1, ${grid.join(", ")}]`).join(", ")}.
const images = { dtype: "float32", shape: [1, ${height}, ${width}, 1], data: new Float32Array(${height} * ${width}) } as const;
const codes = await encode.run(images);
\`\`\`

In Python, with the \`safetensors\` package (kernels are height × width × in × out):

\`\`\`python
from safetensors.numpy import load_file

tensors = load_file("checkpoints/best.safetensors")
weights = {name[len("average."):]: value for name, value in tensors.items() if name.startswith("average.")}
codebook = tensors["quantizer.codebook.0"] if "quantizer.codebook.0" in tensors else weights["codebook.0"]
print(codebook.shape, sorted(weights))
\`\`\``;
}

/** A Markdown table; `align` has a letter for each column, `l` or `r`. */
function table(head: readonly string[], align: string, rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(prose).join(" | ")} |`;
  const rule = `| ${Array.from(align, (side) => (side === "r" ? "---:" : "---")).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Text in which commands stand between backticks: these are code in Markdown too, all else is text. */
function prose(text: string): string {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return escapeMarkdown(text);
  // In a table a bar ends the cell even within code.
  return parts
    .map((part, index) => (index % 2 === 0 ? escapeMarkdown(part) : `\`${part.replaceAll("|", "\\|")}\``))
    .join("");
}

/** Text that Markdown takes as text. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>|]/g, "\\$&").replace(/\s+/g, " ");
}
