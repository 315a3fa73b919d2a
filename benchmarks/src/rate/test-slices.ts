import { join } from "node:path";
import { SlicebookError } from "@slicebook/base";
import { spread } from "@slicebook/base/util";
import { loadConfig } from "@slicebook/config";
import { rangeOf } from "@slicebook/core";
import type { Orientation } from "@slicebook/datasets";
import { openDataset } from "@slicebook/datasets/node";
import { eachSliceFigure, measureSlice, type SliceFigures } from "@slicebook/runs";

/** Slices that codecs are measured on. */
export interface TestSlices {
  readonly data: string;
  readonly fingerprint: string;
  readonly size: { readonly height: number; readonly width: number };
  readonly slices: readonly {
    readonly file: string;
    /** In its own units, at the data set's size. */
    readonly original: Float32Array;
    readonly orientation: Orientation | undefined;
  }[];
}

/** At most this many slices of the test split of a run's data set, evenly over it; blank ones are left out. */
export async function openTestSlices(folder: string, most: number): Promise<TestSlices> {
  const { dataset } = await loadConfig(join(folder, "config.yaml"));
  const { name, size, splits, fingerprint } = await openDataset(dataset, { splits: ["test"] });
  const { records, originals } = splits.test;
  const shown = records.flatMap(({ path, volume }, index) => {
    if (volume !== undefined) {
      throw new SlicebookError("benchmarks/FAILED", `${path} holds more than one slice`, {
        remedy: "Name runs whose slices are files each.",
      });
    }
    return rangeOf(originals([index])).range === 0 ? [] : [index];
  });
  return {
    data: name,
    fingerprint: await fingerprint(),
    size: { height: size[0], width: size[1] },
    slices: spread(shown.length, most).map((position) => {
      const index = shown[position]!;
      const { path, orientation } = records[index]!;
      return { file: path, original: originals([index]), orientation };
    }),
  };
}

/** What a codec makes of slices: means over them. */
export interface Measured {
  readonly bitsPerPixel: number;
  readonly figures: SliceFigures;
}

/** Measures the slices restored from these numbers of bytes each. */
export function measured(
  { slices, size }: TestSlices,
  { bytes, restored }: { readonly bytes: readonly number[]; readonly restored: readonly Float32Array[] },
): Measured {
  const figures = slices.map(({ original }, index) => measureSlice(original, restored[index]!, size));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    bitsPerPixel: (8 * mean(bytes)) / (size.height * size.width),
    figures: eachSliceFigure((key) => mean(figures.map((one) => one[key]))),
  };
}

/** What some work gives, and the milliseconds of processor time that it takes: its time on one thread. */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly milliseconds: number }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, milliseconds: (user + system) / 1000 };
}
