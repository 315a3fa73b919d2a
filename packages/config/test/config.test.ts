import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { isSlicebookError } from "@slicebook/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configJsonSchema } from "../src/config-json-schema.ts";
import { loadConfig, resolvedYaml } from "../src/load-config.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slicebook-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, "run.yaml");
  await writeFile(path, text);
  return path;
}

/** The message of what goes wrong, with the folder left out. */
async function complaint(text: string, overrides: readonly string[] = []): Promise<string> {
  const path = await file(text);
  const error: unknown = await loadConfig(path, overrides).catch((caught: unknown) => caught);
  if (!isSlicebookError(error)) throw new Error(`no SlicebookError: ${String(error)}`);
  return error.message.replaceAll(`${folder}/`, "");
}

const SMALL = "dataset:\n  adapter: phantom\ntrain:\n  epochs: 2\n";

describe("a configuration", () => {
  it("is resolved with every default written out, and reads back to itself", async () => {
    const config = await loadConfig(await file(SMALL));
    expect(config).toMatchObject({
      version: 1,
      dataset: { adapter: "phantom", size: [64, 64], options: { slices: 8, subjects: { train: 32 } } },
      model: { preset: "patch", quantizer: { kind: "ema" } },
      train: { minutes: null, epochs: 2, steps: null, batch: 2 },
      prior: { name: "pixelcnn", minutes: 5, options: { layers: 6 } },
      run: { root: "runs", name: "run" },
    });
    expect(await loadConfig(await file(resolvedYaml(config)))).toEqual(config);
  });

  it("may come from the shipped files, which spell out their defaults right", async () => {
    const shipped = join(import.meta.dirname, "../../../configs");
    const names = readdirSync(shipped).filter((name) => name.endsWith(".yaml"));
    expect(names.sort()).toEqual(["adni.yaml", "hipmri.yaml", "oasis.yaml", "phantom.yaml"]);
    for (const name of names)
      expect((await loadConfig(join(shipped, name))).run.name).toBe(name.slice(0, -5));
  });

  it("has a JSON Schema that knows the model's and the data set's keys", async () => {
    const schema = JSON.stringify(await configJsonSchema());
    for (const key of ["residualBlocks", "sizePolicy", "validateEvery", "topP"])
      expect(schema).toContain(key);
  });
});

describe("a mistake in the file", () => {
  it.each([
    ["a wrong type", `${SMALL}  batch: "8"\n`, "run.yaml:5: train.batch: expected number, received string"],
    [
      "a misspelt key",
      `${SMALL}  bach: 8\n`,
      "run.yaml:5: train.bach: unknown key; did you mean train.batch?",
    ],
    [
      "a key of another section",
      `${SMALL}  width: 8\n`,
      "run.yaml:5: train.width: unknown key; did you mean model.width?",
    ],
    [
      "a misspelt value",
      `${SMALL}model: { preset: pach }\n`,
      'run.yaml:5: model.preset: expected reference or small or plain or patch or codec, received "pach"; did you mean patch?',
    ],
    [
      "a rate without the preset that it is for",
      `${SMALL}model: { rate: 0.2 }\n`,
      "run.yaml:5: model.rate: is for the preset codec, and the preset is patch: set model.preset=codec, or leave it out",
    ],
    [
      "a number out of range",
      `${SMALL}sample:\n  topP: 2\n`,
      "run.yaml:6: sample.topP: expected a number of at most 1, received 2",
    ],
    ["a missing section", "train:\n  epochs: 2\n", "run.yaml:1: dataset: is missing; expected object"],
    [
      "no limit",
      "dataset: { adapter: phantom }\ntrain: {}\n",
      "run.yaml:2: train: needs a limit: give at least one of minutes, epochs, steps",
    ],
    [
      "an option that the adapter has not",
      "dataset:\n  adapter: phantom\n  options:\n    slice: 8\ntrain: { epochs: 2 }\n",
      "run.yaml:4: dataset.options.slice: unknown key; did you mean dataset.options.slices?",
    ],
    [
      "an option that the prior has not",
      `${SMALL}prior:\n  minutes: 1\n  options: { layer: 3 }\n`,
      "run.yaml:7: prior.options.layer: unknown key; did you mean prior.options.layers?",
    ],
    ["a key given twice", `${SMALL}train:\n  epochs: 3\n`, "run.yaml:5: a key is given twice"],
    [
      "an empty file",
      "# nothing\n",
      "run.yaml: the file is empty; expected a mapping with dataset, model, train, …",
    ],
    ["a list", "- 1\n", "run.yaml:1: expected a mapping with dataset, model, train, …; found a list"],
    [
      "an alias without an anchor",
      `${SMALL}model: *other\n`,
      `run.yaml:${`${SMALL}model`.split("\n").length}: the alias *other stands for nothing: no &other comes before it`,
    ],
  ])("is named with its line: %s", async (_, text, message) => {
    expect(await complaint(text)).toBe(message);
  });

  it("does not hide another", async () => {
    const message = await complaint("dataset: { adapter: phantom }\ntrain:\n  epochs: no\n  batch: 0\n");
    expect(message.split("\n")).toEqual([
      "run.yaml:3: train.epochs: expected number, received string",
      "run.yaml:4: train.batch: expected a number above 0, received 0",
    ]);
  });

  it("is said of a file that is not there, with the nearest that is", async () => {
    await file(SMALL);
    await expect(loadConfig(join(folder, "rum.yaml"))).rejects.toMatchObject({
      code: "CONFIG_NOT_FOUND",
      remedy: "Did you mean run.yaml?",
    });
  });

  it("of the options of a prior that another has replaced says how to replace them too", async () => {
    const path = await file(`${SMALL}prior:\n  minutes: 1\n  options: { hidden: 8 }\n`);
    const taken = ["prior.name=transformer"];
    await expect(loadConfig(path, taken)).rejects.toMatchObject({
      message: expect.stringContaining("run.yaml:7: prior.options.hidden: unknown key"),
      remedy:
        "Options that the file gives for another prior stay unless they are replaced: add 'prior.options={}', with options " +
        "of the new one, if any, in the braces.",
    });
    const { prior } = await loadConfig(path, [...taken, "prior.options={}"]);
    expect(prior).toMatchObject({ name: "transformer", options: { expansion: 4 } });
  });

  it("is said of an unknown adapter and an unknown prior, with the line", async () => {
    expect(await complaint("dataset:\n  adapter: oases\ntrain: { epochs: 2 }\n")).toMatch(
      /^run\.yaml:2: dataset\.adapter: there is no data set adapter "oases": /,
    );
    expect(await complaint(`${SMALL}prior: { name: ./nowhere.mjs, epochs: 1 }\n`)).toMatch(
      /^run\.yaml:5: prior\.name: there is no prior "\.\/nowhere\.mjs": /,
    );
  });
});

describe("an override", () => {
  it("of a key that wants text is the text, whatever YAML would make of it", async () => {
    const overrides = [
      "dataset.adapter=folder",
      "dataset.root=/d/scan #2: left",
      "dataset.options.pattern={subject}/[a] - b: {slice}.*",
      "dataset.options.masks.pattern=*{subject} # {slice}.png",
      "dataset.options.masks.labels.1=07",
      "dataset.cache=false",
      "run.name=007",
      "run.root=~/runs",
      "sample.class=0",
    ];
    const base = "dataset: { adapter: phantom }\ntrain: { steps: 1 }\n";
    expect(await loadConfig(await file(base), overrides)).toMatchObject({
      dataset: {
        root: "/d/scan #2: left",
        cache: false,
        options: {
          pattern: "{subject}/[a] - b: {slice}.*",
          masks: { pattern: "*{subject} # {slice}.png", labels: { 1: "07" } },
        },
      },
      run: { name: "007", root: join(homedir(), "runs") },
      sample: { class: "0" },
    });
    const others = ['run.name="a b"', "sample.class=null", "dataset.cache=no", "dataset.adapter='phantom'"];
    expect(await loadConfig(await file(base), others)).toMatchObject({
      dataset: { adapter: "phantom", cache: "no" },
      run: { name: "a b" },
      sample: { class: null },
    });
  });

  it("sets a value, whatever its depth, as YAML reads it", async () => {
    const overrides = ["train.batch=4", "dataset.size=[32, 48]", "model.quantizer.decay=0.9", "run.name=a=b"];
    expect(await loadConfig(await file(SMALL), overrides)).toMatchObject({
      train: { batch: 4, epochs: 2 },
      dataset: { size: [32, 48] },
      model: { quantizer: { decay: 0.9, commitment: 0.25 } },
      run: { name: "a=b" },
    });
  });

  it("of one limit replaces all limits of its section", async () => {
    const path = await file("dataset: { adapter: phantom }\ntrain: { minutes: 5, epochs: 9 }\n");
    const { train, prior } = await loadConfig(path, ["train.steps=3"]);
    expect(train).toMatchObject({ minutes: null, epochs: null, steps: 3 });
    expect(prior.minutes).toBe(5);
    expect((await loadConfig(path, ["train.minutes=null"])).train).toMatchObject({
      minutes: null,
      epochs: 9,
    });
    expect((await loadConfig(path, ["train.minutes=1", "train.steps=3"])).train).toMatchObject({
      minutes: 1,
      epochs: null,
      steps: 3,
    });
  });

  it.each([
    ["train.epoch=20", "argument train.epoch=20: train.epoch: unknown key; did you mean train.epochs?"],
    ["train.epochs=many", "argument train.epochs=many: train.epochs: expected number, received string"],
    [
      "sample.temperature=warm",
      "argument sample.temperature=warm: sample.temperature: expected a number, or a list with one for each level, received string",
    ],
    [
      "model.codes=many",
      "argument model.codes=many: model.codes: expected a number, or a list with one for each level, received string",
    ],
    ["train", "argument train: expected key=value, such as train.epochs=20"],
    ["=3", "argument =3: expected key=value, such as train.epochs=20"],
    ["__proto__.x=3", "argument __proto__.x=3: expected key=value, such as train.epochs=20"],
    [
      "dataset.adapter.x=3",
      "argument dataset.adapter.x=3: dataset.adapter is a single value, it has no keys",
    ],
    ["sample={", "argument sample={: the value is not YAML: "],
  ])("that is wrong is named as it was typed: %s", async (text, message) => {
    expect(await complaint(SMALL, [text])).toContain(message);
  });
});
