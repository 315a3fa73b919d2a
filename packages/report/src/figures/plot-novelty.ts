import type { Novelty } from "@slicebook/runs";
import type { TopLevelSpec } from "vega-lite";
import { format, frame, type Plot, renderSpec } from "./chart.ts";
import { okabeIto } from "./palette.ts";

/** Two strips, with the titles and the axis. */
const HEIGHT = 220;
const SAMPLES = "samples";
const HELD_OUT = "held-out slices";

/**
 * Draws how far each sample is from its nearest training slice, beside the same of real held-out slices: a tick each.
 *
 * The names: `novelty-codes`, `novelty-ssim`. None where the file does not have the held-out slices' distances.
 */
export async function plotNovelty({ nearest, samples, heldOut }: Novelty): Promise<readonly Plot[]> {
  if (heldOut.length === 0) return [];
  return Promise.all([
    strips({
      name: "novelty-codes",
      title: "Distance to the nearest training slice, by codes",
      x: "share of codes that differ",
      samples: samples.map(({ byCodes }) => byCodes.distance),
      heldOut: heldOut.map(({ byCodes }) => byCodes),
      medians: nearest.byCodes,
    }),
    strips({
      name: "novelty-ssim",
      title: "Distance to the nearest training slice, by SSIM",
      x: "1 − SSIM of the decoded slices",
      samples: samples.map(({ bySsim }) => bySsim.distance),
      heldOut: heldOut.map(({ bySsim }) => bySsim),
      medians: nearest.bySsim,
    }),
  ]);
}

interface Strips {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly samples: readonly number[];
  readonly heldOut: readonly number[];
  readonly medians: Novelty["nearest"]["byCodes"];
}

async function strips({ name, title, x, samples, heldOut, medians }: Strips): Promise<Plot> {
  const subtitle = `median ${format(medians.samples.median)} of ${samples.length} samples, ${format(medians.heldOut.median)} of ${heldOut.length} held-out slices`;
  const values = [
    ...samples.map((distance) => ({ who: SAMPLES, distance })),
    ...heldOut.map((distance) => ({ who: HELD_OUT, distance })),
  ];
  const spec: TopLevelSpec = {
    ...frame(title, subtitle),
    height: HEIGHT,
    layer: [
      {
        data: { values },
        mark: { type: "tick", thickness: 2, opacity: 0.7, size: 36 },
        encoding: {
          x: {
            field: "distance",
            type: "quantitative",
            title: x,
            scale: { zero: true },
            axis: { tickCount: 8 },
          },
          y: { field: "who", type: "nominal", title: null, sort: [SAMPLES, HELD_OUT] },
          color: {
            field: "who",
            type: "nominal",
            legend: null,
            scale: { domain: [SAMPLES, HELD_OUT], range: [okabeIto.vermillion, okabeIto.blue] },
          },
        },
      },
    ],
  };
  return { name, title, alt: `${title}: ${subtitle}.`, spec, svg: await renderSpec(spec) };
}
