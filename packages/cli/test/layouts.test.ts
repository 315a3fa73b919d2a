import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { filesUnder, readJson, slicebook, temporaryFolder } from "./command.ts";
import { writeTiny } from "./runs.ts";

const cwd = temporaryFolder();

describe.each([
  { layout: "hipmri", ending: ".nii.gz", classes: {}, train: 4, validate: 1 },
  { layout: "oasis", ending: ".nii.png", classes: {}, train: 4, validate: 1 },
  { layout: "adni", ending: ".jpeg", classes: { AD: 1, NC: 1 }, train: 4, validate: 1 },
])("phantoms in the layout $layout", ({ layout, ending, classes, train, validate }) => {
  const config = `${layout}.yaml`;

  beforeAll(async () => {
    const { code, stderr } = await slicebook(
      [
        "phantom",
        "--layout",
        layout,
        "--out",
        layout,
        "--subjects",
        `${train},${validate},2`,
        "--slices",
        "2",
      ],
      { cwd },
    );
    if (code !== 0) throw new Error(stderr);
    await writeTiny(cwd, {
      name: config,
      change: (text) =>
        text
          .replace("adapter: phantom", `adapter: ${layout}\n  root: ${layout}\n  sizePolicy: resize`)
          .replace(/ {2}options: \{ subjects.*\n/, ""),
    });
  });

  test("are files named as there", async () => {
    const files = await filesUnder(join(cwd, layout));
    expect(files.length).toBeGreaterThanOrEqual(2 * (train + 2));
    expect(files.filter((file) => !file.endsWith(ending))).toEqual([]);
  });

  test("are seen by inspect, from their folder alone, with a contact sheet", async () => {
    const sheet = `${layout}-sheet.png`;
    const { code, stdout, stderr } = await slicebook(["inspect", layout, "--out", sheet, "--json"], { cwd });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const { inspection, files } = JSON.parse(stdout);
    expect(inspection).toMatchObject({ dataset: layout, classes: Object.keys(classes) });
    expect(inspection.splits.test).toMatchObject({
      slices: expect.any(Number),
      subjects: expect.any(Number),
    });
    const { code: shown, stdout: text } = await slicebook(["inspect", layout], { cwd });
    expect(shown).toBe(0);
    expect(text).toMatch(/prepared +\d.* [KM]iB on disk/);
    if (layout === "adni") expect(text).toMatch(/class balance +train \d+ % AD, \d+ % NC; validate/);
    else expect(text).toMatch(/masks +\d+ slices? ha(?:s|ve) one/);
    expect(files).toEqual([sheet]);
    expect(await sharp(join(cwd, sheet)).metadata()).toMatchObject({ format: "png" });
  });

  test("train a model, which is evaluated on another folder of the layout", async () => {
    const trained = await slicebook(["train", config, "train.epochs=1"], { cwd });
    expect({ code: trained.code, stderr: trained.code === 0 ? "" : trained.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    const other = `${layout}-other`;
    await slicebook(
      ["phantom", "--layout", layout, "--out", other, "--subjects", "2,1,3", "--slices", "2", "--seed", "9"],
      { cwd },
    );
    const { code, stdout } = await slicebook(
      ["evaluate", `runs/${layout}`, `dataset.root=${other}`, "--json"],
      { cwd },
    );
    expect(code).toBe(0);
    const { files } = JSON.parse(stdout) as { files: string[] };
    const evaluation = files.find(
      (file) => file.startsWith(`runs/${layout}/evaluations/`) && file.endsWith(".json"),
    );
    expect(await readJson(join(cwd, evaluation!))).toMatchObject({
      dataset: { adapter: layout },
      ssim: { mean: expect.any(Number), subjects: expect.any(Number) },
    });
  });

  test("are reconstructed from single files", async () => {
    const [file = ""] = (await filesUnder(join(cwd, layout))).filter(
      (name) => name.includes("test") && !name.includes("seg"),
    );
    const out = `${layout}-out`;
    const { code, stderr } = await slicebook(
      ["reconstruct", `runs/${layout}`, join(layout, file), "--out", out],
      {
        cwd,
      },
    );
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const made = await filesUnder(join(cwd, out));
    expect(made.filter((name) => name.endsWith(".png"))).not.toEqual([]);
  });
});

test("phantoms have the size that is asked for, and no absurd one", async () => {
  const sized = ["phantom", "--layout", "oasis", "--out", "sized", "--subjects", "1,1,1", "--slices", "1"];
  expect(await slicebook([...sized, "--size", "48x32"], { cwd })).toMatchObject({ code: 0 });
  const { stdout } = await slicebook(["inspect", "sized", "dataset.size=[48, 32]", "--json"], { cwd });
  expect(JSON.parse(stdout).inspection.sizes).toEqual({ "48x32": 3 });
  const refused = await slicebook([...sized, "--size", "99999x32"], { cwd });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("from 16 to 1024") });
});
