import type { TopLevelSpec } from "vega-lite";
import type { Estimate, MetricsRow } from "../report/types.ts";
import { type FontWeight, outlineText, textWidth } from "./font.ts";
import { ink, okabeIto } from "./palette.ts";

// Vega exports this hook for renderers with their own text, but its types leave it out.
declare module "vega" {
  const textMetrics: {
    width: (
      item: { readonly fontSize?: number; readonly fontWeight?: string | number },
      text: string | number | null | undefined,
    ) => number;
  };
}

/** One chart, ready to be written. */
export interface Plot {
  /** A file name without its ending: `loss-log`. */
  readonly name: string;
  readonly title: string;
  /** What the chart shows, in words, with the first and last values. */
  readonly alt: string;
  /** The vega-lite specification with its data. */
  readonly spec: TopLevelSpec;
  /** A whole SVG document; its text is drawn as paths. */
  readonly svg: string;
}

export interface MetricsPlotOptions {
  /** Codes in the codebook, drawn as a line that codes in use cannot pass. */
  readonly codes?: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

interface Series {
  readonly name: string;
  readonly color: string;
  /** Dots where the values are, for what is measured once an epoch. */
  readonly dots?: boolean;
  readonly dashed?: boolean;
  readonly points: readonly Point[];
}

interface Chart {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly log?: boolean;
  /** Whether the axis of the values starts at zero. */
  readonly zero?: boolean;
  readonly series: readonly Series[];
  /** A horizontal line with its label. */
  readonly limit?: { readonly value: number; readonly label: string };
}

type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];
type Encoding = NonNullable<Extract<Layer, { mark: unknown }>["encoding"]>;

const WIDTH = 640;
const HEIGHT = 380;
const MOST_POINTS = 500;
const FONT = "DejaVu Sans";

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
    .map((chart) => ({ ...chart, series: chart.series.filter((series) => series.points.length > 0) }))
    .filter((chart) => chart.series.length > 0);
  return Promise.all(charts.map(drawChart));
}

/**
 * Draws how often each code is used, the commonest first.
 *
 * @param counts uses of each code, in the codebook's order
 */
export async function plotCodebookUsage(counts: ArrayLike<number>): Promise<Plot> {
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
  const title = "Codebook usage";
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
  return { name: "codebook-usage", title, alt: `${title}: ${subtitle}.`, spec, svg: await renderSpec(spec) };
}

/** A PNG of an SVG document, at twice its size unless `scale` says otherwise. */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  // Vega's drawings have one pixel a unit, which is 72 dots an inch to librsvg.
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .png({ palette: true, compressionLevel: 9 })
    .toBuffer();
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

function priorCharts(rows: readonly MetricsRow[]): readonly Chart[] {
  const epochs = rows.filter((row) => row.kind === "epoch");
  const pair = (metric: "bitsPerCode" | "accuracy", scale = 1): readonly Series[] => [
    {
      name: "training",
      color: okabeIto.blue,
      points: curve(rows, (row) => times(scale, row.train[metric])),
    },
    {
      name: "validation",
      color: okabeIto.vermillion,
      dots: true,
      points: curve(epochs, (row) => times(scale, row.validation?.[metric])),
    },
  ];
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
      series: [
        { name: "training", color: okabeIto.blue, points: curve(rows, (row) => row.train.learningRate) },
      ],
    },
    {
      name: `${prefix}gradient-norm`,
      title: named("Gradient norm"),
      x: byStep,
      y: "norm of the gradient (log scale)",
      log: true,
      series: [
        { name: "training", color: okabeIto.blue, points: curve(rows, (row) => row.train.gradientNorm) },
      ],
    },
  ];
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

/** At most so many points that a chart stays small: means of neighbours in groups of one size. */
function thin(points: readonly Point[]): readonly Point[] {
  const group = Math.ceil(points.length / MOST_POINTS);
  if (group <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / group) }, (_, index) => {
    const members = points.slice(index * group, (index + 1) * group);
    const mean = (of: (point: Point) => number) =>
      members.reduce((sum, point) => sum + of(point), 0) / members.length;
    return { x: mean((point) => point.x), y: mean((point) => point.y) };
  });
}

function ssimPoint(epoch: number, ssim: Estimate): Point {
  return ssim.ci95 === null
    ? { x: epoch, y: ssim.mean }
    : { x: epoch, y: ssim.mean, low: ssim.ci95[0], high: ssim.ci95[1] };
}

async function drawChart(chart: Chart): Promise<Plot> {
  const spec = chartSpec(chart);
  return { name: chart.name, title: chart.title, alt: altOf(chart), spec, svg: await renderSpec(spec) };
}

function chartSpec(chart: Chart): TopLevelSpec {
  const series = chart.log
    ? chart.series.map((one) => ({ ...one, points: one.points.filter((point) => point.y > 0) }))
    : chart.series;
  const values = series.flatMap(({ name, points }) => points.map((point) => ({ series: name, ...point })));
  const hasBand = values.some((value) => value.low !== undefined);
  const names = series.map(({ name }) => name);
  const dots = series.filter((one) => one.dots).map(({ name }) => name);
  const positions = values.map(({ x }) => x);
  const [first, last] = [Math.min(...positions), Math.max(...positions)];
  const x = {
    field: "x",
    type: "quantitative",
    title: chart.x,
    scale: { zero: false, nice: false, domain: first === last ? [first - 1, last + 1] : [first, last] },
    axis: { grid: false, tickCount: 8, ...(last - first >= 2 && { tickMinStep: 1, format: "~s" }) },
  } satisfies Encoding["y"];
  const heights = values.flatMap((value) => [value.y, value.low ?? value.y, value.high ?? value.y]);
  const extent: number[] = [Math.min(...heights) / 1.1, Math.max(...heights) * 1.1];
  const y = {
    field: "y",
    type: "quantitative",
    title: chart.y,
    scale: chart.log
      ? { type: "log", nice: false, domain: extent }
      : { zero: chart.zero ?? false, nice: true },
    axis: chart.log
      ? { values: logTicks(extent[0]!, extent[1]!), labelExpr: "'' + datum.value" }
      : { tickCount: 6 },
  } satisfies Encoding["y"];
  const color = {
    field: "series",
    type: "nominal",
    scale: { domain: names, range: series.map((one) => one.color) },
    legend: names.length > 1 ? { columns: 2 } : null,
  } satisfies Encoding["color"];
  const strokeDash = {
    field: "series",
    type: "nominal",
    scale: { domain: names, range: series.map((one) => (one.dashed ? [6, 4] : [1, 0])) },
    legend: names.length > 1 ? { columns: 2 } : null,
  } satisfies Encoding["color"];
  return {
    ...frame(chart.title),
    layer: [
      ...(hasBand
        ? [
            {
              data: { values: values.filter((value) => value.low !== undefined) },
              mark: { type: "area", opacity: 0.2 },
              encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
            } satisfies Layer,
          ]
        : []),
      {
        data: { values },
        mark: { type: "line", strokeWidth: 2, strokeJoin: "round" },
        encoding: { x, y, color, ...(series.some((one) => one.dashed) && { strokeDash }) },
      },
      {
        data: { values: values.filter((value) => dots.includes(value.series)) },
        mark: { type: "point", filled: true, size: values.length > 120 ? 12 : 36, opacity: 1 },
        encoding: { x, y, color },
      },
      ...limitLayers(chart.limit),
    ],
  };
}

/** Multiples of a power of ten to mark on an axis of so many decades at most. */
const tickSteps: readonly (readonly [decades: number, steps: readonly number[]])[] = [
  [0.7, [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]],
  [1.3, [1, 1.5, 2, 3, 5, 7]],
  [4, [1, 2, 5]],
  [Number.POSITIVE_INFINITY, [1]],
];

/** Round numbers within the range of a logarithmic axis. */
function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const [, steps] = tickSteps.find(([most]) => decades <= most)!;
  const first = Math.floor(Math.log10(low));
  const exponents = Array.from({ length: Math.ceil(decades) + 2 }, (_, index) => first + index);
  return exponents
    .flatMap((exponent) => steps.map((step) => Number(`${step}e${exponent}`)))
    .filter((tick) => tick >= low && tick <= high);
}

function limitLayers(limit: Chart["limit"]): Layer[] {
  if (limit === undefined) return [];
  const data = { values: [{ limit: limit.value }] };
  const y = { field: "limit", type: "quantitative" } as const;
  return [
    { data, mark: { type: "rule", color: ink.muted, strokeDash: [2, 3] }, encoding: { y } },
    {
      data,
      mark: {
        type: "text",
        align: "right",
        dy: -7,
        x: "width",
        color: ink.muted,
        fontSize: 11,
        text: limit.label,
      },
      encoding: { y },
    },
  ];
}

function frame(title: string, subtitle?: string) {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: title,
    width: WIDTH,
    height: HEIGHT,
    autosize: { type: "fit", contains: "padding" },
    padding: 14,
    background: ink.paper,
    title: {
      text: title,
      ...(subtitle !== undefined && { subtitle }),
      anchor: "start",
      frame: "group",
      fontSize: 15,
      fontWeight: "bold",
      color: ink.text,
      subtitleColor: ink.muted,
      subtitleFontSize: 12,
      subtitlePadding: 5,
      offset: 12,
    },
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: "normal",
        labelColor: ink.muted,
        titleColor: ink.text,
        gridColor: ink.grid,
        domainColor: ink.line,
        tickColor: ink.line,
        titlePadding: 10,
        labelPadding: 4,
        labelFlush: false,
      },
      axisY: { domain: false, ticks: false },
      legend: {
        orient: "top",
        title: null,
        labelFontSize: 12,
        labelColor: ink.text,
        symbolType: "stroke",
        symbolStrokeWidth: 3,
        symbolSize: 400,
        columnPadding: 24,
        rowPadding: 4,
        offset: 8,
      },
    },
  } as const;
}

async function renderSpec(spec: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  vega.textMetrics.width = (item, text) => {
    const bold = item.fontWeight === "bold" || Number(item.fontWeight) >= 600;
    const weight: FontWeight = bold ? "bold" : "normal";
    return text === null || text === undefined
      ? 0
      : textWidth(String(text).trim(), item.fontSize ?? 11, weight);
  };
  const view = new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: "none" });
  try {
    return outlineText(await view.toSVG());
  } finally {
    view.finalize();
  }
}

function altOf(chart: Chart): string {
  const series = chart.series.map(({ name, points }) => {
    const [first, last] = [points[0]!, points[points.length - 1]!];
    return points.length === 1
      ? `${name} ${format(last.y)} at ${chart.x} ${format(last.x)}`
      : `${name} from ${format(first.y)} to ${format(last.y)} at ${chart.x} ${format(last.x)}`;
  });
  return `${chart.title}: ${series.join("; ")}.`;
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
