import { join } from "node:path";
import type { Evaluation } from "@slicebook/runs";
import { expect, it } from "vitest";
import { readJsonFile, readTensors, temporaryFolder } from "./helpers.ts";
import { copySharedRun } from "./shared-runs.ts";

const place = temporaryFolder();

it("trains, encodes and evaluates codes of several levels, each with its own grid and figures", async () => {
  await copySharedRun("levels", place.at("runs"));
  const folder = place.at("runs", "levels");
  const evaluation = await readJsonFile<Evaluation>(join(folder, "evaluation.json"));
  const grids = [4, 4, 8, 8];
  expect(evaluation.levels.map(({ rows, columns }) => [rows, columns])).toEqual(
    grids.map((side) => [side, side]),
  );
  expect(evaluation.codes).toBe(4 * 16);
  expect(evaluation.codesInUse).toBe(evaluation.levels.reduce((sum, level) => sum + level.codesInUse, 0));
  // 4 bits for each of 2·16 + 2·64 codes, over 1024 pixels.
  expect(evaluation.bitsPerPixel.fixed).toBeCloseTo((4 * 160) / 1024, 12);
  const bits = evaluation.levels.reduce(
    (sum, { rows, columns, perplexity }) => sum + (rows * columns * Math.log2(perplexity)) / 160,
    0,
  );
  expect(Math.log2(evaluation.perplexity)).toBeCloseTo(bits, 9);
  const { tensors } = await readTensors(join(folder, "codes", "test.safetensors"));
  expect(grids.map((_, level) => tensors[`codes.${level}`]?.shape)).toEqual(
    grids.map((side) => [6, side, side]),
  );
});
