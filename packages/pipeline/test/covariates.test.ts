import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mapRecord } from "@slicebook/core";
import { decodeFile } from "@slicebook/datasets/node";
import { greyPng } from "@slicebook/report";
import { type KeptCovariates, type PriorEvaluation, readCovariates, runPaths } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";
import { loadCodes } from "@slicebook/runs/tensors";
import { beforeAll, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { listen, readJsonFile, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();
const SIDE = 16;
const AGES = [20, 40, 60, 80];
let folder: string;
let data: string;

/** Bright from the bottom up to a height that the age decides: of women grey, of men white, as the first corner always is. */
async function writeSlice(path: string, { age, sex }: { age: number; sex: string }, slice: number) {
  const top = SIDE - (SIDE * (age - 10)) / 80;
  const values = Float32Array.from({ length: SIDE * SIDE }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / SIDE), pixel % SIDE];
    if (row < SIDE / 8 && column < SIDE / 8) return 1;
    return row < top ? 0.02 * slice : sex === "F" ? 0.5 : 1;
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await greyPng({ data: values, shape: [1, SIDE, SIDE] }, 0));
}

beforeAll(async () => {
  data = place.at("data");
  const lines = ["subject,age,sex,centre"];
  for (const split of ["train", "validate", "test"]) {
    for (const age of AGES) {
      for (const sex of ["F", "M"]) {
        const subject = `${split}${age}${sex}`;
        lines.push(`${subject},${age},${sex},here`);
        for (let slice = 0; slice < 3; slice++) {
          await writeSlice(join(data, split, `${subject}_${slice}.png`), { age, sex }, slice);
        }
      }
    }
  }
  await writeFile(join(data, "covariates.csv"), `${lines.join("\n")}\n`);
  const config = await place.write(
    "known.yaml",
    `
dataset:
  adapter: folder
  root: ${data}
  size: [16, 16]
  preprocessing: minmax
  options: { pattern: "{split}/{subject}_{slice}.png" }
${TINY.slice(TINY.indexOf("model:"))}`,
  );
  const overrides = [
    `run.root=${place.at("runs")}`,
    "train.epochs=80",
    "train.validateEvery=20",
    "prior.validateEvery=20",
    "prior.epochs=60",
    "prior.options={ layers: 2, hidden: 16, headWidth: 16, firstKernel: 3, conditionDropout: 0.15 }",
    "sample.count=8",
  ];
  await execute({
    kind: "run",
    config,
    overrides,
    stages: ["train", "encode", "evaluate", "train-prior", "sample"],
    resume: false,
  });
  folder = place.at("runs", "known");
});

const again = (stages: readonly Stage[], ...overrides: readonly string[]) =>
  execute({ kind: "stages", run: folder, overrides, stages, resume: false });

/** Which share of the samples is bright, and how bright that is, 0 to 1. */
async function sampled(...overrides: readonly string[]): Promise<{ area: number; grey: number }> {
  await again(["sample"], ...overrides);
  const bright: number[] = [];
  for (let sample = 1; sample <= 8; sample++) {
    const { values } = await decodeFile(join(folder, "samples", `sample-000${sample}.png`));
    bright.push(...Array.from(values, (value) => value / 255).filter((grey) => grey > 0.25));
  }
  const grey = bright.reduce((sum, one) => sum + one, 0) / bright.length;
  return { area: bright.length / (8 * SIDE * SIDE), grey };
}

it("are learned from the training slices and kept beside the codes", async () => {
  const { covariates, combinations, known } = readCovariates(runPaths(folder))!;
  expect(covariates).toEqual([
    { name: "age", kind: "number", low: 20, high: 80 },
    { name: "sex", kind: "category", categories: ["F", "M"] },
  ]);
  expect(combinations).toHaveLength(8);
  expect(combinations).toContainEqual({ values: { age: 40, sex: "M" }, slices: 3 });
  expect(known).toEqual(mapRecord({ train: 0, validate: 0, test: 0 }, () => [24, 24]));
  const { covariates: told } = (await loadCodes(runPaths(folder).codes.validate))!;
  expect(told).toEqual(
    Float32Array.from(
      AGES.flatMap((age) => [0, 1].flatMap((sex) => [0, 1, 2].flatMap(() => [(age - 20) / 60, sex]))),
    ),
  );
});

it("make codes likelier", async () => {
  const { test } = await readJsonFile<PriorEvaluation>(runPaths(folder).prior.evaluation);
  expect(test.bitsPerCodeUntold).toBeGreaterThan(test.bitsPerCode + 0.1);
});

it("decide what is drawn, the more so the more they guide", async () => {
  const young = await sampled("sample.covariates={ age: 20, sex: F }");
  const old = await sampled("sample.covariates={ age: 80, sex: F }");
  const man = await sampled("sample.covariates={ age: 80, sex: M }");
  expect(old.area).toBeGreaterThan(young.area + 0.3);
  expect(man.grey).toBeGreaterThan(old.grey + 0.15);
  const unguided = await sampled("sample.covariates={ age: 20, sex: F }", "sample.guidance=0");
  expect(unguided.area).toBeGreaterThan(young.area + 0.1);
  const guided = await sampled("sample.covariates={ age: 20, sex: F }", "sample.guidance=2");
  expect(guided.area).toBeLessThan(young.area);
  expect(guided.grey).toBeLessThan(young.grey);
});

it("are those of some training slice where they are not asked for, by the seed", async () => {
  const drawn = async (...overrides: readonly string[]) => {
    await again(["sample"], "sample.guidance=1", ...overrides);
    return (await loadCodes(join(folder, "samples", "codes.safetensors")))!;
  };
  const any = await drawn("sample.covariates={}", "sample.count=12");
  const ages = Array.from({ length: 12 }, (_, sample) => any.covariates![2 * sample]!);
  expect(new Set(ages).size).toBeGreaterThan(2);
  for (const age of ages) expect(AGES.map((one) => Math.fround((one - 20) / 60))).toContain(age);
  const fewer = await drawn("sample.covariates={}", "sample.count=5");
  expect(fewer.covariates).toEqual(any.covariates!.slice(0, 10));
  const women = await drawn("sample.covariates={ sex: F }");
  expect(Array.from({ length: 5 }, (_, sample) => women.covariates![2 * sample + 1])).toEqual([
    0, 0, 0, 0, 0,
  ]);
});

it("are refused with what there is, if they are asked for wrongly", async () => {
  await expect(again(["sample"], "sample.covariates.age=95")).rejects.toMatchObject({
    code: "COVARIATE_UNKNOWN",
    message: "sample.covariates.age: 95 is asked for, and the training slices have age (20 to 80)",
  });
  await expect(again(["sample"], "sample.covariates={ ages: 30 }")).rejects.toMatchObject({
    code: "COVARIATE_UNKNOWN",
    remedy: "Did you mean age?",
  });
});

it("make encode and the prior run again when they change, and nothing else", async () => {
  const { events, onEvent } = listen();
  const kept = (): KeptCovariates => readCovariates(runPaths(folder))!;
  const before = kept();
  const csv = join(data, "covariates.csv");
  await writeFile(csv, "subject,weight\ntrain20F,60\ntrain40F,70\nnobody,1\n");
  const run = (stages: readonly Stage[], ...overrides: readonly string[]) =>
    execute(
      {
        kind: "run",
        config: join(folder, "config.yaml"),
        overrides: [`run.root=${place.at("runs")}`, "run.name=known", "prior.epochs=60", ...overrides],
        stages,
        resume: false,
      },
      { onEvent },
    );
  const states = async (...given: Parameters<typeof run>) =>
    Object.fromEntries((await run(...given)).stages.map(({ stage, state }) => [stage, state]));
  expect(await states(["train", "encode", "evaluate", "train-prior"])).toEqual({
    train: "skipped",
    encode: "done",
    evaluate: "skipped",
    "train-prior": "done",
  });
  expect(kept()).toMatchObject({
    covariates: [{ name: "weight", low: 60, high: 70 }],
    known: { train: [6], validate: [0], test: [0] },
  });
  expect(kept().fingerprint).not.toBe(before.fingerprint);
  const texts = events.flatMap((event) => (event.type === "warning" ? [event.text] : []));
  expect(texts).toContainEqual(expect.stringContaining(`${csv}:4: the data set has no subject nobody`));
  const without = await states(["train", "encode", "evaluate"], "dataset.covariates=false");
  expect(without).toEqual({ train: "skipped", encode: "done", evaluate: "skipped" });
  expect(readCovariates(runPaths(folder))).toBeUndefined();
});
