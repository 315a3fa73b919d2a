import type { MetricsRow } from "@slicebook/runs";
import { type Chart, drawChart, type Plot, type Point, type Series, thin } from "./chart.ts";
import { okabeIto } from "./palette.ts";

/** A run's curves, under the name that the legend shows. */
export interface ComparedCurves {
  readonly name: string;
  readonly metrics: readonly MetricsRow[];
}

/** In an order in which neighbours differ most; yellow is too light for lines on white. */
const colours = [
  okabeIto.blue,
  okabeIto.vermillion,
  okabeIto.green,
  okabeIto.purple,
  okabeIto.orange,
  okabeIto.skyBlue,
  okabeIto.black,
];

const minutes = (row: MetricsRow) => row.seconds / 60;
const images = (row: MetricsRow) => row.images ?? row.step;

/** Each measure that the runs have, one line a run: by time, by slices seen, and the prior's. */
export async function plotComparison(runs: readonly ComparedCurves[]): Promise<readonly Plot[]> {
  const lines = (
    stage: MetricsRow["stage"],
    position: (row: MetricsRow) => number,
    value: (row: MetricsRow) => number | undefined,
    dots = true,
  ): Series[] =>
    runs.map(({ name, metrics }, index) => ({
      name,
      color: colours[index % colours.length]!,
      // From the eighth run on colours come again, as dashes.
      dashed: index >= colours.length,
      dots,
      points: thin(
        metrics.flatMap((row): Point[] => {
          const y = row.stage === stage ? value(row) : undefined;
          return y === undefined || !Number.isFinite(y) ? [] : [{ x: position(row), y }];
        }),
      ),
    }));
  const ssim = (row: MetricsRow) => row.validation?.ssim?.mean;
  const charts: readonly Chart[] = [
    {
      name: "ssim-by-time",
      title: "Validation SSIM by time",
      x: "minutes of training",
      y: "SSIM",
      series: lines("train", minutes, ssim),
    },
    {
      name: "ssim-by-slices",
      title: "Validation SSIM by slices seen",
      x: "training slices seen",
      y: "SSIM",
      series: lines("train", images, ssim),
    },
    {
      name: "loss",
      title: "Training loss",
      x: "training slices seen",
      y: "loss (log scale)",
      log: true,
      series: lines("train", images, (row) => row.train.loss, false),
    },
    {
      name: "perplexity",
      title: "Validation perplexity",
      x: "training slices seen",
      y: "perplexity",
      zero: true,
      series: lines("train", images, (row) => row.validation?.perplexity),
    },
    {
      name: "prior-bits",
      title: "Prior: bits per code on the validation split, the coarsest level where there are several",
      x: "minutes of training",
      y: "bits per code",
      series: lines("prior", minutes, ({ part, validation }) =>
        (part ?? 0) === 0 ? validation?.bitsPerCode : undefined,
      ),
    },
  ];
  const drawn = charts
    .map((chart) => ({ ...chart, series: chart.series.filter(({ points }) => points.length > 0) }))
    .filter(({ series }) => series.length > 0);
  return Promise.all(drawn.map(drawChart));
}
