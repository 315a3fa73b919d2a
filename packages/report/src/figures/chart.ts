import type { TopLevelSpec } from "vega-lite";
import { type FontWeight, outlineText, textWidth } from "./font.ts";
import { ink } from "./palette.ts";

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

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  readonly color: string;
  /** Dots where the values are, for what is measured once an epoch. */
  readonly dots?: boolean;
  readonly dashed?: boolean;
  readonly points: readonly Point[];
}

/** Lines over one axis of positions. */
export interface Chart {
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

export type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];
type Encoding = NonNullable<Extract<Layer, { mark: unknown }>["encoding"]>;

const WIDTH = 640;
const HEIGHT = 380;
const MOST_POINTS = 500;
const FONT = "DejaVu Sans";

/** A PNG of an SVG document, at twice its size unless `scale` says otherwise. */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  // Vega's drawings have one pixel a unit, which is 72 dots an inch to librsvg.
  const drawing = sharp(Buffer.from(svg), { density: 72 * scale });
  // Charts have few colours: more effort takes three times as long for a tenth fewer bytes.
  return drawing.png({ palette: true, effort: 1 }).toBuffer();
}

/** Draws a chart. */
export async function drawChart(chart: Chart): Promise<Plot> {
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
    axis: {
      grid: false,
      tickCount: 8,
      ...(last - first >= 2 && { tickMinStep: 1, ...(last >= 10_000 && { format: "~s" }) }),
    },
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

/** Multiples of a power of ten to mark on an axis of at most this many decades. */
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

export function limitLayers(limit: Chart["limit"]): Layer[] {
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

export function frame(title: string, subtitle?: string) {
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

/** Renders a vega-lite specification as an SVG document whose text is drawn as paths. */
export async function renderSpec(spec: TopLevelSpec): Promise<string> {
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

export function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

/** Few enough points that a chart stays small: means of neighbours in groups of one size. */
export function thin(points: readonly Point[]): readonly Point[] {
  const group = Math.ceil(points.length / MOST_POINTS);
  if (group <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / group) }, (_, index) => {
    const members = points.slice(index * group, (index + 1) * group);
    const mean = (of: (point: Point) => number) =>
      members.reduce((sum, point) => sum + of(point), 0) / members.length;
    return { x: mean((point) => point.x), y: mean((point) => point.y) };
  });
}
