import { existsSync } from "node:fs";
import { cp, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeNifti } from "../src/index.ts";
import { fingerprintDataset, inspectDataset, listDataset, openDataset, readSlices } from "../src/node.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SIZE = [16, 8] as const;

/** A slice whose values tell which one it is. */
function slice(number: number, [height, width] = SIZE as readonly [number, number]): Uint8Array {
  const values = Float32Array.from({ length: height * width }, (_, pixel) => 100 * number + (pixel % width));
  return gzipSync(encodeNifti(values, { shape: [height, width], type: "int16" }));
}

/** The same of as many values as pixels. */
function ramp(number: number, [height, width] = SIZE as readonly [number, number]): Uint8Array {
  const values = Float32Array.from({ length: height * width }, (_, pixel) => 100 * number + pixel);
  return gzipSync(encodeNifti(values, { shape: [height, width], type: "int16" }));
}

const case_ = (split: string, subject: number, number: number) =>
  `keras_slices_${split}/case_${String(subject).padStart(3, "0")}_week_0_slice_${number}.nii.gz`;

/** The smallest whole set: a subject in each split. */
const SMALL = {
  [case_("train", 4, 0)]: slice(0),
  [case_("train", 4, 9)]: slice(1),
  [case_("train", 4, 10)]: slice(2),
  [case_("validate", 5, 0)]: slice(3),
  [case_("test", 6, 0)]: slice(4),
};

const config = (root: string, more: object = {}) => ({
  adapter: "hipmri",
  root,
  size: [16, 8] as [number, number],
  ...more,
});

describe("listing", () => {
  it("finds split folders two levels down, nested and doubled folders, in numeric order", async () => {
    const root = await temporaryFolder({
      "HipMRI/keras_slices_train/keras_slices_train/case_004_week_0_slice_10.nii.gz": slice(0),
      "HipMRI/keras_slices_train/case_004/case_004_week_0_slice_9.nii/case_004_week_0_slice_9.nii": "x",
      "HipMRI/keras_slices_train/case_004/case_004_week_1_slice_2.nii.gz": slice(0),
      "HipMRI/keras_slices_train/.DS_Store": "x",
      "HipMRI/keras_slices_train/__MACOSX/case_009_week_0_slice_0.nii.gz": "x",
      "HipMRI/keras_slices_train/notes.txt": "x",
      "HipMRI/keras_slices_seg_train/seg_004_week_0_slice_9.nii.gz": "x",
      "HipMRI/keras_slices_test/case_040_week_0_slice_0.nii.gz": slice(0),
    });
    const { records, ignored } = await listDataset(config(root));
    expect(records.map(({ name, split, subject }) => [name, split, subject])).toEqual([
      ["case_004_week_0_slice_9", "train", "case_004"],
      ["case_004_week_1_slice_2", "train", "case_004"],
      ["case_004_week_0_slice_10", "train", "case_004"],
      ["case_040_week_0_slice_0", "test", "case_040"],
    ]);
    expect(ignored).toEqual([join(root, "HipMRI/keras_slices_train/notes.txt")]);
    const masks = await listDataset(config(root, { options: { masks: true } }));
    expect(masks.records.map(({ name }) => name)).toEqual(["seg_004_week_0_slice_9"]);
  });

  it("says which folders it looked for, and what is there instead", async () => {
    const root = await temporaryFolder({ "other/train/x.png": "x", "readme.txt": "x" });
    await expect(listDataset(config(root))).rejects.toMatchObject({
      code: "DATASET_EMPTY",
      message:
        `no hipmri slices in ${root}: none of the folders keras_slices_train, keras_slices_validate, ` +
        "keras_slices_test is in it or one level below; it holds other/, readme.txt",
      remedy: "Set dataset.root to a folder from which these folders are at most two levels down.",
    });
    const empty = await temporaryFolder();
    await expect(listDataset({ adapter: "adni", root: empty })).rejects.toMatchObject({
      message:
        `no adni slices in ${empty}: none of the folders train, test (each with AD and NC) ` +
        "is in it or one level below; it is empty",
    });
  });

  it("refuses a missing root, a file as root, and no root", async () => {
    const root = await temporaryFolder({ file: "x" });
    const remedy = "Set dataset.root to the folder of the hipmri slices.";
    await expect(listDataset(config(join(root, "no")))).rejects.toMatchObject({
      code: "DATASET_ROOT",
      message: `the folder ${join(root, "no")} does not exist`,
      remedy,
    });
    await expect(listDataset(config(join(root, "file")))).rejects.toMatchObject({
      message: `the folder ${join(root, "file")} is not a folder`,
      remedy,
    });
    await expect(listDataset({ adapter: "oasis" })).rejects.toMatchObject({
      code: "DATASET_ROOT",
      message: 'the data set "oasis" is read from files, and dataset.root is not set',
    });
  });

  it("refuses two folders for one split", async () => {
    const root = await temporaryFolder({
      [`a/${case_("train", 1, 0)}`]: "x",
      [`b/${case_("train", 1, 0)}`]: "x",
    });
    await expect(listDataset(config(root))).rejects.toMatchObject({
      code: "DATASET_AMBIGUOUS",
      message: `the train split is there 2 times: ${root}/a/keras_slices_train, ${root}/b/keras_slices_train`,
    });
  });

  it("names the subjects that are in two splits, and goes on if it is allowed", async () => {
    const files = { ...SMALL, [case_("test", 4, 0)]: slice(9), [case_("test", 5, 0)]: slice(9) };
    const root = await temporaryFolder(files);
    await expect(openDataset(config(root))).rejects.toMatchObject({
      code: "DATASET_OVERLAP",
      message: "2 subjects are in more than one split: case_004 (train, test), case_005 (validate, test)",
    });
    const { records } = await listDataset(config(root, { splits: { allowOverlap: true } }));
    expect(new Set(records.map(({ name }) => name)).size).toBe(records.length);
    expect(records.map(({ name }) => name)).toContain("test_case_004_week_0_slice_0");
    const summary = await inspectDataset(config(root));
    expect(summary.overlap).toEqual([
      { subject: "case_004", splits: ["train", "test"] },
      { subject: "case_005", splits: ["validate", "test"] },
    ]);
  });

  it("holds ADNI's validation out by id, the same part of each class", async () => {
    const files = ["AD", "NC"].flatMap((label, group) =>
      Array.from(
        { length: 30 },
        (_, file) => `AD_NC/train/${label}/${100 * group + Math.floor(file / 3)}_${file % 3}.jpeg`,
      ),
    );
    files.push("AD_NC/test/AD/300_9.jpeg", "AD_NC/test/NC/301_10.jpeg");
    const root = await temporaryFolder(Object.fromEntries(files.map((file) => [file, "x"])));
    const { records, classes } = await listDataset({ adapter: "adni", root });
    expect(classes).toEqual(["AD", "NC"]);
    const subjects = (split: string, label: string) =>
      new Set(
        records
          .filter((record) => record.split === split && record.label === label)
          .map(({ subject }) => subject),
      );
    for (const label of ["AD", "NC"]) {
      const validate = subjects("validate", label);
      expect(validate.size).toBe(2);
      expect(subjects("train", label).size).toBe(8);
      expect([...validate].some((subject) => subjects("train", label).has(subject))).toBe(false);
    }
    const other = await listDataset({ adapter: "adni", root, seed: 1 });
    const held = (list: typeof records) =>
      list.filter(({ split }) => split === "validate").map(({ name }) => name);
    expect(held(other.records)).not.toEqual(held(records));
  });
});

describe("fingerprintDataset", () => {
  it("stays with a copy of the files, and changes with content, options and splits", async () => {
    const root = await temporaryFolder(SMALL);
    const print = await fingerprintDataset(config(root));
    const copy = await temporaryFolder();
    await cp(root, copy, { recursive: true });
    await utimes(join(copy, case_("test", 6, 0)), 1, 1);
    expect(await fingerprintDataset(config(copy))).toBe(print);
    expect(await fingerprintDataset(config(root, { preprocessing: "minmax" }))).not.toBe(print);
    await writeFile(join(copy, case_("test", 6, 0)), slice(5));
    expect(await fingerprintDataset(config(copy))).not.toBe(print);
  });
});

describe("inspectDataset", () => {
  it("finds slices that are there twice, in the same split and across splits", async () => {
    const root = await temporaryFolder({
      ...SMALL,
      [case_("train", 4, 11)]: slice(1),
      [case_("test", 6, 1)]: slice(3),
    });
    const { duplicates } = await inspectDataset(config(root));
    const at = (split: string, subject: number, number: number) => ({
      path: join(root, case_(split, subject, number)),
      split,
      subject: `case_00${subject}`,
    });
    expect(duplicates).toEqual([
      { slices: [at("train", 4, 9), at("train", 4, 11)], acrossSplits: false },
      { slices: [at("validate", 5, 0), at("test", 6, 1)], acrossSplits: true },
    ]);
  });

  it("finds slices of one value, of an unusual size, and of unusual range", async () => {
    const usual = Array.from(
      { length: 20 },
      (_, number) => [case_("train", 4, number), ramp(number)] as const,
    );
    const loud = Float32Array.from({ length: 128 }, (_, pixel) => 250 * (pixel % 100));
    const mask = Float32Array.from({ length: 128 }, (_, pixel) => 3 * (pixel % 3));
    const root = await temporaryFolder({
      ...Object.fromEntries(usual),
      [case_("train", 5, 0)]: gzipSync(encodeNifti(new Uint8Array(128), { shape: SIZE, type: "int16" })),
      [case_("validate", 6, 0)]: ramp(50, [16, 9]),
      [case_("test", 7, 0)]: gzipSync(encodeNifti(loud, { shape: SIZE, type: "int16" })),
      [case_("test", 8, 0)]: gzipSync(encodeNifti(mask, { shape: SIZE, type: "int16" })),
    });
    const { outliers } = await inspectDataset(config(root));
    expect(outliers.map(({ split, reason }) => [split, reason])).toEqual([
      ["train", "all its values are 0"],
      ["validate", "it is 16x9, most are 16x8"],
      ["test", "its values spread over 2.48e+4, most over 69.7 to 231"],
      [
        "test",
        "its values spread over 6.00, most over 69.7 to 231; it has only 3 different values, as a mask has",
      ],
    ]);
  });
});

describe("openDataset", () => {
  it("gives slices preprocessed, in their original units, and back again", async () => {
    const root = await temporaryFolder(SMALL);
    const data = await openDataset(config(root, { preprocessing: "zscore" }));
    const { train } = data.splits;
    expect(data).toMatchObject({ name: "hipmri", size: [16, 8], classes: [], skipped: [], ignored: [] });
    expect(train).toMatchObject({ subjects: 1 });
    expect(train.records.map((record) => record.slice)).toEqual([0, 9, 10]);
    const originals = train.originals([2, 0]);
    expect([...originals.subarray(0, 8)]).toEqual([200, 201, 202, 203, 204, 205, 206, 207]);
    expect([...originals.subarray(128, 136)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const images = train.images([2, 0]);
    expect(data.statistics.mean).toBeCloseTo(0, 6);
    expect(data.statistics.variance).toBeCloseTo(1, 6);
    expect(images[0]).toBeCloseTo((200 - 203.5) / Math.sqrt(5.25), 5);
    const back = train.toOriginal(2, images.subarray(0, 128));
    for (const [pixel, value] of back.entries()) expect(value).toBeCloseTo(originals[pixel]!, 3);
    expect(() => train.images([3])).toThrow("there is no slice 3 among 3");
    const into = new Float32Array(300);
    expect([...train.images([2, 0], into)]).toEqual([...images]);
    expect([...into.subarray(0, 256)]).toEqual([...images]);
    expect([...train.originals([2, 0], into)]).toEqual([...train.originals([2, 0])]);
    expect(() => train.images([0, 1, 2], into)).toThrow("384 values do not fit into 300");
  });

  it("opens only the splits that are asked for, in the units of another data set", async () => {
    const root = await temporaryFolder(SMALL);
    const trained = await openDataset(config(root, { preprocessing: "zscore-dataset" }));
    const elsewhere = await temporaryFolder({ [case_("test", 6, 0)]: slice(4) });
    const { preprocessing } = trained;
    const other = await openDataset(config(elsewhere, { preprocessing: "zscore-dataset" }), {
      splits: ["test"],
      preprocessing,
    });
    expect(other.splits.train.records).toEqual([]);
    expect(other.splits.test.images([0])).toEqual(trained.splits.test.images([0]));
    await expect(openDataset(config(elsewhere))).rejects.toMatchObject({
      code: "DATASET_EMPTY",
      message:
        `the train split of the data set "hipmri" has no slices in ${elsewhere}: ` +
        "looked for keras_slices_train/case_<case>_week_<week>_slice_<slice>.nii.gz",
    });
  });

  it("refuses a slice of another size, unless a policy says what to do", async () => {
    const root = await temporaryFolder({ ...SMALL, [case_("train", 4, 11)]: slice(9, [16, 10]) });
    const path = join(root, case_("train", 4, 11));
    await expect(openDataset(config(root))).rejects.toMatchObject({
      code: "SLICE_SIZE",
      message: `${path} is 16x10 (height x width), not 16x8`,
      remedy: "Set dataset.sizePolicy to crop or resize, or dataset.size to the slices' own size.",
    });
    const cropped = await openDataset(config(root, { sizePolicy: "crop" }));
    expect([...cropped.splits.train.originals([3]).subarray(0, 8)]).toEqual([
      901, 902, 903, 904, 905, 906, 907, 908,
    ]);
  });

  it("is read slice by slice, to the same values, with nothing kept", async () => {
    const path = case_("train", 4, 11);
    const root = await temporaryFolder({ ...SMALL, [path]: "no slice" });
    const cache = join(root, "cache");
    const { splits } = await openDataset(config(root, { onUnreadable: "skip", cache: false }));
    const read = new Map<string, readonly number[]>();
    const skipped = await readSlices(config(root, { onUnreadable: "skip", cache }), {
      onSlice: ({ name }, values) => void read.set(name, [...values]),
    });
    for (const { records, originals } of Object.values(splits)) {
      for (const [index, { name }] of records.entries())
        expect(read.get(name)).toEqual([...originals([index])]);
    }
    expect(read.size).toBe(5);
    expect(skipped).toMatchObject([{ path: join(root, path), split: "train" }]);
    expect(existsSync(cache)).toBe(false);
    const reading = readSlices(config(root), { onSlice: () => {} });
    await expect(reading).rejects.toMatchObject({ code: "SLICE_UNREADABLE" });
  });

  it("names a slice that cannot be read, or leaves it out and lists it", async () => {
    const path = case_("train", 4, 1);
    const root = await temporaryFolder({ ...SMALL, [path]: slice(1).subarray(0, 30) });
    const message = `${join(root, path)} cannot be read: its header is cut off after`;
    await expect(openDataset(config(root))).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: expect.stringContaining(message),
    });
    const data = await openDataset(config(root, { onUnreadable: "skip" }));
    expect(data.splits.train.records).toHaveLength(3);
    expect(data.skipped).toEqual([
      { path: join(root, path), split: "train", reason: expect.stringContaining(message) },
    ]);
    const summary = await inspectDataset(config(root));
    expect(summary.unreadable).toHaveLength(1);
    expect(summary.splits.train).toEqual({
      slices: 4,
      subjects: 1,
      masks: 0,
      readable: 3,
      sizes: { "16x8": 3 },
      types: { int16: 3 },
      classes: {},
      range: [0, 207],
    });
  });

  it.each([
    ["", "it is empty"],
    ["hello", "it does not start with a NIfTI header"],
    [encodeNifti([1, Number.NaN], { shape: [1, 2], type: "float32" }), "its value at row 0, column 1 is NaN"],
    [
      encodeNifti([1, -1e300], { shape: [1, 2], type: "float64" }),
      "its value at row 0, column 1 is -1e+300, beyond the numbers that float32 holds (±3.4e+38)",
    ],
  ])("refuses damaged content %#", async (content, why) => {
    const path = case_("test", 6, 1);
    const root = await temporaryFolder({ ...SMALL, [path]: content });
    await expect(openDataset(config(root))).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: `${join(root, path)} cannot be read: ${why}`,
      remedy: 'Fix or remove the file, or set dataset.onUnreadable to "skip" to leave such slices out.',
    });
  });

  it("decodes in threads what it decodes without, errors included", async () => {
    const slices = Object.fromEntries(
      Array.from({ length: 90 }, (_, number) => [case_("train", 7, number), slice(number)]),
    );
    const bad = case_("train", 7, 50);
    const root = await temporaryFolder({ ...SMALL, ...slices, [bad]: "x" });
    const skipping = config(root, { onUnreadable: "skip" });
    const seen: number[] = [];
    const threaded = await openDataset(skipping, { workers: 2, onProgress: ({ done }) => seen.push(done) });
    const plain = await openDataset(skipping, { workers: 1 });
    const all = threaded.splits.train.records.map((_, index) => index);
    expect(all).toHaveLength(92);
    expect(threaded.splits.train.records).toEqual(plain.splits.train.records);
    expect(threaded.splits.train.images(all)).toEqual(plain.splits.train.images(all));
    expect(threaded.skipped).toEqual(plain.skipped);
    expect(await threaded.fingerprint()).toBe(await plain.fingerprint());
    expect(seen.at(-1)).toBe(95);
    await expect(openDataset(config(root), { workers: 2 })).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: `${join(root, bad)} cannot be read: it does not start with a NIfTI header`,
    });
  });

  it("stops when told to", async () => {
    const root = await temporaryFolder(SMALL);
    const stop = new AbortController();
    const opening = openDataset(config(root), { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(opening).rejects.toMatchObject({ name: "AbortError" });
  });

  it("hands over nothing more once it was told to stop, though several threads decode", async () => {
    const slices = Object.fromEntries(
      Array.from({ length: 90 }, (_, number) => [case_("train", 7, number), slice(number)]),
    );
    const root = await temporaryFolder({ ...SMALL, ...slices });
    const stop = new AbortController();
    let taken = 0;
    const onSlice = async () => {
      taken += 1;
      if (taken === 20) stop.abort();
      await new Promise(setImmediate);
    };
    const reading = readSlices(config(root), { workers: 3, signal: stop.signal, onSlice });
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    const atTheEnd = taken;
    expect(atTheEnd).toBeLessThan(96);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toBe(atTheEnd);
  });

  it("says what is wrong with a configuration", async () => {
    await expect(openDataset({ adapter: "phantom", options: { slises: 3 } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: 'dataset.options: Unrecognized key: "slises"',
    });
    await expect(openDataset({ adapter: "phantom", size: [0, 3] })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("dataset.size.0: Too small"),
    });
  });
});

describe("plug-in adapters", () => {
  const from = new URL("fixtures/", import.meta.url).pathname;

  it("are loaded by path, with options of their own, in threads too", async () => {
    const plain = {
      adapter: "./stripes-adapter.js",
      options: { period: 4 },
      preprocessing: "minmax" as const,
    };
    const data = await openDataset(plain, { from, workers: 2 });
    expect(data.name).toBe("stripes");
    expect(data.splits.train.records).toHaveLength(70);
    expect([...data.splits.train.originals([69]).subarray(0, 8)]).toEqual([69, 70, 71, 72, 69, 70, 71, 72]);
    await expect(openDataset({ ...plain, options: { period: 0 } }, { from })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("dataset.options.period: Too small"),
    });
  });

  it("are refused when they are missing or no adapters", async () => {
    await expect(openDataset({ adapter: "hipmir" })).rejects.toMatchObject({
      code: "ADAPTER_UNKNOWN",
      message: expect.stringContaining('there is no data set adapter "hipmir": '),
      remedy:
        "Use hipmri, oasis, adni, phantom, folder, or the path (from the current folder) or package of one.",
    });
    await expect(openDataset({ adapter: "./not-an-adapter.js" }, { from })).rejects.toMatchObject({
      code: "ADAPTER_INVALID",
      message: expect.stringContaining(
        'the data set adapter "./not-an-adapter.js": it is not an adapter: schema',
      ),
    });
  });
});
