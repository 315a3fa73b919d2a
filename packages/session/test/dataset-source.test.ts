import { loadConfig } from "@slicebook/config";
import { openDataset } from "@slicebook/datasets/node";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../runs/test/temporary-folder.ts";
import { datasetSource } from "../src/dataset-source.ts";

const folder = temporaryFolder();
/** Four subjects to train on, and two for validation and test each, of three slices. */
const PHANTOMS = `
dataset:
  adapter: phantom
  size: [32, 32]
  options: { subjects: { train: 4, validate: 2, test: 2 }, slices: 3 }
train: { epochs: 1 }
`;

async function opened(overrides: readonly string[], few?: number) {
  const config = await loadConfig(await folder.write("phantoms.yaml", PHANTOMS), overrides);
  const source = await datasetSource(config, few);
  return openDataset(source.config, { adapters: source.adapters });
}

it("is the whole data set unless less is asked for", async () => {
  const { splits } = await opened([]);
  expect(splits.train.records).toHaveLength(12);
  expect(splits.test.records).toHaveLength(6);
});

it("of an overfit run has the same training slices in every split, and another fingerprint", async () => {
  const { splits, fingerprint } = await opened(["train.overfit=3"]);
  const images = (["train", "validate", "test"] as const).map((split) => splits[split].originals([0, 1, 2]));
  expect(splits.train.records).toHaveLength(3);
  expect(images[1]).toEqual(images[0]);
  expect(images[2]).toEqual(images[0]);
  expect(fingerprint).not.toBe((await opened([])).fingerprint);
});

it("of a run that is only tried has a few slices of each split", async () => {
  const { splits } = await opened([], 2);
  expect([splits.train, splits.validate, splits.test].map(({ records }) => records.length)).toEqual([
    2, 2, 2,
  ]);
  expect(new Set(splits.test.records.map(({ subject }) => subject))).not.toContain(
    splits.train.records[0]!.subject,
  );
});
