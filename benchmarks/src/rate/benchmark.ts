import { cpus } from "node:os";
import { SlicebookError } from "@slicebook/base";
import { IMAGE_CODECS } from "@slicebook/measure";
import {
  decimals,
  FIGURES,
  figureText,
  SLICE_FIGURES,
  type SliceFigureKey,
  sliceFigureKeys,
  withUnit,
} from "@slicebook/runs/figures";
import sharp from "sharp";
import { tableLines } from "../table.ts";
import { bytesRatio, meanBytesRatio, type RatePoint } from "./bjontegaard.ts";
import { createJpegXl } from "./jpeg-xl.ts";
import { type OurPoint, ourPoints } from "./our-codec.ts";
import { measureRival, type Rival } from "./rivals.ts";
import { type Measured, openTestSlices, type TestSlices } from "./test-slices.ts";

const CODEC_NAMES: Readonly<Record<string, string>> = {
  jpeg: "JPEG (MozJPEG)",
  webp: "WebP (effort 6 of 6)",
  avif: "AVIF (libaom, effort 6 of 9)",
  jxl: "JPEG XL (libjxl, effort 7 of 9)",
};

/** The figures by which codecs are compared: those of which more is better. */
const qualityKeys = sliceFigureKeys.filter((key) => SLICE_FIGURES[key].better === "higher");

type Ratios = Readonly<Record<string, number | null>>;

export interface RateResult {
  readonly benchmark: "rate";
  readonly processor: string;
  /** One for each data set that runs are of. */
  readonly sets: readonly {
    readonly data: string;
    /** Test slices measured. */
    readonly slices: number;
    readonly ours: readonly OurPoint[];
    readonly rivals: readonly (Rival & {
      /** How many times its bytes each of our points takes at equal quality, by figure; null beyond its curve. */
      readonly bytesRatios: readonly Ratios[];
      /** The same over our whole curve (Bjøntegaard), by figure; null of a single point. */
      readonly meanBytesRatios: Ratios;
    })[];
  }[];
}

export interface RateOptions {
  /** Slices of each test split, at most; at least 2. */
  readonly slices: number;
  readonly onProgress: (message: string) => void;
}

/**
 * Rate against quality of runs on their test splits, beside image codecs: real files, all bytes counted, restored and
 * measured alike. Runs of one data set are points of one curve.
 */
export async function benchmarkRate(folders: readonly string[], options: RateOptions): Promise<RateResult> {
  // Times are those of one thread.
  sharp.concurrency(1);
  const codecs = [...IMAGE_CODECS, await createJpegXl()];
  const groups = new Map<string, { test: TestSlices; folders: string[] }>();
  for (const folder of folders) {
    const test = await openTestSlices(folder, options.slices);
    if (test.slices.length < 2) {
      throw new SlicebookError("benchmarks/FAILED", `${folder} has fewer than two test slices to measure`, {
        remedy: "Name runs with more test slices, or give a larger --slices.",
      });
    }
    const key = [test.fingerprint, test.size.height, test.size.width].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { test, folders: [folder] });
    else group.folders.push(folder);
  }
  const sets: RateResult["sets"][number][] = [];
  for (const { test, folders } of groups.values()) {
    const ours: OurPoint[] = [];
    for (const folder of folders) {
      options.onProgress(`${folder}: ${test.slices.length} slices`);
      ours.push(...(await ourPoints(folder, test)));
    }
    const rivals = [];
    for (const codec of codecs) {
      const rival = await measureRival(codec, test, { ours, onProgress: options.onProgress });
      rivals.push({ ...rival, ...ratios(ours, rival) });
    }
    sets.push({ data: test.data, slices: test.slices.length, ours, rivals });
  }
  return { benchmark: "rate", processor: cpus()[0]?.model ?? "unknown", sets };
}

/** Something for each figure by which codecs are compared. */
function byFigure<T>(make: (key: SliceFigureKey) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(qualityKeys.map((key) => [key, make(key)]));
}

function ratePoint({ bitsPerPixel, figures }: Measured, key: SliceFigureKey): RatePoint {
  return { rate: bitsPerPixel, quality: figures[key] };
}

function ratios(ours: readonly OurPoint[], { curve }: Rival) {
  const curves = byFigure((key) => curve.map((point) => ratePoint(point, key)));
  return {
    bytesRatios: ours.map((point) => byFigure((key) => bytesRatio(ratePoint(point, key), curves[key]!))),
    meanBytesRatios: byFigure((key) =>
      meanBytesRatio(
        ours.map((point) => ratePoint(point, key)),
        curves[key]!,
      ),
    ),
  };
}

/** The result for people: Markdown tables for each data set. */
export function formatRate({ sets, processor }: RateResult): string {
  return [...sets.flatMap(formatSet), `Processor: ${processor}`].join("\n");
}

const qualityTitles = qualityKeys.map((key) => withUnit(SLICE_FIGURES[key]));

function formatSet({ data, slices, ours, rivals }: RateResult["sets"][number]): string[] {
  const cells = ({ bitsPerPixel, figures }: Measured) => [
    figureText(FIGURES.bitsPerPixel, bitsPerPixel),
    ...qualityKeys.map((key) => figureText(SLICE_FIGURES[key], figures[key])),
  ];
  const times = ({ compress, restore }: OurPoint["milliseconds"]) => [
    decimals(compress, 1),
    decimals(restore, 1),
  ];
  const ratioCells = (by: Ratios) =>
    qualityKeys.map((key) => (by[key] == null ? "–" : `${decimals(by[key], 2)}×`));
  const titles = ["bits/pixel", ...qualityTitles];
  const atOurBytes = ours.flatMap((point, index) => [
    [`**${point.run}** (${point.coding})`, ...cells(point)],
    ...rivals.map(({ codec, atOurBytes }) => {
      const { larger, ...measured } = atOurBytes[index]!;
      return [`${CODEC_NAMES[codec]}${larger === 0 ? "" : `, ${larger} larger`}`, ...cells(measured)];
    }),
  ]);
  return [
    `## ${data}: ${slices} test slices`,
    "",
    "At our bytes, slice by slice; larger: slices that take more even at the lowest quality.",
    "",
    ...tableLines([["", ...titles], ...atOurBytes]),
    "",
    "Our bytes as a multiple of the codec's at equal quality (below 1: ours are fewer; –: beyond its curve).",
    "",
    ...tableLines([
      ["", ...qualityTitles],
      ...ours.flatMap((point, index) =>
        rivals.map(({ codec, bytesRatios }) => [
          `${point.run} / ${CODEC_NAMES[codec]}`,
          ...ratioCells(bytesRatios[index]!),
        ]),
      ),
      ...(ours.length < 2
        ? []
        : rivals.map(({ codec, meanBytesRatios }) => [
            `our curve / ${CODEC_NAMES[codec]} (Bjøntegaard)`,
            ...ratioCells(meanBytesRatios),
          ])),
    ]),
    "",
    "Curves of one quality for all slices.",
    "",
    ...tableLines([
      ["", "quality", ...titles],
      ...rivals.flatMap(({ codec, curve }) =>
        curve.map((point) => [CODEC_NAMES[codec]!, String(point.quality), ...cells(point)]),
      ),
    ]),
    "",
    "Milliseconds of processor time for a slice, on one thread: ours among all of them, compressing with the check of what " +
      "it wrote and without the command's start; the codecs' medians over slices and qualities.",
    "",
    ...tableLines([
      ["", "compress", "restore"],
      ...ours.map((point) => [point.run, ...times(point.milliseconds)]),
      ...rivals.map(({ codec, milliseconds }) => [CODEC_NAMES[codec]!, ...times(milliseconds)]),
    ]),
    "",
  ];
}
