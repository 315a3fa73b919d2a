import { mkdir, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { readEvaluations } from "../src/evaluations.ts";
import { hashOfFile } from "../src/files.ts";
import { runPaths } from "../src/run-paths.ts";
import { earlyEvaluation } from "./fixtures.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const place = temporaryFolder();
const [one, other] = ["a".repeat(64), "b".repeat(64)];

/** The evaluations of a folder whose files name these models, as far as they are there. */
async function joined(name: string, models: { evaluation?: string | null; prior?: string }) {
  const paths = runPaths(place.at(name));
  await mkdir(place.at(name, "prior"), { recursive: true });
  await mkdir(place.at(name, "checkpoints"));
  await writeFile(paths.best, "weights");
  const { evaluation, prior } = models;
  if (evaluation !== undefined) {
    const model = evaluation === null ? {} : { model: evaluation };
    await writeFile(paths.evaluation, JSON.stringify({ ...earlyEvaluation, ...model }));
  }
  if (prior !== undefined) {
    const share = { natsPerCode: 1, bitsPerCode: 1.5, bitsPerPixel: 0.25, accuracy: 0.5, grids: 3 };
    const baselines = { unigramBitsPerCode: 3, positionBitsPerCode: 2, smoothing: 1 };
    const heldOut = { ...share, baselines };
    const model = prior === "checkpoint" ? await hashOfFile(paths.best) : prior;
    const value = { schema: 2, model, train: share, validate: heldOut, test: heldOut };
    await writeFile(paths.prior.evaluation, JSON.stringify(value));
  }
  const found = await readEvaluations(paths);
  return [found.evaluation?.bitsPerPixel.prior, found.prior?.test.bitsPerCode];
}

it.each([
  ["of one model are joined", { evaluation: one!, prior: one! }, [0.25, 1.5]],
  ["of two models are not", { evaluation: one!, prior: other! }, [null, undefined]],
  ["of which one is missing", { evaluation: one! }, [null, undefined]],
  ["of a prior alone", { prior: one! }, [undefined, 1.5]],
  [
    "that do not name the model yet are joined by the prior's file",
    { evaluation: null, prior: one! },
    [0.25, 1.5],
  ],
  ["to which the prior's bits were added, of a prior that is gone", { evaluation: null }, [null, undefined]],
  ["whose prior names the checkpoint are joined", { evaluation: one!, prior: "checkpoint" }, [0.25, 1.5]],
])("evaluations %s", async (name, models, expected) => {
  expect(await joined(name, models)).toEqual(expected);
});
