import type { Estimate, MetricsRow } from "@slicebook/runs";
import type { TopLevelSpec } from "vega-lite";
import {
  type Chart,
  drawChart,
  format,
  frame,
  limitLayers,
  type Plot,
  type Point,
  renderSpec,
  type Series,
  thin,
} from "./chart.ts";
import { okabeIto } from "./palette.ts";

export interface MetricsPlotOptions {
  /** Codes in the codebook, drawn as a line that codes in use cannot pass. */
  readonly codes?: number;
}

/** Whether there is something to draw: on a logarithmic axis, a value above 0. */
function hasPoints({ points }: Series, { log = false }: Chart): boolean {
  return points.some(({ y }) => !log || y > 0);
}

const byStep = "training step";
const byEpoch = "epoch";

/**
 * Draws every curve that the rows of `metrics.jsonl` have values for.
 *
 * The names: `loss`, `loss-log`, `loss-parts`, `ssim` (with its 95 % interval), `codes` (perplexity and codes in use),
 * `learning-rate`, `gradient-norm`; of the prior `prior-bits`, `prior-bits-log`, `prior-accuracy`,
 * `prior-learning-rate`.
 */
export async function plotMetrics(
  rows: readonly MetricsRow[],
  options: MetricsPlotOptions = {},
): Promise<readonly Plot[]> {
  const model = rows.filter((row) => row.stage === "train");
  const prior = rows.filter((row) => row.stage === "prior");
  const charts = [...modelCharts(model, options), ...priorCharts(prior)]
    .map((chart) => ({ ...chart, series: chart.series.filter((series) => hasPoints(series, chart)) }))
    .filter((chart) => chart.series.length > 0);
  return Promise.all(charts.map(drawChart));
}

/**
 * Draws how often each code is used, the commonest first.
 *
 * @param counts uses of each code, in the codebook's order
 * @param level the number of the codebook's level, from 0
 */
export async function plotCodebookUsage(counts: ArrayLike<number>, level = 0): Promise<Plot> {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const shares = Array.from(counts, (count) => (total === 0 ? 0 : (100 * count) / total)).sort(
    (a, b) => b - a,
  );
  const used = shares.filter((share) => share > 0).length;
  const entropy = shares.reduce(
    (sum, share) => (share > 0 ? sum - (share / 100) * Math.log(share / 100) : sum),
    0,
  );
  const perplexity = total === 0 ? 0 : Math.exp(entropy);
  const title = level === 0 ? "Codebook usage" : `Codebook usage, level ${level + 1}`;
  const subtitle = `${used} of ${shares.length} codes in use, perplexity ${format(perplexity)}`;
  // Each code is a step from its left edge to its right one.
  const values = [...shares, shares[shares.length - 1] ?? 0].map((share, rank) => ({ rank, share }));
  const spec: TopLevelSpec = {
    ...frame(title, subtitle),
    layer: [
      {
        data: { values },
        mark: { type: "area", interpolate: "step-after", color: okabeIto.blue },
        encoding: {
          x: {
            field: "rank",
            type: "quantitative",
            title: "codes, commonest first",
            axis: { grid: false, tickCount: 8 },
            scale: { domain: [0, shares.length], nice: false },
          },
          y: { field: "share", type: "quantitative", title: "share of all codes (%)" },
        },
      },
      ...limitLayers({ value: 100 / Math.max(shares.length, 1), label: "all codes used alike" }),
    ],
  };
  return {
    name: level === 0 ? "codebook-usage" : `codebook-usage-${level + 1}`,
    title,
    alt: `${title}: ${subtitle}.`,
    spec,
    svg: await renderSpec(spec),
  };
}

function modelCharts(rows: readonly MetricsRow[], options: MetricsPlotOptions): readonly Chart[] {
  const epochs = rows.filter((row) => row.kind === "epoch");
  const loss: readonly Series[] = [
    { name: "training", color: okabeIto.blue, points: curve(rows, (row) => row.train.loss) },
    {
      name: "validation",
      color: okabeIto.vermillion,
      dots: true,
      points: curve(epochs, (row) => row.validation?.loss),
    },
  ];
  const epochCurve = (of: (row: MetricsRow) => number | undefined) => curve(epochs, of, (row) => row.epoch);
  const ssim = epochs.flatMap((row) =>
    row.validation?.ssim ? [ssimPoint(row.epoch, row.validation.ssim)] : [],
  );
  return [
    { name: "loss", title: "Loss", x: byStep, y: "loss", zero: true, series: loss },
    {
      name: "loss-log",
      title: "Loss, logarithmic",
      x: byStep,
      y: "loss (log scale)",
      log: true,
      series: loss,
    },
    {
      name: "loss-parts",
      title: "Parts of the training loss",
      x: byStep,
      y: "loss (log scale)",
      log: true,
      series: [
        {
          name: "reconstruction",
          color: okabeIto.blue,
          points: curve(rows, (row) => row.train.reconstruction),
        },
        {
          name: "commitment",
          color: okabeIto.orange,
          points: curve(rows, (row) => row.train.commitment),
        },
      ],
    },
    {
      name: "ssim",
      title: "Structural similarity on the validation split",
      x: byEpoch,
      y: "SSIM (mean, 95 % interval)",
      series: [{ name: "validation", color: okabeIto.vermillion, dots: true, points: ssim }],
    },
    {
      name: "codes",
      title: "Use of the codebook",
      x: byEpoch,
      y: "codes",
      zero: true,
      series: [
        {
          name: "perplexity, training",
          color: okabeIto.blue,
          dots: true,
          points: epochCurve((row) => row.train.perplexity),
        },
        {
          name: "perplexity, validation",
          color: okabeIto.vermillion,
          dots: true,
          points: epochCurve((row) => row.validation?.perplexity),
        },
        {
          name: "in use, training",
          color: okabeIto.skyBlue,
          dashed: true,
          dots: true,
          points: epochCurve((row) => row.train.codesInUse),
        },
        {
          name: "in use, validation",
          color: okabeIto.orange,
          dashed: true,
          dots: true,
          points: epochCurve((row) => row.validation?.codesInUse),
        },
      ],
      ...(options.codes !== undefined && {
        limit: { value: options.codes, label: `${options.codes} codes in the codebook` },
      }),
    },
    ...stepCharts("", rows),
  ];
}

/** The colours of the prior's levels, the coarsest first. */
const LEVEL_COLOURS = [okabeIto.blue, okabeIto.vermillion, okabeIto.green, okabeIto.orange, okabeIto.skyBlue];

function priorCharts(rows: readonly MetricsRow[]): readonly Chart[] {
  const parts = [...new Set(rows.map(({ part }) => part))];
  const pair = (metric: "bitsPerCode" | "accuracy", scale = 1): readonly Series[] =>
    parts.flatMap((part, index) => {
      const partRows = rows.filter((row) => row.part === part);
      const level = part === undefined ? "" : `, level ${part + 1}`;
      // Of one part, the two lines differ in colour; of several, parts do.
      const [training, validation] =
        part === undefined
          ? [okabeIto.blue, okabeIto.vermillion]
          : [LEVEL_COLOURS[index % LEVEL_COLOURS.length]!, LEVEL_COLOURS[index % LEVEL_COLOURS.length]!];
      return [
        {
          name: `training${level}`,
          color: training,
          dashed: part !== undefined,
          points: curve(partRows, (row) => times(scale, row.train[metric])),
        },
        {
          name: `validation${level}`,
          color: validation,
          dots: true,
          points: curve(
            partRows.filter((row) => row.kind === "epoch"),
            (row) => times(scale, row.validation?.[metric]),
          ),
        },
      ];
    });
  return [
    {
      name: "prior-bits",
      title: "Prior: bits per code",
      x: byStep,
      y: "bits per code",
      series: pair("bitsPerCode"),
    },
    {
      name: "prior-accuracy",
      title: "Prior: codes guessed right",
      x: byStep,
      y: "accuracy (%)",
      zero: true,
      series: pair("accuracy", 100),
    },
    ...stepCharts("prior", rows),
  ];
}

function stepCharts(stage: "" | "prior", rows: readonly MetricsRow[]): readonly Chart[] {
  const prefix = stage === "" ? "" : `${stage}-`;
  const named = (title: string) => (stage === "" ? title : `Prior: ${title.toLowerCase()}`);
  return [
    {
      name: `${prefix}learning-rate`,
      title: named("Learning rate"),
      x: byStep,
      y: "learning rate",
      zero: true,
      series: eachPart(rows, (row) => row.train.learningRate),
    },
    {
      name: `${prefix}gradient-norm`,
      title: named("Gradient norm"),
      x: byStep,
      y: "norm of the gradient (log scale)",
      log: true,
      series: eachPart(rows, (row) => row.train.gradientNorm),
    },
  ];
}

/** A line of training, or one for each level that is trained by itself. */
function eachPart(
  rows: readonly MetricsRow[],
  value: (row: MetricsRow) => number | undefined,
): readonly Series[] {
  return [...new Set(rows.map(({ part }) => part))].map((part, index) => ({
    name: part === undefined ? "training" : `training, level ${part + 1}`,
    color: LEVEL_COLOURS[index % LEVEL_COLOURS.length]!,
    points: curve(
      rows.filter((row) => row.part === part),
      value,
    ),
  }));
}

function times(factor: number, value: number | undefined): number | undefined {
  return value === undefined ? undefined : factor * value;
}

function curve(
  rows: readonly MetricsRow[],
  value: (row: MetricsRow) => number | undefined,
  position: (row: MetricsRow) => number = (row) => row.step,
): readonly Point[] {
  const points = rows.flatMap((row) => {
    const y = value(row);
    return y !== undefined && Number.isFinite(y) ? [{ x: position(row), y }] : [];
  });
  return thin(points);
}

function ssimPoint(epoch: number, ssim: Estimate): Point {
  return ssim.ci95 === null
    ? { x: epoch, y: ssim.mean }
    : { x: epoch, y: ssim.mean, low: ssim.ci95[0], high: ssim.ci95[1] };
}
