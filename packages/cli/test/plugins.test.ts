import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readJson, slicebook, temporaryFolder } from "./command.ts";
import { writeTiny } from "./runs.ts";

const clone = fileURLToPath(new URL("../../..", import.meta.url));
/** A folder in the clone, where packages are found as at its root, and one far from it. */
const inClone = mkdtempSync(join(clone, ".plugin-test-"));
afterAll(() => rmSync(inClone, { recursive: true, force: true }));
const elsewhere = temporaryFolder();

const guide = await readFile(join(clone, "docs", "extending.md"), "utf8");
const documented = /```js\n\/\/ my-slices\.js\n([\s\S]*?)```/.exec(guide)![1]!;
const countPrior = await readFile(new URL("plugins/count-prior.mjs", import.meta.url), "utf8");

/** Slices of each split: more in all than one thread decodes alone. */
const SLICES = 24;
const small = [
  "model.codes=16",
  "model.codeDimension=4",
  "train.epochs=1",
  "prior.epochs=1",
  "sample.count=2",
];

beforeAll(async () => {
  for (const folder of [inClone, elsewhere]) {
    const ownSlices = (text: string) =>
      text
        .replace("adapter: phantom", "adapter: ./my-slices.mjs\n  root: slices")
        .replace(/ {2}options: \{ subjects.*\n/, "");
    const ownPrior = (text: string) => text.replace(/options: \{ layers.*\}/, "name: ./prior.mjs");
    await writeTiny(folder, { change: ownSlices });
    const unsized = (text: string) => ownSlices(text).replace("  size: [32, 32]\n", "");
    await writeTiny(folder, { name: "unsized.yaml", change: unsized });
    await writeTiny(folder, { name: "counted.yaml", change: (text) => ownPrior(ownSlices(text)) });
    await writeFile(join(folder, "my-slices.mjs"), documented);
    await writeFile(join(folder, "prior.mjs"), countPrior);
    for (const [number, split] of ["train", "validate", "test"].entries()) {
      await mkdir(join(folder, "slices", split), { recursive: true });
      for (let slice = 0; slice < SLICES; slice++) {
        const grey = Uint8Array.from({ length: 1024 }, (_, at) => (at * (slice + 1) + number) % 251);
        await sharp(grey, { raw: { width: 32, height: 32, channels: 1 } })
          .png()
          .toFile(join(folder, "slices", split, `p${number}-${slice}.png`));
      }
    }
  }
});

describe("the documented adapter", () => {
  test.each([
    ["in a clone of Slicebook", inClone],
    ["in a project that has none of its packages", elsewhere],
  ])("loads %s, in decoding threads too", async (_, cwd) => {
    const { code, stderr } = await slicebook(["train", "tiny.yaml", ...small], { cwd });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await readJson(join(cwd, "runs", "tiny", "run.json"))).toMatchObject({
      data: { adapter: "my-slices", splits: { train: { slices: SLICES } } },
    });
  });

  test("loads by path from another folder, by URL, and as a package", async () => {
    const cwd = temporaryFolder();
    const installed = join(cwd, "node_modules", "my-slices");
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, "index.mjs"), documented);
    await writeFile(join(installed, "package.json"), '{ "name": "my-slices", "exports": "./index.mjs" }');
    const file = join(elsewhere, "my-slices.mjs");
    for (const adapter of [file, pathToFileURL(file).href, "my-slices"]) {
      const root = join(elsewhere, "slices");
      await writeFile(join(cwd, "one.yaml"), `dataset: { adapter: "${adapter}", root: "${root}" }\n`);
      const { code, stdout, stderr } = await slicebook(["inspect", "one.yaml", "--json"], { cwd });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(JSON.parse(stdout)).toMatchObject({ inspection: { dataset: "my-slices" } });
    }
  });

  test("is cut to a few slices where a run overfits them", async () => {
    const args = ["train", "tiny.yaml", ...small, "train.overfit=4", "run.name=overfit"];
    const { code, stderr } = await slicebook(args, { cwd: elsewhere });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await readJson(join(elsewhere, "runs", "overfit", "run.json"))).toMatchObject({
      data: { splits: { train: { slices: 4 }, test: { slices: 4 } } },
    });
  });
});

test("a prior without gradients runs to the report; if it ignores what is given, it cannot complete slices", async () => {
  const cwd = elsewhere;
  const { code, stderr } = await slicebook(["run", "counted.yaml", ...small], { cwd });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const run = join(cwd, "runs", "counted");
  const report = await readFile(join(run, "report.html"), "utf8");
  expect(report).toContain("Prior: bits per code");
  expect(report).not.toContain("Prior: gradient norm");
  const rows = (await readFile(join(run, "prior", "metrics.jsonl"), "utf8")).trim().split("\n");
  expect(JSON.parse(rows.at(-1)!).train).not.toHaveProperty("gradientNorm");

  const half = Uint8Array.from({ length: 1024 }, (_, at) => (at % 32 < 16 ? 255 : 0));
  await sharp(half, { raw: { width: 32, height: 32, channels: 1 } })
    .png()
    .toFile(join(cwd, "keep.png"));
  const slice = join("slices", "test", "p2-0.png");
  const refused = await slicebook(["sample", run, "--complete", slice, "--keep", "keep.png"], { cwd });
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toMatch(
    /^error: the prior "\.\/prior\.mjs": it cannot complete slices, since its sample does not keep/m,
  );
  expect(refused.stderr).toMatch(/\n {2}→ \S/);
});

/** A change to a plug-in that works: what is wrong then, the change, and what the error says. */
type Mistake = readonly [what: string, change: readonly [from: string, to: string], message: RegExp];

const adapterMistakes: readonly Mistake[] = [
  ["syntax", ["defaultSize:", "defaultSize"], /bad-\d+\.mjs:10: Unexpected/],
  ["a name that a package lacks", ["{ decodeFile }", "{ decodFile }"], /bad-\d+\.mjs:3: .*decodFile/],
  ["a package that is not there", ['"zod"', '"zood"'], /bad-\d+\.mjs imports "zood"/],
  ["a file that is not there", ['"zod"', '"./zod.mjs"'], /bad-\d+\.mjs imports ".*zod\.mjs"/],
  ["a throw as it loads", ["z.strictObject", "z.strictObjekt"], /bad-\d+\.mjs:9: .*strictObjekt/],
  ["no list", ["async list(", "async lists("], /list: expected a function/],
  ["no schema", ["schema:", "shema:"], /schema: expected a zod schema/],
  ["half a size", ["=> [128, 128]", "=> [128]"], /defaultSize, \[height, width\]/],
  ["no listing", ["return { records,", "return { record: records,"], /what list returns: records/],
  [
    "numbers as subjects",
    ["split, subject,", "split, subject: 1,"],
    /records\.0\.subject: .*string.* 71 more/,
  ],
  ["a split of its own", ["file), split,", 'file), split: "dev",'], /records\.0\.split/],
  ["a throw as it lists", ["const records = []", "const records = null"], /failed at .*bad-\d+\.mjs:17: /],
  [
    "too few numbers",
    ["decodeFile(path)", "decodeFile(path).then((one) => ({ ...one, height: 31 }))"],
    /values: has 1024 numbers for 31 rows of 32/,
  ],
  [
    "a plain list of numbers",
    ["decodeFile(path)", "decodeFile(path).then((one) => ({ ...one, values: [...one.values] }))"],
    /values: expected a Uint8Array/,
  ],
  ["no slice", ["decodeFile(path)", "undefined"], /what decode returns of .*expected object/],
  ["a throw as it decodes", ["decodeFile(path)", "path.no.thing"], /cannot be read: .*bad-\d+\.mjs:23: /],
];

const priorMistakes: readonly Mistake[] = [
  ["no score", ["score: (params", "scores: (params"], /parts\.0\.score: expected a function/],
  ["no conditions", ["conditions:", "condition:"], /conditions: .*expected array/],
  ["a condition that there is not", ["conditions: []", 'conditions: ["age"]'], /conditions\.0: .*labels/],
  ["no parameters", ["parameters: (carry)", "params: (carry)"], /parameters: expected a function/],
  ["other levels", ["levels: levels.map((_, level) => level)", "levels: [7]"], /models? the levels 7/],
  ["samples of a wrong length", ["count * rows", "7 * rows"], /an Int32Array of 1 × \d+ × \d+ codes/],
  ["codes that are none", ["return code;", "return code + 99;"], /code \d+ is not one of 0 to 15/],
  [
    "scores of a wrong shape",
    ["[-1])), codes.shape)", "[-1])), [-1])"],
    /score gives logLikelihood as \[\d+\]/,
  ],
  ["no loss", ["{ loss: tf", "{ los: tf"], /no loss among its metrics/],
  ["a loss a level", ["tf.div(tf.addN(losses), losses.length)", "tf.ones([2])"], /metric "loss" as \[2\]/],
  ["noise that is not tensors", ["stepNoise: () => ({})", "stepNoise: () => 1"], /what stepNoise returns/],
  ["a random op", ["tf.add(carry[name],", "tf.randomUniform([16]).add("], /bad-\d+\.mjs:38: .*random/],
  ["shapes that do not fit", ["tf.add(carry[name],", "tf.matMul(carry[name],"], /the prior ".*" failed/],
  [
    "a throw in sample",
    ["const counts = params[", "const counts = param["],
    /bad-\d+\.mjs:\d+: param is not/,
  ],
  ["a carry that changes", ["return [name, tf.add", "return [name + 1, tf.add"], /carry/],
];

describe("a plug-in's mistake is told before the training, by its name and place", () => {
  const outcomes: Record<string, unknown>[] = [];
  const all = [
    ...adapterMistakes.map((mistake) => [...mistake, documented, "dataset.adapter"] as const),
    ...priorMistakes.map((mistake) => [...mistake, countPrior, "prior.name"] as const),
  ];

  beforeAll(async () => {
    const cases = [];
    for (const [number, [, [from, to], , text, key]] of all.entries()) {
      await writeFile(join(elsewhere, `bad-${number}.mjs`), text.replace(from, to));
      const overrides = [...small, `${key}=./bad-${number}.mjs`, `run.name=bad-${number}`];
      const config = key === "prior.name" ? "counted.yaml" : "unsized.yaml";
      cases.push({ config, overrides, stages: ["train", "encode", "train-prior", "sample"] });
    }
    await writeFile(join(elsewhere, "cases.json"), JSON.stringify(cases));
    const program = fileURLToPath(new URL("plugins/refusals.mjs", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, "cases.json"], {
      cwd: elsewhere,
      maxBuffer: 2 ** 26,
    });
    outcomes.push(...JSON.parse(stdout));
  });

  test.each(
    all.map(
      ([what, [from], message, text, key], number) => [key, what, { from, message, text, number }] as const,
    ),
  )("%s: %s", (key, _, { from, message, text, number }) => {
    expect(text).toContain(from);
    const code =
      key === "prior.name" ? /^(?:PRIOR_INVALID|CARRY_CHANGED)$/ : /^(?:ADAPTER_INVALID|SLICE_UNREADABLE)$/;
    expect(outcomes[number]).toMatchObject({
      name: "SlicebookError",
      code: expect.stringMatching(code),
      message: expect.stringMatching(message),
      remedy: expect.any(String),
      trained: [],
    });
  });
});
