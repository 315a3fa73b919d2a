import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeNifti, type Split } from "../../src/index.ts";
import { inspectDataset, listDataset, openDataset } from "../../src/node.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const files = (paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, "x"]));

/** A volume whose value at [i, j, k] is 100 i + 10 j + k. */
function volume(shape: readonly [number, number, number]): Uint8Array {
  const [, second, third] = shape;
  const values = Int16Array.from({ length: shape[0] * second * third }, (_, index) => {
    const [i, j, k] = [
      Math.floor(index / (second * third)),
      Math.floor(index / third) % second,
      index % third,
    ];
    return 100 * i + 10 * j + k;
  });
  return encodeNifti(values, { shape, type: "int16" });
}

describe("the folder adapter", () => {
  it("reads split, class, subject and slice from a pattern, in numeric order", async () => {
    const root = await temporaryFolder(
      files([
        "training/sick/p_2_10.png",
        "training/sick/p_2_9.png",
        "val/well/p_10_1.nii.gz",
        "test/well/p_3_0.jpg",
        "test/README",
      ]),
    );
    const { records, classes, ignored } = await listDataset({
      adapter: "folder",
      root,
      options: { pattern: "{split}/{class}/p_{subject}_{slice}.*" },
    });
    expect(
      records.map(({ split, label, subject, slice, name }) => [split, label, subject, slice, name]),
    ).toEqual([
      ["train", "sick", "2", 9, "p_2_9"],
      ["train", "sick", "2", 10, "p_2_10"],
      ["validate", "well", "10", 1, "p_10_1"],
      ["test", "well", "3", 0, "p_3_0"],
    ]);
    expect(classes).toEqual(["sick", "well"]);
    expect(ignored).toHaveLength(1);
  });

  it("parts subjects by itself where the pattern has no split", async () => {
    const paths = Array.from(
      { length: 60 },
      (_, file) => `subject-${Math.floor(file / 3)}/slice_${file % 3}.tif`,
    );
    const root = await temporaryFolder(files(paths));
    const options = { pattern: "{subject}/slice_{slice}.tif", testFraction: 0.3 };
    const { records } = await listDataset({ adapter: "folder", root, options });
    const subjects = (split: Split) =>
      new Set(records.filter((record) => record.split === split).map(({ subject }) => subject));
    expect((["train", "validate", "test"] as const).map((split) => subjects(split).size)).toEqual([11, 3, 6]);
    expect(records).toHaveLength(60);
  });

  it.each([
    [0, 3, [[4, 5], 300]],
    [1, 2, [[6, 5], 20]],
    [2, 4, [[6, 4], 4]],
  ] as const)("cuts volumes across axis %i", async (plane, from, [size, first]) => {
    const root = await temporaryFolder({
      "train/a.nii": volume([6, 4, 5]),
      "validate/b.nii.gz": gzipSync(volume([6, 4, 5])),
      "test/c.nii": volume([6, 4, 5]),
    });
    const options = { pattern: "{split}/{subject}.*", volumes: { plane, from } };
    const { train, validate } = (
      await openDataset({ adapter: "folder", root, size: [8, 8], sizePolicy: "pad", options }, { workers: 1 })
    ).splits;
    expect(train.records[0]).toMatchObject({
      slice: from,
      name: `a_slice_${from}`,
      volume: { plane, slice: from },
    });
    expect(train.records).toHaveLength([6, 4, 5][plane]! - from);
    const top = Math.floor((8 - size[0]) / 2);
    const left = Math.floor((8 - size[1]) / 2);
    expect(train.originals([0])[8 * top + left]).toBe(first);
    expect(validate.originals([0])).toEqual(train.originals([0]));
  });

  it("takes every step-th slice up to the end", async () => {
    const root = await temporaryFolder({ "a.nii": volume([2, 2, 9]) });
    const volumes = { plane: 2, from: 1, to: 7, step: 2 };
    const { records } = await listDataset({
      adapter: "folder",
      root,
      options: { pattern: "{subject}.nii", volumes },
    });
    expect(records.map(({ slice }) => slice)).toEqual([1, 3, 5]);
  });

  it("refuses a volume where the configuration does not say how to cut it", async () => {
    const root = await temporaryFolder({ "train/a.nii": volume([2, 2, 9]) });
    const options = { pattern: "{split}/{subject}.nii" };
    await expect(
      openDataset({ adapter: "folder", root, options }, { splits: ["train"] }),
    ).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: expect.stringContaining(
        "it is a volume of shape [2, 2, 9], and no plane and slice are chosen",
      ),
    });
  });

  it("says what is wrong with a pattern, and what there is instead of a match", async () => {
    const root = await temporaryFolder(files(["scans/1.png"]));
    await expect(
      listDataset({ adapter: "folder", root, options: { pattern: "{patient}.png" } }),
    ).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message:
        "dataset.options.pattern: {patient} is not one of {split}, {class}, {subject}, {slice}, {number}; " +
        "dataset.options.pattern: it must contain {subject}, by which slices are split",
    });
    await expect(
      listDataset({ adapter: "folder", root, options: { pattern: "*/s{subject}.png" } }),
    ).rejects.toMatchObject({
      code: "DATASET_EMPTY",
      message: `no file in ${root} is like */s{subject}.png; it holds ${root}/scans/1.png`,
    });
  });

  it("takes accented letters for the same in either of Unicode's forms", async () => {
    const [composed, apart] = ["données é", "données é".normalize("NFD")];
    const root = await temporaryFolder(
      files([`${apart}/train/é/${composed}_0.png`, `${apart}/train/${"é".normalize("NFD")}/${apart}_1.png`]),
    );
    for (const name of [composed, apart]) {
      const options = {
        pattern: `{split}/{class}/${name.split(" ")[0]} {subject}_{slice}.png`,
        splits: { test: ["essai"] },
      };
      const { records, classes } = await listDataset({ adapter: "folder", root: join(root, name), options });
      expect(records.map(({ subject, slice }) => [subject, slice])).toEqual([
        ["é", 0],
        ["é", 1],
      ]);
      expect(classes).toEqual(["é"]);
    }
  });

  it("names a file of four axes among volumes, and can leave it out", async () => {
    const series = encodeNifti(new Int16Array(120), { shape: [2, 3, 4, 5], type: "int16" });
    const root = await temporaryFolder({
      ...Object.fromEntries(["a", "b", "c", "d"].map((subject) => [`${subject}.nii`, volume([2, 3, 4])])),
      "e.nii": series,
      "f.nii.gz": gzipSync(series),
    });
    const config = {
      adapter: "folder",
      root,
      size: [8, 8] as [number, number],
      sizePolicy: "pad" as const,
      options: { pattern: "{subject}.*", volumes: { plane: 2 as const } },
    };
    const reason = "its shape [2, 3, 4, 5] is neither a slice nor a volume";
    const { unreadable, splits } = await inspectDataset(config);
    expect(unreadable.map(({ reason }) => reason).sort()).toEqual(
      ["e.nii", "f.nii.gz"].map((name) => `${join(root, name)} cannot be read: ${reason}`),
    );
    expect(splits.train.readable + splits.validate.readable + splits.test.readable).toBe(16);
    await expect(openDataset(config)).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: expect.stringContaining(`.nii`),
    });
    const data = await openDataset({ ...config, onUnreadable: "skip" });
    expect(data.skipped.map(({ path }) => path).sort()).toEqual(
      ["e.nii", "f.nii.gz"].map((name) => join(root, name)),
    );
  });
});

describe("the folder adapter's patterns", () => {
  it("keep a subject's visits together by {number}, and pair masks by it", async () => {
    const paths = Array.from({ length: 24 }, (_, file) => {
      const name = `p${file >> 3}_week_${(file >> 2) & 1}_${file % 4}`;
      return [`${name}.png`, `${name}_mask.png`];
    });
    const root = await temporaryFolder(files([...paths.flat(), "p0_week_0_0_overlay.png"]));
    const options = {
      pattern: "{subject}_week_{number}_{slice}.png",
      masks: { pattern: "{subject}_week_{number}_{slice}_mask.png" },
      testFraction: 0.3,
    };
    const { records, ignored } = await listDataset({ adapter: "folder", root, options });
    expect(new Set(records.map(({ subject }) => subject))).toEqual(new Set(["p0", "p1", "p2"]));
    expect(records.map(({ path, mask }) => [path.replace(".png", "_mask.png"), mask])).toEqual(
      records.map(({ mask }) => [mask, mask]),
    );
    expect(ignored).toHaveLength(1);
  });

  it("that do not tell masks apart are refused", async () => {
    const root = await temporaryFolder(files(["p0_1.png", "p0_a_mask.png", "p0_b_mask.png"]));
    const options = { pattern: "{subject}_{slice}.png", masks: { pattern: "{subject}_*_mask.png" } };
    await expect(listDataset({ adapter: "folder", root, options })).rejects.toMatchObject({
      code: "DATASET_AMBIGUOUS",
      message: expect.stringContaining("p0_a_mask.png, p0_b_mask.png"),
      remedy: expect.stringContaining("{number}"),
    });
  });

  it("leave out what is to be ignored", async () => {
    const names = ["a", "b", "c", "d", "e"].flatMap((name) => [`x/${name}.png`, `x/${name}_mask.png`]);
    const root = await temporaryFolder(files(names));
    const options = { pattern: "x/{subject}.png", ignore: ["*/*_mask*"] };
    const { records, ignored } = await listDataset({ adapter: "folder", root, options });
    expect([records.length, ignored.length]).toEqual([5, 5]);
  });

  it("take composed and decomposed letters for the same", async () => {
    const root = await temporaryFolder(
      files(["Mu\u0308ller_1.png", "M\u00fcller_1_mask.png", "b_1.png", "c_1.png"]),
    );
    const options = { pattern: "{subject}_{slice}.png", masks: { pattern: "{subject}_{slice}_mask.png" } };
    const { records } = await listDataset({ adapter: "folder", root, options });
    expect(records.filter(({ mask }) => mask !== undefined).map(({ subject }) => subject)).toEqual([
      "M\u00fcller",
    ]);
  });
});
