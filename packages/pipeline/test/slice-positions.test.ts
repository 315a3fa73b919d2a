import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "@slicebook/runs/stages";
import { loadCodes, saveCodes } from "@slicebook/runs/tensors";
import { beforeAll, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();
const CONDITIONED = "prior.options.slicePosition=true";
let folder: string;

beforeAll(async () => {
  const config = await place.write("placed.yaml", TINY);
  const overrides = [`run.root=${place.at("runs")}`, CONDITIONED, "prior.epochs=40"];
  const stages = ["train", "encode", "train-prior", "sample"] as const;
  await execute({ kind: "run", config, overrides, stages, resume: false });
  folder = place.at("runs", "placed");
});

const again = (stage: Stage, ...overrides: readonly string[]) =>
  execute({ kind: "stages", run: folder, overrides, stages: [stage], resume: false });
const samples = async () => (await loadCodes(join(folder, "samples", "codes.safetensors")))!;

it("are kept beside the codes of each split", async () => {
  const { names, slicePositions } = (await loadCodes(join(folder, "codes", "validate.safetensors")))!;
  expect(names).toHaveLength(6); // two subjects of three slices
  expect([...slicePositions!]).toEqual([0, 0.5, 1, 0, 0.5, 1]);
});

it("decide what is sampled, where one is asked for", async () => {
  const anywhere = await samples();
  expect(anywhere.slicePositions).toBeUndefined();
  await again("sample", "sample.position=0.25");
  const there = await samples();
  expect([...there.slicePositions!]).toEqual([0.25, 0.25, 0.25]);
  expect(there.levels[0]!.data).not.toEqual(anywhere.levels[0]!.data);
  await again("sample", "sample.position=null");
  expect((await samples()).levels).toEqual(anywhere.levels);
});

it("are needed to train such a prior, and cannot be asked of another one", async () => {
  const file = join(folder, "codes", "train.safetensors");
  const { slicePositions: _, ...without } = (await loadCodes(file))!;
  await saveCodes(file, without);
  await expect(again("train-prior")).rejects.toMatchObject({
    code: "CODES_OUTDATED",
    message: `${file} does not say where slices lie in their scans, which prior.options.slicePosition needs`,
  });
  await again("train-prior", "prior.options.slicePosition=false");
  const before = await readFile(join(folder, "config.yaml"), "utf8");
  await expect(again("sample", "sample.position=0.5")).rejects.toMatchObject({
    code: "POSITION_UNKNOWN",
    message:
      "sample.position: the prior was not trained on where slices lie in their scans, but 0.5 is asked for",
  });
  expect(await readFile(join(folder, "config.yaml"), "utf8")).toBe(before); // it is not asked for from then on
});
