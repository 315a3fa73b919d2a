import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drawPhantom, HEAD_LABELS, PELVIS_LABELS, type PhantomOptions } from "../../src/index.ts";
import { decodeFile, listDataset, openDataset, writePhantom } from "../../src/node.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const head: PhantomOptions = {
  anatomy: "head",
  size: [64, 48],
  seed: 1,
  subject: "a",
  slice: 0,
  position: 0.2,
};

const share = (labels: Uint8Array, label: number) =>
  labels.filter((value) => value === label).length / labels.length;

function difference(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, value, pixel) => sum + Math.abs(value - right[pixel]!), 0) / left.length;
}

describe("drawPhantom", () => {
  it("depends on its options only", () => {
    const drawn = drawPhantom(head);
    drawPhantom({ ...head, seed: 9 });
    expect(drawPhantom(head)).toEqual(drawn);
    for (const other of [{ seed: 2 }, { subject: "b" }, { slice: 1 }, { position: 0.8 }]) {
      expect(drawPhantom({ ...head, ...other }).values).not.toEqual(drawn.values);
    }
  });

  it.each([
    ["head", [64, 64]],
    ["head", [48, 96]],
    ["pelvis", [64, 32]],
    ["pelvis", [32, 64]],
    ["pelvis", [8, 8]],
  ] as const)("fills any size with values a scanner could give: %s %j", (anatomy, size) => {
    const { height, width, values, labels } = drawPhantom({ ...head, anatomy, size });
    expect([height, width]).toEqual(size);
    expect(values).toHaveLength(size[0] * size[1]);
    expect(labels).toHaveLength(size[0] * size[1]);
    expect(values.every((value) => value >= 0 && value < 2000)).toBe(true);
  });

  it("lays a tall pelvis on its side", () => {
    const upright = drawPhantom({ ...head, anatomy: "pelvis", size: [32, 64] });
    const lying = drawPhantom({ ...head, anatomy: "pelvis", size: [64, 32] });
    expect(lying.labels[10 * 32 + 16]).toBe(upright.labels[16 * 64 + 10]);
    expect(lying.values[10 * 32 + 16]).toBe(upright.values[16 * 64 + 10]);
  });

  it("changes less between neighbouring slices than between subjects", () => {
    const at = (subject: string, position: number) =>
      drawPhantom({ ...head, size: [96, 96], subject, position }).values;
    expect(difference(at("a", 0.4), at("a", 0.43))).toBeLessThan(
      0.7 * difference(at("a", 0.4), at("b", 0.4)),
    );
  });

  it("shows the tissues where they belong", () => {
    const brain = drawPhantom({ ...head, size: [128, 128], position: 0.1 });
    for (const label of Object.values(HEAD_LABELS)) expect(share(brain.labels, label)).toBeGreaterThan(0.02);
    const mean = (label: number) => {
      const values = brain.values.filter((_, pixel) => brain.labels[pixel] === label);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    expect(mean(HEAD_LABELS.white)).toBeGreaterThan(1.15 * mean(HEAD_LABELS.grey));
    expect(mean(HEAD_LABELS.grey)).toBeGreaterThan(1.15 * mean(HEAD_LABELS.fluid));
    const seen = new Set(
      [0.1, 0.3, 0.9].flatMap((position) => [
        ...drawPhantom({ ...head, anatomy: "pelvis", size: [64, 128], position }).labels,
      ]),
    );
    expect([...seen].sort()).toEqual(Object.values(PELVIS_LABELS).sort());
  });

  it("gives atrophy more fluid", () => {
    const fluid = (atrophy: boolean) =>
      ["a", "b", "c", "d"].reduce((sum, subject) => {
        const { labels } = drawPhantom({ ...head, size: [96, 96], position: 0.2, subject, atrophy });
        return sum + share(labels, HEAD_LABELS.fluid);
      }, 0);
    expect(fluid(true)).toBeGreaterThan(1.2 * fluid(false));
  });

  it("gives age more fluid or a larger prostate, and women smaller heads", () => {
    const shares = (options: Partial<PhantomOptions>, label: number, age: number, sex?: "F" | "M") => {
      const traits = { age, ...(sex && { sex }) };
      const { labels } = drawPhantom({ ...head, size: [96, 96], ...options, traits });
      return share(labels, label);
    };
    const { fluid, background } = HEAD_LABELS;
    expect(shares({}, fluid, 85, "M")).toBeGreaterThan(1.2 * shares({}, fluid, 25, "M"));
    expect(shares({}, background, 50, "F")).toBeGreaterThan(1.03 * shares({}, background, 50, "M"));
    const pelvis = { anatomy: "pelvis", position: 0.3 } as const;
    const { prostate } = PELVIS_LABELS;
    expect(shares(pelvis, prostate, 85)).toBeGreaterThan(1.5 * shares(pelvis, prostate, 25));
  });
});

describe("the phantom data set", () => {
  it("needs no files, and comes labelled if asked", async () => {
    const options = { subjects: { train: 3, validate: 1, test: 2 }, slices: 2, classes: true };
    const data = await openDataset({ adapter: "phantom", size: [32, 32], options });
    expect(data.classes).toEqual(["AD", "NC"]);
    expect(data.splits.train).toMatchObject({ subjects: 3 });
    expect(data.splits.train.records.map(({ label }) => label)).toEqual(["AD", "AD", "NC", "NC", "AD", "AD"]);
    const again = await openDataset({ adapter: "phantom", size: [32, 32], options });
    expect(again.splits.test.images([0, 1, 2])).toEqual(data.splits.test.images([0, 1, 2]));
    const other = await openDataset({ adapter: "phantom", size: [32, 32], options, seed: 1 });
    expect(other.splits.test.images([0])).not.toEqual(data.splits.test.images([0]));
    expect(other.fingerprint).not.toBe(data.fingerprint);
  });
});

describe("covariates of phantoms", () => {
  it("are written beside the slices, as the data set in memory has them", async () => {
    const one = { train: 3, validate: 1, test: 1 };
    for (const layout of ["hipmri", "oasis", "adni"] as const) {
      const folder = await temporaryFolder();
      await writePhantom({ layout, folder, subjects: one, slices: 1, size: [32, 32], covariates: true });
      const { records, covariates } = await listDataset({ adapter: layout, root: folder });
      const known = records.map((record) => covariates()!.of(record));
      expect(known.map(({ age }) => typeof age)).toEqual(records.map(() => "number"));
      expect(new Set(known.map(({ sex }) => typeof sex))).toEqual(
        new Set([layout === "hipmri" ? "undefined" : "string"]),
      );
    }
    const options = { subjects: one, slices: 2 };
    const none = await listDataset({ adapter: "phantom", options });
    expect(none.covariates()).toBeUndefined();
    const { records, covariates } = await listDataset({
      adapter: "phantom",
      options: { ...options, covariates: true },
    });
    const [first, second, third] = records.map((record) => covariates()!.of(record));
    expect(first).toEqual(second);
    expect(third).not.toEqual(first);
  });
});

describe("writePhantom", () => {
  const subjects = { train: 4, validate: 1, test: 1 };

  it("writes HipMRI's layout, with its odd sizes, types and masks", async () => {
    const folder = await temporaryFolder();
    const written = await writePhantom({
      layout: "hipmri",
      folder,
      subjects,
      slices: 2,
      size: [64, 32],
      seed: 3,
    });
    expect(written).toEqual({ slices: 12, masks: 12, subjects: 6 });
    const config = {
      adapter: "hipmri",
      root: folder,
      size: [64, 32] as [number, number],
      sizePolicy: "crop" as const,
    };
    const data = await openDataset(config);
    const { train, validate, test } = data.splits;
    expect([train, validate, test].map((set) => [set.records.length, set.subjects])).toEqual([
      [8, 4],
      [2, 1],
      [2, 1],
    ]);
    expect(train.records[0]!.path).toBe(join(folder, "keras_slices_train/case_004_week_0_slice_0.nii.gz"));
    const images = await Promise.all(train.records.map(({ path }) => decodeFile(path)));
    expect(new Set(images.map(({ width }) => width))).toEqual(new Set([32, 36]));
    expect(new Set(images.map(({ type }) => type))).toEqual(new Set(["int16", "float64"]));
    // What was drawn is what is read, to half a step of the stored type.
    const drawn = drawPhantom({
      anatomy: "pelvis",
      size: [64, 32],
      seed: 3,
      subject: "004",
      slice: 0,
      position: 0,
    });
    for (const [pixel, value] of images[0]!.values.entries())
      expect(Math.abs(value - drawn.values[pixel]!)).toBeLessThan(0.51);
    const masks = await openDataset({ ...config, options: { masks: true } });
    expect(masks.splits.train.records).toHaveLength(8);
    expect([...masks.splits.train.originals([0])]).toEqual([...drawn.labels]);
  });

  it("writes OASIS' layout: 8-bit grey PNG with a double ending, and masks of four greys", async () => {
    const folder = await temporaryFolder();
    await writePhantom({ layout: "oasis", folder, subjects, slices: 2, size: [48, 48] });
    const data = await openDataset({ adapter: "oasis", root: folder, size: [48, 48] });
    expect(data.splits.train.records).toHaveLength(8);
    const path = join(folder, "keras_png_slices_train/case_001_slice_0.nii.png");
    expect(data.splits.train.records[0]!.path).toBe(path);
    const { default: sharp } = await import("sharp");
    expect(await sharp(await readFile(path)).metadata()).toMatchObject({
      format: "png",
      channels: 1,
      depth: "uchar",
    });
    const masks = await openDataset({
      adapter: "oasis",
      root: folder,
      size: [48, 48],
      options: { masks: true },
    });
    expect(new Set(masks.splits.train.originals([0]))).toEqual(new Set([0, 85, 170, 255]));
  });

  it("writes ADNI's layout: grey JPEG by class, no validation folder", async () => {
    const folder = await temporaryFolder();
    await writePhantom({
      layout: "adni",
      folder,
      subjects: { train: 8, validate: 2, test: 2 },
      slices: 2,
      size: [30, 32],
    });
    const data = await openDataset({ adapter: "adni", root: folder, size: [30, 32] });
    const { train, validate, test } = data.splits;
    expect([train, validate, test].map((set) => [set.records.length, set.subjects])).toEqual([
      [16, 8],
      [4, 2],
      [4, 2],
    ]);
    expect(new Set(train.records.map(({ label }) => label))).toEqual(new Set(["AD", "NC"]));
    const { default: sharp } = await import("sharp");
    const metadata = await sharp(await readFile(test.records[0]!.path)).metadata();
    expect(metadata).toMatchObject({ format: "jpeg", channels: 1, width: 32, height: 30 });
  });

  it("writes the same bytes from the same seed", async () => {
    const bytes = async (layout: "hipmri" | "oasis" | "adni") => {
      const folder = await temporaryFolder();
      const one = { train: 1, validate: 1, test: 1 };
      await writePhantom({ layout, folder, subjects: one, slices: 1, size: [32, 32] });
      const { records } = await listDataset({ adapter: layout, root: folder });
      return readFile(records[0]!.path);
    };
    for (const layout of ["hipmri", "oasis", "adni"] as const)
      expect(await bytes(layout)).toEqual(await bytes(layout));
  });
});
