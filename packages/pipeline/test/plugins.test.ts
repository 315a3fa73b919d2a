import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "@slicebook/config";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readTensors, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();
const plugin = (name: string) => join(import.meta.dirname, "plugins", name);

it("runs with a data set and a prior of somebody else's, named by path, their options checked", async () => {
  const config = await place.write("tiny.yaml", TINY);
  const overrides = [
    `run.root=${place.at("runs")}`,
    `dataset.adapter=${plugin("stripes.mjs")}`,
    "dataset.options={ width: 8 }",
    `prior.name=${plugin("small-prior.mjs")}`,
    "prior.options={}",
  ];
  await execute({
    kind: "run",
    config,
    overrides,
    stages: ["train", "encode", "train-prior", "sample"],
    resume: false,
  });
  const run = place.at("runs", "tiny");
  expect((await readTensors(join(run, "samples", "codes.safetensors"))).tensors["codes.0"]?.shape).toEqual([
    3, 8, 8,
  ]);
  expect(await readFile(join(run, "config.yaml"), "utf8")).toMatch(/options:\n\s+hidden: 4\n/);
  await expect(loadConfig(config, [...overrides, "dataset.options.widht=2"])).rejects.toMatchObject({
    message:
      "argument dataset.options.widht=2: dataset.options.widht: unknown key; did you mean dataset.options.width?",
  });
});

it("says what a module lacks that is not a prior", async () => {
  const config = await place.write("tiny.yaml", TINY);
  await expect(loadConfig(config, [`prior.name=${plugin("stripes.mjs")}`])).rejects.toMatchObject({
    code: "PRIOR_INVALID",
    message: expect.stringContaining("bind"),
  });
});
