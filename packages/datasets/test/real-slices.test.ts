import { createHash } from "node:crypto";
import { dirname, join, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { type SliceRecord, SPLITS } from "../src/index.ts";
import { decodeFile, inspectDataset, listDataset, openDataset } from "../src/node.ts";
import expected from "./golden/slices.json" with { type: "json" };

const root = process.env.SLICEBOOK_DATA;
if (root === undefined && process.env.CI === "true") {
  throw new Error("SLICEBOOK_DATA must name the folder of real slices when CI is true");
}

describe.runIf(root !== undefined)("the real slices", () => {
  const folder = root ?? "";
  const adapters = ["hipmri", "oasis", "adni"] as const;
  const counts = {
    hipmri: { train: [169, 16], validate: [32, 5], test: [70, 6] },
    oasis: { train: [208, 13], validate: [48, 3], test: [48, 3] },
    adni: { train: [144, 8], validate: [36, 2], test: [108, 6] },
  };

  it.each(adapters)("are all listed, by subject and in order: %s", async (adapter) => {
    const { records, ignored } = await listDataset({ adapter, root: join(folder, adapter) });
    expect(ignored).toEqual([]);
    for (const split of SPLITS) {
      const ofSplit = records.filter((record) => record.split === split);
      expect([ofSplit.length, new Set(ofSplit.map(({ subject }) => subject)).size]).toEqual(
        counts[adapter][split],
      );
      for (const [index, record] of ofSplit.slice(1).entries()) {
        const before = ofSplit[index]!;
        const sameScan = before.name.replace(/_\d+$/, "") === record.name.replace(/_\d+$/, "");
        if (sameScan) expect(record.slice).toBeGreaterThan(before.slice);
      }
    }
  });

  it.each(adapters)("have every value that nibabel and Pillow read: %s", async (adapter) => {
    const { records } = await listDataset({ adapter, root: join(folder, adapter) });
    const folders = new Map<string, SliceRecord[]>();
    for (const record of records) {
      const name = relative(folder, dirname(record.path)).split(sep).join("/");
      folders.set(name, [...(folders.get(name) ?? []), record]);
    }
    for (const [name, ofFolder] of folders) {
      // ADNI's training folders are parted into two splits: put them together again, as they lie on disk.
      ofFolder.sort(
        (left, right) => Number(left.subject.replace(/\D/g, "")) - Number(right.subject.replace(/\D/g, "")),
      );
      const hash = createHash("sha256");
      for (const { path } of ofFolder) hash.update(Float64Array.from((await decodeFile(path)).values));
      expect({ slices: ofFolder.length, sha256: hash.digest("hex") }).toEqual(
        expected[name as keyof typeof expected],
      );
    }
  });

  it("open in threads at their layout's size, 256×144 slices by the policy", async () => {
    const config = { adapter: "hipmri", root: join(folder, "hipmri") };
    await expect(openDataset(config)).rejects.toMatchObject({
      code: "SLICE_SIZE",
      message: expect.stringContaining(".nii.gz is 256x144 (height x width), not 256x128"),
    });
    const cropped = await openDataset({ ...config, sizePolicy: "crop" });
    const wide = cropped.splits.train.records.findIndex(({ subject }) => subject === "case_009");
    const whole = await decodeFile(cropped.splits.train.records[wide]!.path);
    expect([whole.height, whole.width]).toEqual([256, 144]);
    const row = cropped.splits.train.originals([wide]).subarray(100 * 128, 101 * 128);
    expect([...row]).toEqual([...whole.values.subarray(100 * 144 + 8, 100 * 144 + 136)].map(Math.fround));
  });

  it("are summed up: sizes, types and classes", async () => {
    const hipmri = await inspectDataset({ adapter: "hipmri", root: join(folder, "hipmri") });
    expect(hipmri.splits.train).toMatchObject({
      sizes: { "256x128": 137, "256x144": 32 },
      types: { int16: 111, float64: 58 },
    });
    expect(hipmri.unreadable).toEqual([]);
    const adni = await inspectDataset({ adapter: "adni", root: join(folder, "adni") });
    expect(adni.splits.test.classes).toEqual({
      AD: { slices: 54, subjects: 3 },
      NC: { slices: 54, subjects: 3 },
    });
    expect(adni.splits.test.sizes).toEqual({ "240x256": 108 });
  });
});
