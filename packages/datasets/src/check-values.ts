import { SlicebookError } from "@slicebook/base";
import type { Samples, SliceImage } from "./types.ts";

/** The largest number that float32 holds, in which the models compute. */
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** Throws `SLICE_VALUE` if a slice holds NaN, an infinity, or a number beyond float32, saying which and where. */
export function checkValues({ values, width }: Pick<SliceImage, "values" | "width">): void {
  const pixel = firstUnusable(values);
  if (pixel < 0) return;
  const value = values[pixel]!;
  const beyond = Number.isFinite(value) ? ", beyond the numbers that float32 holds (±3.4e+38)" : "";
  const position = `row ${Math.floor(pixel / width)}, column ${pixel % width}`;
  throw new SlicebookError("SLICE_VALUE", `its value at ${position} is ${value}${beyond}`);
}

function firstUnusable(values: Samples): number {
  if (values instanceof Float32Array) {
    for (let pixel = 0; pixel < values.length; pixel++) if (!Number.isFinite(values[pixel])) return pixel;
  } else if (values instanceof Float64Array) {
    for (let pixel = 0; pixel < values.length; pixel++) {
      if (!(Math.abs(values[pixel]!) <= LARGEST_FLOAT32)) return pixel;
    }
  }
  return -1;
}
