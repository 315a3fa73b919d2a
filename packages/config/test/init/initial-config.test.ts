import { mkdir, symlink, writeFile } from "node:fs/promises";
import { encodeNifti } from "@slicebook/datasets";
import { listDataset, writePhantom } from "@slicebook/datasets/node";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { temporaryFolder } from "../../../runs/test/temporary-folder.ts";
import { initialConfig } from "../../src/init/initial-config.ts";
import { loadConfig } from "../../src/load-config.ts";

const folder = temporaryFolder();

async function writePicture(path: string, width: number, height: number): Promise<void> {
  await mkdir(folder.at(path, ".."), { recursive: true });
  const picture = sharp({ create: { width, height, channels: 3, background: { r: 9, g: 90, b: 200 } } });
  await picture.png().toFile(folder.at(path));
}

describe("a known layout", () => {
  it.each(["hipmri", "oasis", "adni"] as const)("%s is recognised", async (layout) => {
    const root = folder.at(layout);
    const subjects = { train: 4, validate: 2, test: 2 };
    await writePhantom({ layout, folder: root, seed: 0, subjects, slices: 2 });
    const { adapter, yaml, splits } = await initialConfig(root);
    expect(adapter).toBe(layout);
    expect(splits.test).toEqual({ slices: 4, subjects: 2 });
    const config = await loadConfig(await folder.write(`${layout}.yaml`, yaml));
    expect(config.dataset).toMatchObject({ adapter: layout, root });
    expect(config.run.name).toBe(layout);
  });
});

describe("any other folder", () => {
  it("is split by subject, and its slices padded to sides that suit the model", async () => {
    for (let subject = 0; subject < 5; subject++) {
      for (let slice = 0; slice < 3; slice++) {
        await writePicture(`any/p${subject}_${slice}.png`, 90 + subject, 70);
      }
    }
    const { yaml, ...found } = await initialConfig(folder.at("any"));
    expect(found).toEqual({
      adapter: "folder",
      pattern: "{subject}_{slice}.png",
      size: [80, 96],
      splits: {
        train: { slices: 9, subjects: 3 },
        validate: { slices: 3, subjects: 1 },
        test: { slices: 3, subjects: 1 },
      },
      classes: [],
      notes: [],
    });
    expect((await loadConfig(await folder.write("any.yaml", yaml))).dataset.sizePolicy).toBe("pad");
  });

  it("has large slices made smaller", async () => {
    for (let subject = 0; subject < 4; subject++) await writePicture(`large/p${subject}/1.png`, 600, 300);
    const { size, yaml } = await initialConfig(folder.at("large"));
    expect(size).toEqual([128, 256]);
    expect(parse(yaml)).toMatchObject({ dataset: { sizePolicy: "resize" } });
  });

  it("of volumes has the middle of each cut into slices", async () => {
    await mkdir(folder.at("volumes"), { recursive: true });
    const values = new Float32Array(32 * 48 * 8).map((_, index) => index % 97);
    for (let subject = 0; subject < 4; subject++) {
      const bytes = encodeNifti(values, { shape: [32, 48, 8], type: "int16" });
      await writeFile(folder.at("volumes", `sub-${subject}_T1w.nii`), bytes);
    }
    const { size, splits, yaml } = await initialConfig(folder.at("volumes"));
    expect(size).toEqual([32, 48]);
    expect(splits.test).toEqual({ slices: 4, subjects: 1 });
    expect(parse(yaml).dataset.options.volumes).toEqual({ plane: 2, from: 2, to: 6 });
  });

  it("of DICOM files, or of nothing, is refused with what to do", async () => {
    await mkdir(folder.at("dicom"), { recursive: true });
    await writeFile(folder.at("dicom", "IM0001"), Buffer.concat([Buffer.alloc(128), Buffer.from("DICM")]));
    await expect(initialConfig(folder.at("dicom"))).rejects.toMatchObject({
      code: "LAYOUT_UNKNOWN",
      remedy: expect.stringContaining("dcm2niix"),
    });
    await mkdir(folder.at("nothing"), { recursive: true });
    await expect(initialConfig(folder.at("nothing"))).rejects.toMatchObject({ code: "LAYOUT_UNKNOWN" });
    await expect(initialConfig(folder.at("nowhere"))).rejects.toMatchObject({ code: "DATASET_ROOT" });
  });

  it("of too few subjects is refused", async () => {
    for (let slice = 0; slice < 8; slice++) await writePicture(`few/p${slice % 2}/${slice}.png`, 64, 64);
    await expect(initialConfig(folder.at("few"))).rejects.toThrow(/too few subjects.*/);
  });
});

it("has every key in it: taking the marks off writes out the defaults, and changes nothing", async () => {
  const { yaml } = await initialConfig(folder.at("any"));
  // An adapter may have options without defaults: those have no value that changes nothing.
  const [dataset = "", rest = ""] = yaml.split(/^(?=# The VQ-VAE\.)/m);
  const unmarked = rest
    .split("\n")
    .map((line) => (/^ *#( {2,})?[a-zA-Z0-9]+:( |$)/.test(line) ? line.replace("#", "") : line))
    .join("\n");
  const short = await loadConfig(await folder.write("short.yaml", yaml), ["run.name=x"]);
  const long = await loadConfig(await folder.write("long.yaml", dataset + unmarked), ["run.name=x"]);
  expect(long).toEqual(short);
  expect(unmarked).toMatch(/^ {4}learningRate: 0\.002$/m);
});

describe("a folder with masks in it", () => {
  const picture = (path: string, seed: number) => writeGrey(path, (at) => (at * 37 + seed * 11) % 251);
  const mask = (path: string) => writeGrey(path, (at) => (at % 3 === 0 ? 255 : 0));

  async function writeGrey(path: string, value: (at: number) => number): Promise<void> {
    await mkdir(folder.at(path, ".."), { recursive: true });
    const values = Uint8Array.from({ length: 32 * 32 }, (_, at) => value(at));
    await sharp(values, { raw: { width: 32, height: 32, channels: 1 } }).toFile(folder.at(path));
  }

  it.each<[string, (a: number, b: number) => readonly [string, string], string]>([
    ["beside the slices", (a, b) => [`p${a}_${b}.png`, `p${a}_${b}_mask.png`], "{subject}_{slice}_mask.png"],
    [
      "beside files of one subject each",
      (a, b) => [`${97 * a + b}.png`, `${97 * a + b}_mask.png`],
      "{subject}_mask.png",
    ],
    [
      "in a folder of their own",
      (a, b) => [`images/p${a}_${b}.png`, `masks/p${a}_${b}.png`],
      "masks/{subject}_{slice}.png",
    ],
    [
      "in each split's folder",
      (a, b) => [`${set(a)}/images/p${a}_${b}.png`, `${set(a)}/labels/p${a}_${b}.png`],
      "{split}/labels/{subject}_{slice}.png",
    ],
    [
      "in folders named like the splits",
      (a, b) => [`${set(a)}_images/p${a}_${b}.png`, `${set(a)}_masks/p${a}_${b}_seg.png`],
      "t*_masks/{subject}_{slice}_seg.png",
    ],
    [
      "by a word before",
      (a, b) => [`p${a}/img_${b}.png`, `p${a}/mask_${b}.png`],
      "{subject}/mask_{slice}.png",
    ],
  ])("%s: they are not slices, and offered as masks", async (what, write, pattern) => {
    const root = what.replaceAll(" ", "-");
    for (let subject = 0; subject < 8; subject++) {
      for (let slice = 0; slice < 3; slice++) {
        const [image, label] = write(subject, slice);
        await picture(`${root}/${image}`, 3 * subject + slice);
        await mask(`${root}/${label}`);
      }
    }
    const { yaml, splits, notes } = await initialConfig(folder.at(root));
    const { dataset } = await loadConfig(await folder.write(`${root}.yaml`, yaml));
    expect(dataset.options.masks).toMatchObject({ pattern });
    expect(splits.train.slices + splits.validate.slices + splits.test.slices).toBe(24);
    expect(notes).toContainEqual(expect.stringMatching(/^24 files are masks by their names/));
    expect(yaml).toMatch(/^# Check: .*24 files are masks/m);
    const { records } = await listDataset(dataset);
    expect(records.filter((record) => record.mask === undefined)).toEqual([]);
    expect(records.filter(({ path }) => /mask|seg|labels/.test(path.slice(folder.at(root).length)))).toEqual(
      [],
    );
  });

  function set(subject: number): string {
    return subject < 6 ? "train" : "test";
  }

  it("that cannot be used has them left out", async () => {
    for (let file = 0; file < 24; file++) {
      await picture(`unusable/${file}a.png`, file);
      await picture(`unusable/${file}a_mask.png`, file);
    }
    const { yaml, splits } = await initialConfig(folder.at("unusable"));
    const { options } = (await loadConfig(await folder.write("unusable.yaml", yaml))).dataset;
    expect(options).toMatchObject({ pattern: "{subject}.png", ignore: ["*mask*"] });
    expect(options).not.toHaveProperty("masks");
    expect(splits.train.slices + splits.validate.slices + splits.test.slices).toBe(24);
  });

  it("without a word for them in their names is told by their few values", async () => {
    for (let file = 0; file < 12; file++) {
      await picture(`unnamed/p${file}/a_1.png`, file);
      await mask(`unnamed/p${file}/a_2.png`);
    }
    const { notes } = await initialConfig(folder.at("unnamed"));
    expect(notes).toContainEqual(expect.stringContaining("12 of 24 slices examined have 12 values or fewer"));
  });
});

describe("subjects", () => {
  it("in the folders of several splits are parted anew, rather than refused", async () => {
    for (const split of ["train", "test"]) {
      for (let subject = 0; subject < 5; subject++) {
        for (let slice = 0; slice < 2; slice++)
          await writePicture(`both/${split}/p${subject}_${slice}.png`, 32, 32);
      }
    }
    const { pattern, splits, notes } = await initialConfig(folder.at("both"));
    expect(pattern).toBe("*/{subject}_{slice}.png");
    expect(splits.train.subjects + splits.validate.subjects + splits.test.subjects).toBe(5);
    expect(notes).toEqual([
      expect.stringContaining("5 subjects, such as p0, are in the folders of more than one split"),
    ]);
  });

  it("of names that restart in each split, a file each, are taken for different ones", async () => {
    for (const split of ["Training", "Testing"]) {
      for (let file = 0; file < 6; file++) await writePicture(`restart/${split}/img_${file}.png`, 32, 32);
    }
    const { yaml, splits } = await initialConfig(folder.at("restart"));
    expect(splits.test).toEqual({ slices: 6, subjects: 6 });
    const { dataset } = await loadConfig(await folder.write("restart.yaml", yaml));
    expect((await listDataset(dataset)).records).toHaveLength(12);
  });
});

it.each([
  [0, [1, 32, 48]],
  [1, [32, 1, 48]],
] as const)("slices stored as volumes of one have its axis, %i, across", async (plane, shape) => {
  const root = folder.at(`single-${plane}`);
  await mkdir(root, { recursive: true });
  const values = new Float32Array(32 * 48).map((_, index) => index % 97);
  for (let file = 0; file < 10; file++) {
    await writeFile(`${root}/p${file >> 1}_${file % 2}.nii`, encodeNifti(values, { shape, type: "int16" }));
  }
  const { size, splits, yaml } = await initialConfig(root);
  expect(size).toEqual([32, 48]);
  expect(parse(yaml).dataset.options.volumes).toMatchObject({ plane, from: 0, to: 1 });
  expect(splits.train.slices + splits.validate.slices + splits.test.slices).toBe(10);
});

it("follows links to folders, but not round and round", async () => {
  for (let subject = 0; subject < 5; subject++) await writePicture(`store/p${subject}_1.png`, 32, 32);
  for (let subject = 0; subject < 5; subject++) await writePicture(`store/p${subject}_2.png`, 32, 32);
  await mkdir(folder.at("linked"), { recursive: true });
  await symlink(folder.at("store"), folder.at("linked", "AD"));
  await symlink(folder.at("linked"), folder.at("linked", "round"));
  const { splits, pattern } = await initialConfig(folder.at("linked"));
  expect(pattern).toBe("AD/{subject}_{slice}.png");
  expect(splits.train).toEqual({ slices: 6, subjects: 3 });
});
