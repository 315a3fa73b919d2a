import { join } from "node:path";
import { placesShowing } from "@slicebook/measure";
import type { Evaluation } from "@slicebook/runs";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readJsonFile, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

it("leaves blank slices out of all means, of the best and the worst, and says how many they are", async () => {
  const config = await place.write("tiny.yaml", TINY);
  const overrides = [
    `run.root=${place.at("runs")}`,
    `dataset.adapter=${join(import.meta.dirname, "plugins", "half-blank.mjs")}`,
    "dataset.options={ width: 8 }",
    "prior.options={}",
  ];
  await execute({ kind: "run", config, overrides, stages: ["train", "encode", "evaluate"], resume: false });
  const evaluation = await readJsonFile<Evaluation>(place.at("runs", "tiny", "evaluation.json"));
  expect(evaluation).toMatchObject({ blank: 1, ssim: { n: 3, ci95: null }, psnr: { n: 3 } });
  expect(evaluation.subjects).toMatchObject([{ n: 3 }]);
  expect([...evaluation.best!, ...evaluation.worst!].map(({ name }) => name)).not.toContain("test-stripes-0");
  expect(evaluation.baselines).toMatchObject({ slices: 3, of: 4 });
});

it("measures blank slices where there are no others", () => {
  const images = [Float32Array.of(1, 1), Float32Array.of(1, 2), Float32Array.of(0, 0)];
  expect(placesShowing(3, (index) => images[index]!)).toEqual([1]);
  expect(placesShowing(2, (index) => images[2 * index]!)).toEqual([0, 1]);
});
