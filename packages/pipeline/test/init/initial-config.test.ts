import { mkdir, writeFile } from "node:fs/promises";
import { encodeNifti } from "@slicebook/datasets";
import { writePhantom } from "@slicebook/datasets/node";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { initialConfig } from "../../src/init/initial-config.ts";
import { loadConfig } from "../../src/load-config.ts";
import { temporaryFolder } from "../helpers.ts";

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
