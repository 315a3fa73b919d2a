import { describe, expect, it } from "vitest";
import { inferPattern } from "../../src/recognise/infer-pattern.ts";

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
    [
      "scans within subjects",
      (a, b) => `sub-0${a}/ses-${b % 2}/img_${b}.png`,
      "{subject}/ses-{number}/img_{slice}.png",
    ],
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
    [
      "several acquisitions of a subject",
      (a, b) =>
        `Data/${a % 2 ? "Non Demented" : "Demented"}/OAS1_000${a}_MR1_mpr-${1 + (b % 2)}_${100 + b}.jpg`,
      "Data/{class}/{subject}_MR{number}_mpr-{number}_{slice}.jpg",
    ],
    [
      "visits of a subject",
      (a, b) => `case_00${a}_week_${b % 2}_slice_${b}.png`,
      "{subject}_week_{number}_slice_{slice}.png",
    ],
    [
      "a folder for each visit, by its date",
      (a, b) => `TCGA_CS_494${a}_2000010${1 + (b % 2)}/TCGA_CS_494${a}_${b}.tif`,
      "{subject}_{number}/TCGA_CS_*_{slice}.tif",
    ],
    [
      "sessions above subjects",
      (a, b) => `ses-${1 + (b % 2)}/patient${a}/${b}.png`,
      "ses-{number}/{subject}/{slice}.png",
    ],
    [
      "echoes and runs",
      (a, b) => `sub-0${a}_run-1_echo-${b % 2}_${b}.png`,
      "{subject}_run-{number}_echo-{number}_{slice}.png",
    ],
    [
      "a class in the names, too",
      (a, b) => `${a % 2 ? "AD" : "NC"}/s${a}_${a % 2 ? "AD" : "NC"}_${b}.png`,
      "{class}/{subject}_{slice}.png",
    ],
    ["classes that are digits", (a, b) => `${a % 3}/p0${a}_${b}.png`, "{class}/{subject}_{slice}.png"],
    [
      "subjects of several hospitals",
      (a, b) => `site${a % 2}/p0${a}_${b}.png`,
      "site*/{subject}_{slice}.png",
    ],
    [
      "one contrast of several",
      (a, b) => `p${a}/p${a}_${["t1", "t2", "flair", "t1"][b]}_${b}.png`,
      "{subject}/p*_t1_{slice}.png",
    ],
  ])("%s", (_, write, pattern) => {
    expect(inferPattern(paths(write))).toMatchObject({ pattern, unsure: false });
  });

  it("is told of volumes, whose names hold no slice's number", () => {
    const infer = (write: (subject: number, slice: number) => string) =>
      inferPattern(paths(write), { volumes: true });
    expect(infer((a, b) => `imagesT${a > 4 ? "s" : "r"}/prostate_0${a}_000${b % 2}.nii.gz`)).toEqual({
      pattern: "{split}/{subject}_0000.nii.gz",
      splits: { train: ["imagesTr"], test: ["imagesTs"] },
      unsure: false,
      notes: ["each scan has several contrasts or channels: 0000 is taken, 0001 left out"],
    });
    expect(infer((a, b) => `sub-0${a}/ses-${b}/anat/sub-0${a}_ses-${b}_T1w.nii`).pattern).toBe(
      "{subject}/ses-{number}/anat/sub-*_ses-{number}_T1w.nii",
    );
    expect(infer((a, b) => `spleen_${10 * a + b}.nii.gz`)).toEqual({
      pattern: "{subject}.nii.gz",
      unsure: false,
      notes: [],
    });
  });

  it("takes parts of unknown meaning that recur for scans, and says that it is not sure", () => {
    const { pattern, notes } = inferPattern(paths((a, b) => `p0${a}_${"AB"[b % 2]}_${b}.png`));
    expect(pattern).toBe("{subject}_*_{slice}.png");
    expect(notes).toEqual([expect.stringContaining("(A, B) is taken to tell scans of one subject apart")]);
  });

  it("sees splits in folders, and hands over names that the adapter does not know", () => {
    const write = (names: readonly string[]) => (a: number, b: number) =>
      `${names[Math.floor((a - 1) / 2)]}/p${a}_slice_${b}.png`;
    expect(inferPattern(paths(write(["train", "val", "test"])))).toEqual({
      pattern: "{split}/{subject}_slice_{slice}.png",
      unsure: false,
      notes: [],
    });
    expect(inferPattern(paths(write(["Training", "Dev", "Testing"]))).splits).toEqual({
      train: ["Training"],
      validate: ["Dev"],
      test: ["Testing"],
    });
    expect(inferPattern(paths(write(["Training", "Training", "Testing"]))).splits).toEqual({
      train: ["Training"],
      test: ["Testing"],
    });
    const { splits, notes } = inferPattern(paths(write(["train_images", "train_images", "val_images"])));
    expect(splits).toEqual({ train: ["train_images"], test: ["val_images"] });
    expect(notes).toEqual([expect.stringContaining("no folder for testing")]);
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
    expect(notes).toEqual([expect.stringContaining("do not say which subject a file belongs to")]);
  });
});
