import { SlicebookError } from "@slicebook/base";
import { readRun } from "@slicebook/runs";
import { tableLines } from "./table.ts";

/** Bits per pixel of whole files, and the mean SSIM of what they restore. */
interface RatePoint {
  readonly bitsPerPixel: number;
  readonly ssim: number;
}

export interface RateResult {
  readonly benchmark: "rate";
  readonly runs: readonly {
    readonly run: string;
    readonly data: string;
    /** Pixels of a side per code, of each grid. */
    readonly downsampling: readonly number[];
    /** Training slices seen, and seconds of training. */
    readonly images: number | null;
    readonly seconds: number;
    /** Test slices measured. */
    readonly slices: number;
    readonly model: RatePoint;
    readonly jpeg: RatePoint & { readonly larger: number };
    readonly webp: RatePoint & { readonly larger: number };
  }[];
}

/** Rate against quality of runs, by the baselines of their evaluations: nothing is measured anew. */
export async function benchmarkRate(folders: readonly string[]): Promise<RateResult> {
  const runs = await Promise.all(
    folders.map(async (folder) => {
      const { summary, info, evaluation } = await readRun(folder);
      const baselines = evaluation?.baselines;
      if (baselines === undefined) {
        throw new SlicebookError("benchmarks/FAILED", `${folder} has no comparison at equal bytes`, {
          remedy: `Run \`slicebook encode ${folder}\` and \`slicebook evaluate ${folder}\`.`,
        });
      }
      const point = (name: "model" | "jpeg" | "webp") => {
        const row = baselines.rows.find((one) => one.name === name)!;
        return { bitsPerPixel: row.bitsPerPixel, ssim: row.ssim.mean, larger: row.larger ?? 0 };
      };
      const { larger: _, ...model } = point("model");
      return {
        run: info.name,
        data: info.data.adapter,
        downsampling: [...new Set(info.model.grids.map(([rows]) => info.data.size[0] / rows))],
        images: summary.images,
        seconds: Math.round(summary.seconds),
        slices: baselines.slices,
        model,
        jpeg: point("jpeg"),
        webp: point("webp"),
      };
    }),
  );
  return { benchmark: "rate", runs };
}

/** The result for people: a Markdown table. */
export function formatRate({ runs }: RateResult): string {
  const other = ({ bitsPerPixel, ssim, larger }: RatePoint & { readonly larger: number }) => [
    `${bitsPerPixel.toFixed(3)}${larger === 0 ? "" : "*"}`,
    ssim.toFixed(4),
  ];
  const rows = runs.map(({ run, data, downsampling, images, seconds, slices, model, jpeg, webp }) => [
    run,
    data,
    downsampling.join(" + "),
    String(images ?? "–"),
    String(seconds),
    String(slices),
    model.bitsPerPixel.toFixed(3),
    model.ssim.toFixed(4),
    ...other(jpeg),
    ...other(webp),
  ]);
  const titles = [
    "run",
    "data",
    "downsampling",
    "images seen",
    "seconds",
    "test slices",
    "bits/pixel",
    "SSIM",
  ];
  const codecs = ["JPEG bits/pixel", "JPEG SSIM", "WebP bits/pixel", "WebP SSIM"];
  return [
    ...tableLines([[...titles, ...codecs], ...rows]),
    "",
    "Whole files are counted. Each slice is compared at the bytes of its own file.",
    ...(runs.some(({ jpeg, webp }) => jpeg.larger + webp.larger > 0)
      ? ["* Some slices take more bytes than our files even at the lowest quality."]
      : []),
  ].join("\n");
}
