import { readdir, readFile } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { shellQuote } from "@slicebook/base";
import { writeFileAtomic } from "@slicebook/base/node";
import { countCodes } from "@slicebook/core";
import {
  type FilmFrame,
  metricsCsv,
  modelCard,
  type NextCommand,
  type Picture,
  type Plot,
  plotCodebookUsage,
  plotMetrics,
  plotNovelty,
  progressionFilm,
  type ReportInput,
  readFrame,
  reportHtml,
  svgToPng,
} from "@slicebook/report";
import {
  evaluationSchema,
  exists,
  frameFile,
  frameSteps,
  hashOfFile,
  type MetricsRow,
  missing,
  type Novelty,
  originalsFile,
  type PriorEvaluation,
  type RunInfo,
  readCovariates,
  readJsonIfThere,
  withoutPlaces,
} from "@slicebook/runs";
import { splitCodes } from "@slicebook/runs/tensors";
import type { Session } from "@slicebook/session";
import sharp from "sharp";
import { codesPicture, extremesPicture } from "./evaluate.ts";
import type { StageDefinition } from "./stage.ts";

/** Pictures in the film of the training. */
const MOST_FRAMES = 30;

/** Curves, the film of the training, the report, the model card and the metrics as CSV. */
export const reportStage: StageDefinition = {
  name: "report",
  sections: [],
  needs: [],
  resumable: false,

  async inputs({ paths, record }) {
    const { report: _, ...stages } = (await record())?.stages ?? {};
    const files = [
      paths.config,
      paths.metrics,
      paths.prior.metrics,
      paths.evaluation,
      paths.prior.evaluation,
      paths.codes.test,
      join(paths.samples, "grid.png"),
      paths.novelty,
      ...(await evaluationFiles(paths.evaluations)),
    ];
    return {
      stages,
      frames: await frameSteps(paths.progression),
      files: await Promise.all(files.map(hashOfFile)),
    };
  },

  outputs: ({ paths }) => [paths.report, paths.card, paths.csv],

  async run(session) {
    const { config, paths } = session;
    const run = await session.record();
    if (run === undefined) throw missing(paths.folder, { what: "training", stage: "train" });
    const metrics = await session.metrics();
    const { evaluation, prior } = await session.evaluations();
    const novelty = await session.novelty();
    const plots = await drawPlots(session, metrics, novelty);
    await filmOf(session, metrics);
    const input: ReportInput = {
      run,
      config: withoutPlaces(await readFile(paths.config, "utf8"), paths.config),
      metrics,
      ...overfitNotice(config.train),
      ...(evaluation === undefined ? {} : { evaluation }),
      evaluations: await otherEvaluations(paths.evaluations),
      ...(novelty === undefined ? {} : { novelty }),
      ...covariatesIn(session, prior),
      pictures: await pictures(session, run),
      plots,
      next: nextCommands(shownFolder(paths.folder), run, config.sample.seed),
    };
    for (const [path, content, what] of [
      [paths.csv, metricsCsv(metrics), "metrics as CSV"],
      [paths.card, modelCard(input), "model card"],
      [paths.report, reportHtml(input), "report"],
    ] as const) {
      await writeFileAtomic(path, content);
      session.made(path, what);
    }
  },
};

function covariatesIn(
  { paths }: Session,
  prior: PriorEvaluation | undefined,
): Pick<ReportInput, "covariates"> {
  const kept = readCovariates(paths);
  if (kept === undefined || kept.covariates.length === 0) return {};
  const { bitsPerCode: told, bitsPerCodeUntold: untold } = prior?.test ?? {};
  const bits = told === undefined || untold === undefined ? {} : { bitsPerCode: { told, untold } };
  return { covariates: { ...kept, ...bits } };
}

function overfitNotice({ overfit }: Session["config"]["train"]): Pick<ReportInput, "notice"> {
  if (overfit === null) return {};
  const slices = overfit === 1 ? "slice" : `${overfit} slices`;
  return {
    notice: `This run was trained, validated and tested on the same ${slices}, to see whether the model can learn them: its figures say nothing about other slices.`,
  };
}

async function drawPlots(
  session: Session,
  metrics: readonly MetricsRow[],
  novelty: Novelty | undefined,
): Promise<readonly Plot[]> {
  const { paths, made } = session;
  const { levels } = session.model;
  const test = await splitCodes(session, "test");
  const plots = [
    ...(await plotMetrics(metrics, { codes: levels.reduce((sum, { codes }) => sum + codes, 0) })),
  ];
  for (const [level, { data }] of (test?.levels ?? []).entries()) {
    plots.push(await plotCodebookUsage(countCodes(data, levels[level]!.codes), level));
  }
  if (novelty !== undefined) plots.push(...(await plotNovelty(novelty)));
  for (const { name, spec, svg } of plots) {
    await writeFileAtomic(join(paths.plots, `${name}.vl.json`), `${JSON.stringify(spec)}\n`);
    await writeFileAtomic(join(paths.plots, `${name}.svg`), svg);
    await writeFileAtomic(join(paths.plots, `${name}.png`), await svgToPng(svg));
    made(join(paths.plots, `${name}.svg`), "plot");
    made(join(paths.plots, `${name}.png`), "plot");
  }
  return plots;
}

async function filmOf({ config, paths, made }: Session, metrics: readonly MetricsRow[]): Promise<void> {
  const all = await frameSteps(paths.progression);
  if (all.length === 0) return;
  const steps = all.filter(
    (_, index) =>
      Math.floor((index * MOST_FRAMES) / all.length) !== Math.floor(((index - 1) * MOST_FRAMES) / all.length),
  );
  const [height] = config.dataset.size;
  const validatedRows = new Map(
    metrics.flatMap((row) => (row.stage === "train" && row.validation ? [[row.step, row]] : [])),
  );
  const frames: FilmFrame[] = [];
  for (const step of steps) {
    const row = validatedRows.get(step);
    const ssim = row?.validation?.ssim;
    const epoch = row === undefined ? [] : [`epoch ${row.epoch}`];
    const label = [
      `step ${step}`,
      ...epoch,
      ...(ssim === undefined ? [] : [`SSIM ${ssim.mean.toFixed(3)}`]),
    ].join(", ");
    frames.push({ label, images: await readFrame(frameFile(paths.progression, step), height) });
  }
  const film = await progressionFilm(await readFrame(originalsFile(paths.progression), height), frames);
  for (const [ending, bytes] of [
    ["webp", film.webp],
    ["gif", film.gif],
  ] as const) {
    const path = join(paths.folder, `progression.${ending}`);
    await writeFileAtomic(path, bytes);
    made(path, "film of the training");
  }
}

async function pictures({ paths }: Session, { data, model, stages }: RunInfo): Promise<Picture[]> {
  const wanted = [
    {
      file: join(paths.reconstructions, "test.png"),
      title: "Reconstructions",
      text: "Slices of the test split over what the model makes of their codes, and the error.",
      alt: `Test slices of ${data.adapter}, their reconstructions and maps of the absolute error.`,
    },
    {
      file: extremesPicture(join(paths.reconstructions, "test")),
      title: "The worst and the best",
      text: "The test slices of the lowest and of the highest SSIM, over what the model makes of them, and the error.",
      alt: `The worst and the best reconstructions of test slices of ${data.adapter}, with maps of the absolute error.`,
    },
    {
      file: join(paths.folder, "progression.webp"),
      title: "Training progression",
      text: "The same validation slices, reconstructed ever better as training goes on.",
      alt: "Validation slices over their reconstructions at successive steps of the training.",
      animated: true,
    },
    ...model.grids.map((_, level) => ({
      file: codesPicture(join(paths.reconstructions, "test"), level),
      title: level === 0 ? "Code grids" : `Code grids, level ${level + 1}`,
      text: "Each test slice over its grid of codes; like codes have like colours.",
      alt: "Test slices over their code grids in colour.",
    })),
    ...(stages.sample === undefined
      ? []
      : [
          {
            file: join(paths.samples, "grid.png"),
            title: "Samples",
            text: "New slices: code grids drawn from the prior, decoded.",
            alt: "A grid of slices that the model has drawn.",
          },
          {
            file: join(paths.samples, "nearest.png"),
            title: "Samples and their nearest training slices",
            text: "The samples that are nearest to a training slice, over it; both decoded.",
            alt: "Samples over the training slices that are most like them.",
          },
        ]),
  ];
  const existing: Picture[] = [];
  for (const { file, ...rest } of wanted) {
    if (!(await exists(file))) continue;
    const path = relative(paths.folder, file).split(sep).join("/");
    existing.push({ ...rest, path, bytes: await embedded(await readFile(file), rest) });
  }
  return existing;
}

/** A picture as the report holds it: a still one as JPEG where that is smaller; the run's folder has it to the last bit. */
async function embedded(
  bytes: Uint8Array,
  { animated = false }: Pick<Picture, "animated">,
): Promise<Uint8Array> {
  if (animated) return bytes;
  // A browser's PDF takes JPEGs as they are, and unpacks a WebP. MozJPEG would save a sixth in three times the time.
  const jpeg = await sharp(bytes)
    .flatten({ background: "white" })
    .jpeg({ quality: 82, chromaSubsampling: "4:4:4" })
    .toBuffer();
  return jpeg.length < bytes.length ? jpeg : bytes;
}

async function evaluationFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}

async function otherEvaluations(folder: string): Promise<ReportInput["evaluations"]> {
  const files = await evaluationFiles(folder);
  return files.flatMap((file) => {
    const evaluation = readJsonIfThere(file, evaluationSchema);
    return evaluation === undefined ? [] : [{ name: basename(file, ".json"), evaluation }];
  });
}

/** The run's folder from the current one; where it lies elsewhere its name must do, since reports are passed on. */
function shownFolder(folder: string): string {
  const fromHere = relative(process.cwd(), folder);
  return fromHere === "" || fromHere.startsWith("..") || isAbsolute(fromHere)
    ? basename(resolve(folder))
    : fromHere;
}

function nextCommands(folder: string, { stages }: RunInfo, seed: number): NextCommand[] {
  const prior = stages["train-prior"] !== undefined;
  return [
    ...(prior
      ? [
          {
            command: `slicebook sample ${shellQuote(folder)} sample.seed=${seed + 1} sample.count=64`,
            what: "draw other samples",
          },
        ]
      : [{ command: `slicebook train-prior ${shellQuote(folder)}`, what: "train the prior of code grids" }]),
    { command: `slicebook reconstruct ${shellQuote(folder)} FILE…`, what: "reconstruct slices of your own" },
    {
      command: `slicebook evaluate ${shellQuote(folder)} dataset.root=FOLDER`,
      what: "evaluate on another folder",
    },
  ];
}
