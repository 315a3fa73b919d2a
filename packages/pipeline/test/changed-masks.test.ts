import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Evaluation } from "@slicebook/runs";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readJsonFile, temporaryFolder, tinyOf } from "./helpers.ts";

const place = temporaryFolder();
const stages = ["train", "encode", "evaluate", "report"] as const;

it("is evaluated again, and not trained again, once masks have changed", async () => {
  const data = place.at("oasis");
  const subjects = { train: 2, validate: 1, test: 1 };
  await execute({
    kind: "phantom",
    layout: "oasis",
    out: data,
    seed: 3,
    subjects,
    slicesPerSubject: 2,
    size: [32, 32],
  });
  const config = await place.write(
    "masked.yaml",
    tinyOf(`{ adapter: oasis, root: ${data}, size: [32, 32] }`),
  );
  const overrides = [`run.root=${place.at("runs")}`];
  const run = () => execute({ kind: "run", config, overrides, stages, resume: false });
  const evaluation = () => readJsonFile<Evaluation>(place.at("runs", "masked", "evaluation.json"));

  await run();
  const before = await evaluation();
  const again = await run();
  expect(again.stages.map(({ state }) => state)).toEqual(stages.map(() => "skipped"));

  const masks = join(data, "keras_png_slices_seg_test");
  await copyFile(join(masks, "seg_004_slice_1.nii.png"), join(masks, "seg_004_slice_0.nii.png"));
  const changed = await run();
  const after = await evaluation();
  expect(changed.stages.filter(({ state }) => state === "done").map(({ stage }) => stage)).toEqual([
    "evaluate",
    "report",
  ]);
  expect(after.masks).not.toEqual(before.masks);
  expect({ ...after, masks: before.masks }).toEqual(before);
});
