import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeNifti, encodeNifti, fitLabels } from "../src/index.ts";
import {
  fingerprintDataset,
  fingerprintMasks,
  inspectDataset,
  openDataset,
  writePhantom,
} from "../src/node.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SUBJECTS = { train: 4, validate: 1, test: 1 };

describe("fitLabels", () => {
  const mask = { height: 2, width: 4, values: Uint16Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  it.each([
    ["crop", [2, 2], [2, 3, 6, 7]],
    ["pad", [3, 5], [1, 2, 3, 4, 0, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0]],
    // Pillow's resize(NEAREST)
    ["resize", [3, 3], [1, 3, 4, 5, 7, 8, 5, 7, 8]],
    ["resize", [4, 2], [2, 4, 2, 4, 6, 8, 6, 8]],
  ] as const)("brings a mask to size as its slice: %s to %o", (policy, size, expected) => {
    expect([...fitLabels(mask, size, { policy, path: "mask" })]).toEqual(expected);
  });

  it("refuses a mask of another size without a policy, as a slice is", () => {
    expect(() => fitLabels(mask, [2, 3], { policy: undefined, path: "m.png" })).toThrow(
      expect.objectContaining({ code: "SLICE_SIZE", message: "m.png is 2x4 (height x width), not 2x3" }),
    );
  });
});

describe("masks", () => {
  it.each([
    ["hipmri", [32, 16], ["background", "body", "bone", "bladder", "rectum", "prostate"]],
    ["oasis", [24, 24], ["background", "fluid", "grey matter", "white matter"]],
  ] as const)(
    "of written phantoms are read beside their slices, at their size: %s",
    async (layout, size, names) => {
      const root = await temporaryFolder();
      await writePhantom({ layout, folder: root, subjects: SUBJECTS, slices: 2, size });
      const config = {
        adapter: layout,
        root,
        size: [...size] as [number, number],
        sizePolicy: "crop" as const,
      };
      const data = await openDataset(config);
      expect(data.maskLabels.map(({ name }) => name)).toEqual(names);
      const { train } = data.splits;
      const values = new Set<number>();
      for (const [index, { mask = "" }] of train.records.entries()) {
        const labels = await train.mask(index);
        expect(labels).toHaveLength(size[0] * size[1]);
        for (const label of labels ?? []) values.add(label);
        if (layout === "hipmri") {
          // case_007 is an eighth wider than the others: its slices and masks are cropped alike.
          const whole = decodeNifti(gunzipSync(await readFile(mask)));
          const left = (whole.width - size[1]) / 2;
          const row = whole.values.subarray(20 * whole.width + left, 20 * whole.width + left + size[1]);
          expect([...(labels?.subarray(20 * size[1], 21 * size[1]) ?? [])]).toEqual([...row]);
        }
      }
      const known = data.maskLabels.map(({ value }) => value);
      expect([...values].every((value) => known.includes(value))).toBe(true);
      expect(values.size).toBeGreaterThan(3);
      const summary = await inspectDataset(config);
      expect(Object.values(summary.splits).map(({ slices, masks }) => masks - slices)).toEqual([0, 0, 0]);
      expect(summary.ignored).toEqual([]);
    },
  );

  it("are drawn for phantoms, and absent where a layout has none", async () => {
    const options = { slices: 2, subjects: { train: 1, validate: 1, test: 1 } };
    const drawn = await openDataset({ adapter: "phantom", size: [48, 48], options });
    const labels = await drawn.splits.test.mask(0);
    expect(new Set(labels)).toEqual(new Set([0, 1, 2, 3]));
    expect(drawn.maskLabels.map(({ name }) => name)).toEqual(["background", "fluid", "grey", "white"]);
    const root = await temporaryFolder();
    await writePhantom({ layout: "adni", folder: root, subjects: SUBJECTS, slices: 1, size: [16, 16] });
    const adni = await openDataset({ adapter: "adni", root, size: [16, 16] });
    expect(await adni.splits.train.mask(0)).toBeNull();
    expect(await fingerprintMasks({ adapter: "adni", root })).toBeUndefined();
  });

  /** 64 values: some, and zeros. */
  const map = (...first: readonly number[]) => Object.assign(new Int16Array(64), first);
  const nifti = (...first: readonly number[]) => encodeNifti(map(...first), { shape: [8, 8], type: "int16" });
  const config = (root: string, masks: object) => ({
    adapter: "folder",
    root,
    size: [8, 8] as [number, number],
    cache: false as const,
    options: { pattern: "{split}/{subject}_{slice}.nii", masks },
  });
  const slices = {
    "train/a_1.nii": nifti(1, 2, 3, 4),
    "train/a_2.nii": nifti(1, 2, 3, 4),
    "val/b_1.nii": nifti(1, 2, 3, 5),
    "test/c_1.nii": nifti(1, 2, 3, 6),
  };

  it("are found by a pattern in any folder, where there are some", async () => {
    const root = await temporaryFolder({
      ...slices,
      "train/a_01_seg.nii": nifti(0, 1, 1, 0),
      "test/c_1_seg.nii": nifti(2, 2, 0, 0),
    });
    const masks = { pattern: "{split}/{subject}_{slice}_seg.nii", labels: { 1: "tumour" } };
    const data = await openDataset(config(root, masks));
    expect(data.ignored).toEqual([]);
    expect(data.maskLabels).toEqual([{ value: 1, name: "tumour" }]);
    const { train, validate, test } = data.splits;
    expect([await train.mask(0), await train.mask(1)]).toEqual([Uint16Array.from(map(0, 1, 1, 0)), null]);
    expect([await validate.mask(0), await test.mask(0)]).toEqual([null, Uint16Array.from(map(2, 2))]);
    await expect(train.mask(2)).rejects.toThrow("there is no slice 2 among 2");
  });

  it("of volumes are cut as these are", async () => {
    /** Two slices of 8×8; the values of both alternate. */
    const volume = (...first: readonly number[]) =>
      gzipSync(encodeNifti(Object.assign(new Int16Array(128), first), { shape: [8, 8, 2], type: "int16" }));
    const root = await temporaryFolder({
      "scans/a.nii.gz": volume(1, 2, 3, 4, 5, 6, 7, 8),
      "masks/a.nii.gz": volume(0, 1, 0, 2, 0, 3, 0, 4),
    });
    const options = {
      pattern: "scans/{subject}.nii.gz",
      masks: { pattern: "masks/{subject}.nii.gz" },
      volumes: { plane: 2 as const },
    };
    const data = await openDataset({ adapter: "folder", root, size: [8, 8], options }, { splits: ["train"] });
    const { train } = data.splits;
    expect([await train.mask(0), await train.mask(1)]).toEqual([
      new Uint16Array(64),
      Uint16Array.from(map(1, 2, 3, 4)),
    ]);
  });

  it.each([
    [
      "of another size",
      encodeNifti(map(), { shape: [4, 16], type: "uint8" }),
      "it is 4x16 (height x width), but its slice is 8x8",
    ],
    [
      "with what is not a label",
      nifti(0, 1, -1, 0),
      "its value at row 0, column 2 is -1, where labels are whole numbers from 0 to 65535",
    ],
    ["that is not a picture", new Uint8Array(9), "it does not start with a NIfTI header"],
  ])("are refused by name, without hindering the slices: %s", async (_, mask, message) => {
    const root = await temporaryFolder({ ...slices, "train/a_1_seg.nii": mask });
    const data = await openDataset(config(root, { pattern: "{split}/{subject}_{slice}_seg.nii" }));
    await expect(data.splits.train.mask(0)).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: `the mask ${join(root, "train/a_1_seg.nii")} cannot be read: ${message}`,
      remedy: expect.stringContaining("leave masks out"),
    });
  });

  it("have a fingerprint of their own, so that a change of theirs does not ask for new training", async () => {
    const root = await temporaryFolder({ ...slices, "train/a_1_seg.nii": nifti(0, 1, 1, 0) });
    const set = config(root, { pattern: "{split}/{subject}_{slice}_seg.nii" });
    const before = [await fingerprintDataset(set), await fingerprintMasks(set)];
    await writeFile(join(root, "train/a_1_seg.nii"), nifti(0, 1, 1, 1));
    expect(await fingerprintDataset(set)).toBe(before[0]);
    expect(await fingerprintMasks(set)).not.toBe(before[1]);
  });
});
