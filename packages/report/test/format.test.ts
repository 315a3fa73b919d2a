import { expect, it } from "vitest";
import { counted, duration } from "../src/format.ts";
import { inWords } from "../src/protocol.ts";

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

it("says one slice, one subject and two of them as a person would", () => {
  const ci95 = null;
  const of = (n: number, subjects: number) =>
    inWords({
      estimate: { mean: 0.5, sd: 0, n, subjects, ci95 },
      digits: 2,
      unit: "",
    });
  expect(of(1, 1)).toBe("0.50, no interval from 1 subject, 1 slice of 1 subject");
  expect(of(3, 2)).toContain("3 slices of 2 subjects");
});
