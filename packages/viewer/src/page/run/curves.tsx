import { useState } from "preact/hooks";
import type { MetricsRow } from "../../shared/answers.ts";
import { Chart, type Series } from "../ui/chart.tsx";
import { Choice } from "../ui/controls.tsx";

type XAxis = "step" | "epoch" | "seconds";
const X_NAMES: Readonly<Record<XAxis, string>> = { step: "Step", epoch: "Epoch", seconds: "Seconds" };

interface Curve {
  readonly title: string;
  readonly stage: MetricsRow["stage"];
  readonly series: readonly {
    readonly name: string;
    readonly dashed?: boolean;
    readonly value: (row: MetricsRow) => number | undefined;
  }[];
}

/** What is drawn of a stage's rows, a chart each; those without values are left out. */
const CURVES: readonly Curve[] = [
  {
    title: "Loss",
    stage: "train",
    series: [
      { name: "training", value: ({ train }) => train.loss },
      { name: "validation", dashed: true, value: ({ validation }) => validation?.loss },
    ],
  },
  {
    title: "SSIM on validation slices",
    stage: "train",
    series: [{ name: "SSIM", dashed: true, value: ({ validation }) => validation?.ssim?.mean }],
  },
  {
    title: "Perplexity of the codes",
    stage: "train",
    series: [
      { name: "training", value: ({ train }) => positive(train.perplexity) },
      { name: "validation", dashed: true, value: ({ validation }) => positive(validation?.perplexity) },
    ],
  },
  {
    title: "Commitment",
    stage: "train",
    series: [{ name: "training", value: ({ train }) => positive(train.commitment) }],
  },
  {
    title: "Gradient norm",
    stage: "train",
    series: [{ name: "training", value: ({ train }) => train.gradientNorm }],
  },
  {
    title: "Learning rate",
    stage: "train",
    series: [{ name: "training", value: ({ train }) => train.learningRate }],
  },
  {
    title: "Prior: bits per code",
    stage: "prior",
    series: [
      { name: "training", value: ({ train }) => train.bitsPerCode },
      { name: "validation", dashed: true, value: ({ validation }) => validation?.bitsPerCode },
    ],
  },
  {
    title: "Prior: codes guessed",
    stage: "prior",
    series: [
      { name: "training", value: ({ train }) => train.accuracy },
      { name: "validation", dashed: true, value: ({ validation }) => validation?.accuracy },
    ],
  },
];

/** A run whose curves are drawn. */
export interface CurvesOf {
  readonly name: string;
  readonly rows: readonly MetricsRow[];
}

/** The curves of one run, or of several over each other. */
export function Curves({ runs }: { readonly runs: readonly CurvesOf[] }) {
  const [x, setX] = useState<XAxis>("step");
  const [y, setY] = useState<"linear" | "log">("linear");
  const charts = CURVES.map((curve) => chartOf(curve, runs, x)).filter(({ series }) => series.length > 0);
  return (
    <>
      <div class="tools">
        <Choice
          label="Along"
          options={[
            { value: "step", text: "Steps" },
            { value: "epoch", text: "Epochs" },
            { value: "seconds", text: "Time" },
          ]}
          value={x}
          onChange={setX}
        />
        <Choice
          label="Scale"
          options={[
            { value: "linear", text: "Linear" },
            { value: "log", text: "Log" },
          ]}
          value={y}
          onChange={setY}
        />
      </div>
      <div class="charts">
        {charts.map(({ title, stage, series }) => (
          <Chart
            key={title}
            title={title}
            xName={X_NAMES[x]}
            series={series}
            log={y === "log"}
            group={stage}
          />
        ))}
      </div>
      {charts.length === 0 && <p class="empty">The first values come after some steps of training.</p>}
    </>
  );
}

/** Colours that can be told apart from each other. */
const COLOURS = 6;

interface DrawnCurve extends Pick<Curve, "title" | "stage"> {
  readonly series: readonly Series[];
}

/** A curve of one run, with lines for each level that is trained by itself; or of several runs, by their coarsest level. */
function chartOf({ title, stage, series }: Curve, runs: readonly CurvesOf[], x: XAxis): DrawnCurve {
  const several = runs.length > 1;
  const lines = runs.flatMap(({ name, rows }, run) => {
    const stageRows = rows.filter((row) => row.stage === stage);
    const parts = [...new Set(stageRows.map(({ part }) => part))].slice(0, several ? 1 : undefined);
    return parts.flatMap((part) =>
      series.flatMap((one, index): Series[] => {
        const points = stageRows.flatMap((row): [number, number][] => {
          const value = row.part === part ? one.value(row) : undefined;
          return value === undefined ? [] : [[row[x], value]];
        });
        if (points.length === 0) return [];
        const level = part === undefined || several ? "" : `, level ${part + 1}`;
        const colour = 1 + ((several ? run : (part ?? index)) % COLOURS);
        return [
          {
            name: several ? `${name}${series.length > 1 ? `, ${one.name}` : ""}` : `${one.name}${level}`,
            colour: `--series-${colour}`,
            points,
            ...(one.dashed && (!several || series.length > 1) ? { dashed: true } : {}),
          },
        ];
      }),
    );
  });
  const inParts = runs.some(({ rows }) => rows.some((row) => row.stage === stage && row.part !== undefined));
  return { title: several && inParts ? `${title}, coarsest level` : title, stage, series: lines };
}

/** Zero says that there are no codes yet, and cannot be shown on a logarithmic scale. */
function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}
