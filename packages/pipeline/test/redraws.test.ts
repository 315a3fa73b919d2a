import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codesOf, loadCodes, saveCodes } from "@slicebook/runs/tensors";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

it("draws a sample that is a training slice anew, as one behind the last, and leaves the others as they are", async () => {
  const folder = place.at("runs", "redraws");
  await execute({
    kind: "run",
    config: await place.write("redraws.yaml", TINY),
    overrides: [`run.root=${place.at("runs")}`, "sample.count=8"],
    stages: ["train", "encode", "evaluate", "train-prior"],
    resume: false,
  });
  const sample = async (...overrides: string[]) => {
    await execute({ kind: "stages", run: folder, stages: ["sample"], resume: false, overrides });
    const grids = (await loadCodes(join(folder, "samples", "codes.safetensors")))!;
    const { memorisation } = JSON.parse(await readFile(join(folder, "samples", "novelty.json"), "utf8"));
    const codes = grids.names.map((_, index) => codesOf(grids.levels, index).map((level) => [...level]));
    return { codes, grids, memorisation };
  };
  const before = await sample("sample.count=8", "sample.redraws=0");
  const file = join(folder, "codes", "train.safetensors");
  const training = (await loadCodes(file))!;
  for (const [level, { data }] of training.levels.entries()) {
    data.set(before.codes[1]![level]!); // the first training slice becomes the second sample
  }
  await saveCodes(file, training);

  const flagged = await sample("sample.count=3", "sample.redraws=0");
  expect(flagged.codes).toEqual(before.codes.slice(0, 3));
  expect(flagged.memorisation).toMatchObject({ flagged: 1, redrawn: 0 });
  const anew = await sample("sample.count=3", "sample.redraws=1");
  expect(anew.memorisation).toMatchObject({ redrawn: 1 });
  expect(anew.codes).toEqual([before.codes[0], before.codes[4], before.codes[2]]);
});
