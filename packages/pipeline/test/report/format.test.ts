import { expect, it } from "vitest";
import { counted, duration } from "../../src/report/format.ts";

it.each([
  [0.84, "0.8 s"],
  [9.99, "10.0 s"],
  [42.4, "42 s"],
  [59.7, "1 min 0 s"],
  [312.4, "5 min 12 s"],
  [3599.8, "1 h 0 min"],
  [3725, "1 h 2 min"],
])("says %d seconds as %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

it("counts one and many", () => {
  expect([counted(1, "slice"), counted(11460, "slice"), counted(0, "subject")]).toEqual([
    "1 slice",
    "11,460 slices",
    "0 subjects",
  ]);
});
