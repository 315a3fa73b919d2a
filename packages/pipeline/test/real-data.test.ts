import { join } from "node:path";
import type { Evaluation } from "@slicebook/runs";
import { describe, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readJsonFile, TINY, temporaryFolder } from "./helpers.ts";

const root = process.env.SLICEBOOK_DATA;
if (root === undefined && process.env.CI === "true") {
  throw new Error(
    "SLICEBOOK_DATA must name the folder of real slices: these tests may not be left out in CI",
  );
}

describe.runIf(root !== undefined)("real slices", () => {
  const place = temporaryFolder();

  it.each([
    ["hipmri", [32, 16], { n: 70, subjects: 6 }, []],
    ["oasis", [32, 32], { n: 48, subjects: 3 }, []],
    ["adni", [28, 32], { n: 108, subjects: 6 }, ["AD", "NC"]],
  ])("of %s go through every stage up to samples", async (adapter, size, measured, classes) => {
    const config = await place.write(`${adapter}.yaml`, TINY);
    const overrides = [
      `run.root=${place.at("runs")}`,
      "dataset.options={}",
      `dataset.adapter=${adapter}`,
      `dataset.root=${join(root!, adapter)}`,
      `dataset.size=[${size}]`,
      "dataset.sizePolicy=resize",
      "train.steps=5",
      "prior.steps=3",
      "sample.count=2",
    ];
    const stages = ["train", "encode", "evaluate", "train-prior", "sample"] as const;
    await execute({ kind: "run", config, overrides, stages, resume: false });
    const run = place.at("runs", adapter);
    const evaluation = await readJsonFile<Evaluation>(join(run, "evaluation.json"));
    expect(evaluation).toMatchObject({ ssim: measured, dataset: { adapter, size } });
    expect(evaluation.ssim.mean).toBeGreaterThan(-1);
    const record = await readJsonFile<{ data: { splits: { test: { classes: object } } } }>(
      join(run, "run.json"),
    );
    expect(Object.keys(record.data.splits.test.classes)).toEqual(classes);
  });
});
