import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "@slicebook/core";
import { exists } from "@slicebook/runs";
import { stages } from "@slicebook/runs/stages";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { labelsOf } from "../src/stages/sample.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

async function picture(path: string, seed: number, side = 32): Promise<void> {
  await mkdir(dirname(place.at(path)), { recursive: true });
  const values = Uint8Array.from({ length: side * side }, (_, at) => (at * 37 + seed * 11) % 251);
  await sharp(values, { raw: { width: side, height: side, channels: 1 } }).toFile(place.at(path));
}

/** A configuration of the tiny run on a folder. */
async function config(name: string, options: string): Promise<string> {
  const data = `dataset:\n  adapter: folder\n  root: ${place.at(name)}\n  size: [32, 32]\n  options: ${options}\n`;
  return place.write(`${name}.yaml`, data + TINY.slice(TINY.indexOf("model:")));
}

async function run(file: string, overrides: readonly string[] = []): Promise<unknown> {
  const request = { kind: "run", config: file, stages, resume: false } as const;
  return execute({ ...request, overrides: [`run.root=${place.at("runs")}`, "train.epochs=1", ...overrides] });
}

describe("before anything is trained", () => {
  it("a class without training or test slices is refused", async () => {
    for (let subject = 0; subject < 4; subject++) {
      for (const split of ["train", "val", "test"]) {
        for (const name of ["AD", "NC"])
          await picture(`classes/${split}/${name}/${split}${name}${subject}.png`, subject);
      }
      await picture(`classes/test/MCI/t${subject}.png`, subject);
      await picture(`classes/train/SMC/r${subject}.png`, subject);
    }
    const file = await config("classes", '{ pattern: "{split}/{class}/{subject}.png" }');
    await expect(run(file, ["sample.class=MCI"])).rejects.toMatchObject({
      code: "CLASS_UNKNOWN",
      message: expect.stringContaining('"MCI" has no training slices'),
      remedy: expect.stringContaining("AD, NC"),
    });
    await expect(run(file, ["sample.class=SMC"])).rejects.toMatchObject({
      message: expect.stringContaining('"SMC" has no test slices'),
    });
    expect(await exists(place.at("runs", "classes"))).toBe(false);
  });

  it.each([
    [
      "of another size",
      (path: string) => picture(path, 1, 16),
      /the mask .*p3_mask\.png cannot be read: it is 16x16/,
    ],
    [
      "that is damaged",
      (path: string) => place.write(path, "no picture").then(() => {}),
      /the mask .*p3_mask\.png/,
    ],
  ])("a mask %s is refused, with a remedy that helps", async (what, write, message) => {
    const name = what.replaceAll(" ", "-");
    for (let subject = 0; subject < 8; subject++) {
      await picture(`${name}/p${subject}.png`, subject);
      await picture(`${name}/p${subject}_mask.png`, subject);
    }
    for (let subject = 0; subject < 8; subject++) await write(`${name}/p${subject}_mask.png`);
    const file = await config(name, '{ pattern: "{subject}.png", masks: { pattern: "{subject}_mask.png" } }');
    await expect(run(file)).rejects.toMatchObject({
      code: "SLICE_UNREADABLE",
      message: expect.stringMatching(new RegExp(message.source.replace("p3", "p\\d"))),
      remedy: expect.stringContaining("leave masks out of dataset.options"),
    });
    expect(await exists(place.at("runs", name))).toBe(false);
  });
});

it("samples are drawn of classes that were trained and can be measured", () => {
  const seen = { trained: new Set(["AD", "NC", "SMC"]), tested: new Set(["AD", "MCI", "NC"]) };
  const sample = { count: 5, class: null } as Parameters<typeof labelsOf>[1];
  expect(labelsOf(["AD", "MCI", "NC", "SMC"], sample, seen)).toEqual(Int32Array.of(0, 2, 0, 2, 0));
});

it("a checkpoint that holds what is not a number is refused, and the evaluation of before stays", async () => {
  for (let subject = 0; subject < 8; subject++) await picture(`whole/p${subject}.png`, subject);
  const file = await config("whole", '{ pattern: "{subject}.png" }');
  const request = { kind: "run", config: file, resume: false, stages: ["train", "evaluate"] } as const;
  await execute({ ...request, overrides: [`run.root=${place.at("runs")}`, "train.epochs=1"] });
  const [evaluation, best] = ["evaluation.json", "checkpoints/best.safetensors"].map((name) =>
    place.at("runs", "whole", name),
  );
  const before = await readFile(evaluation!, "utf8");
  const { tensors, metadata } = decodeSafetensors(await readFile(best!));
  const [name, tensor] = Object.entries(tensors).find(([, { data }]) => data instanceof Float32Array)!;
  (tensor.data as Float32Array)[0] = Number.NaN;
  await writeFile(best!, encodeSafetensors(tensors, metadata));
  const again = {
    kind: "stages",
    run: place.at("runs", "whole"),
    stages: ["evaluate"],
    resume: false,
  } as const;
  await expect(execute({ ...again, overrides: [] })).rejects.toMatchObject({
    code: "CHECKPOINT_INVALID",
    message: expect.stringContaining(`value 0 of ${name} is NaN`),
  });
  expect(await readFile(evaluation!, "utf8")).toBe(before);
});

it("what to type next has quotes where a path has spaces", async () => {
  const out = place.at("some phantoms");
  const subjects = { train: 1, validate: 1, test: 1 };
  const { next } = await execute({
    kind: "phantom",
    layout: "adni",
    out,
    seed: 0,
    subjects,
    slicesPerSubject: 1,
  });
  expect(next).toBe(`slicebook inspect '${out}'`);
});
