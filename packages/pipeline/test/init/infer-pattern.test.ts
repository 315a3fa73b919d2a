import { describe, expect, it } from "vitest";
import { inferPattern } from "../../src/init/infer-pattern.ts";

/** Paths for every subject (from 1) and slice (from 0). */
function paths(write: (subject: number, slice: number) => string, subjects = 6, slices = 4): string[] {
  return Array.from({ length: subjects * slices }, (_, index) =>
    write(1 + Math.floor(index / slices), index % slices),
  );
}

describe("where the names say whose a slice is", () => {
  it.each<[string, (subject: number, slice: number) => string, string]>([
    [
      "subject and slice in a name",
      (a, b) => `case_00${a}_slice_${b}.nii.png`,
      "{subject}_slice_{slice}.nii.png",
    ],
    ["numbers only", (a, b) => `2183${a}_${70 + b}.jpeg`, "{subject}_{slice}.jpeg"],
    ["a folder a subject", (a, b) => `patient-${a}/${b}.png`, "{subject}/{slice}.png"],
    ["words before the number", (a, b) => `p${a}/IM_000${b}.tif`, "{subject}/IM_{slice}.tif"],
    ["scans within subjects", (a, b) => `sub-0${a}/ses-${b % 2}/img_${b}.png`, "{subject}/*/img_{slice}.png"],
    [
      "classes of words over names",
      (a, b) => `${a % 2 ? "AD" : "NC"}/${100 + a}_${b}.jpg`,
      "{class}/{subject}_{slice}.jpg",
    ],
    [
      "classes over folders",
      (a, b) => `${a % 2 ? "sick" : "well"}/p${a}/${b}.png`,
      "{class}/{subject}/{slice}.png",
    ],
    ["one folder around all", (a, b) => `images/p${a}/${b}.png`, "images/{subject}/{slice}.png"],
  ])("%s", (_, write, pattern) => {
    expect(inferPattern(paths(write))).toEqual({ pattern, notes: [] });
  });

  it("sees splits in folders, and hands over names that the adapter does not know", () => {
    const write = (names: readonly string[]) => (a: number, b: number) =>
      `${names[Math.floor((a - 1) / 2)]}/p${a}_slice_${b}.png`;
    expect(inferPattern(paths(write(["train", "val", "test"])))).toEqual({
      pattern: "{split}/{subject}_slice_{slice}.png",
      notes: [],
    });
    expect(inferPattern(paths(write(["Training", "Dev", "Testing"]))).splits).toEqual({
      train: ["Training"],
      validate: ["Dev"],
      test: ["Testing"],
    });
  });
});

describe("where the names do not say it", () => {
  it.each<[string, (subject: number, slice: number) => string, string]>([
    ["numbered pictures", (a, b) => `img_${10 * a + b}.png`, "{subject}.png"],
    [
      "a prefix for each class",
      (a, b) => `${a % 2 ? "glioma/Gl" : "none/No"}_${10 * a + b}.jpg`,
      "{class}/{subject}.jpg",
    ],
    ["names of no form", (a, b) => `${(7919 * (10 * a + b)).toString(36)}x.webp`, "{subject}.webp"],
  ])("%s: each file is a subject, and a note says what that means", (_, write, pattern) => {
    const { pattern: found, notes } = inferPattern(paths(write));
    expect(found).toBe(pattern);
    expect(notes).toEqual([expect.stringContaining("do not say whose slice")]);
  });
});
