import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { short } from "../format.ts";
import { onThemeChange, themeColour } from "./theme.tsx";

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** A custom property, such as `--series-1`. */
  readonly colour: string;
  /** Points, each with its place along x; in rising order. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

/** A chart of lines over a common x axis; the values under the pointer stand in its legend. */
export function Chart({
  title,
  xName,
  series,
  log,
  group,
}: {
  readonly title: string;
  readonly xName: string;
  readonly series: readonly Series[];
  /** Whether the y axis is logarithmic. */
  readonly log: boolean;
  /** Charts of one group share the pointer. */
  readonly group: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify([
    title,
    xName,
    log,
    group,
    series.map(({ name, colour, dashed }) => [name, colour, dashed]),
  ]);
  const data = aligned(series);

  useEffect(() => {
    const element = box.current!;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(
        optionsOf({ xName, series, log, group, width: element.clientWidth }),
        data,
        element,
      );
    };
    make();
    const resize = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resize.observe(element);
    const offTheme = onThemeChange(make);
    return () => {
      resize.disconnect();
      offTheme();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return (
    <section class="panel chart" aria-label={title}>
      <h3>{title}</h3>
      <div ref={box} class="plot" />
      <p class="hidden">{described(title, series)}</p>
    </section>
  );
}

const HEIGHT = 220;

function optionsOf({
  xName,
  series,
  log,
  group,
  width,
}: {
  readonly xName: string;
  readonly series: readonly Series[];
  readonly log: boolean;
  readonly group: string;
  readonly width: number;
}): uPlot.Options {
  const [muted, edge] = [themeColour("--muted"), themeColour("--edge")];
  const axis: uPlot.Axis = {
    stroke: muted,
    grid: { stroke: edge, width: 1 },
    ticks: { stroke: edge, width: 1, size: 4 },
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: group }, points: { size: 7 }, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
    axes: [
      { ...axis, label: xName, labelSize: 18, labelGap: 2, size: 34 },
      { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : short(tick))) },
    ],
    series: [
      { label: xName, value: (_, value) => (value === null ? "–" : short(value)) },
      ...series.map(
        ({ name, colour, dashed }): uPlot.Series => ({
          label: name,
          stroke: themeColour(colour),
          width: 1.75,
          spanGaps: true,
          points: { show: dashed === true, size: 5 },
          ...(dashed ? { dash: [6, 4] } : {}),
          value: (_, value) => short(value),
        }),
      ),
    ],
  };
}

/** One list of places along x, and for each series its value at each; null where it has none. */
function aligned(series: readonly Series[]): uPlot.AlignedData {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const places = new Map(xs.map((x, index) => [x, index]));
  const ys = series.map(({ points }) => {
    const values: (number | null)[] = new Array(xs.length).fill(null);
    for (const [x, y] of points) values[places.get(x)!] = y;
    return values;
  });
  return [xs, ...ys];
}

function described(title: string, series: readonly Series[]): string {
  const ends = series.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [`${name} goes from ${short(first[1])} to ${short(last[1])}`];
  });
  return ends.length === 0 ? `${title}: no values yet.` : `${title}: ${ends.join("; ")}.`;
}
