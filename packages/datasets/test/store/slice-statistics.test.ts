import { describe, expect, it } from "vitest";
import { sliceStatistics } from "../../src/store/slice-statistics.ts";
import golden from "../golden/percentiles.json" with { type: "json" };

const TYPES = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

describe("the percentiles of a slice", () => {
  it.each(golden)("are numpy's: $name", ({ type, values, percentiles }) => {
    const slice = TYPES[type as keyof typeof TYPES].from(values);
    const { lower, upper } = sliceStatistics(slice);
    const close = (found: number, wanted: number) =>
      expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-12 * Math.abs(wanted));
    close(lower, percentiles[0]!);
    close(upper, percentiles[1]!);
    expect(slice).toEqual(TYPES[type as keyof typeof TYPES].from(values));
  });
});
