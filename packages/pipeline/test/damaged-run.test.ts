import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type HostTensors, int32, isSlicebookError } from "@slicebook/base";
import { encodeSafetensors, MAX_CODES } from "@slicebook/core";
import { compareRuns } from "@slicebook/report";
import * as runSchema from "@slicebook/runs";
import { listRuns, readRun } from "@slicebook/runs";
import type { Stage } from "@slicebook/runs/stages";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readTensors, temporaryFolder } from "./helpers.ts";
import { copySharedRun } from "./shared-runs.ts";

const place = temporaryFolder();
let whole: string;

beforeAll(async () => {
  await copySharedRun("tiny", place.at("runs"));
  whole = place.at("runs", "tiny");
});

let copies = 0;

/** A copy of the run in a folder of its own. */
async function copy(): Promise<string> {
  copies += 1;
  const folder = place.at("copies", String(copies), "run");
  await cp(whole, folder, { recursive: true });
  return folder;
}

/** Runs a stage again whatever has changed. */
async function again(run: string, stage: Stage): Promise<unknown> {
  await change(join(run, "run.json"), (record) => {
    delete (record.stages as Record<string, unknown>)[stage];
  });
  return execute({ kind: "stages", run, overrides: [], stages: [stage], resume: false });
}

async function change(path: string, edit: (record: Record<string, unknown>) => void): Promise<void> {
  const record = JSON.parse(await readFile(path, "utf8"));
  edit(record);
  await writeFile(path, JSON.stringify(record));
}

async function changeTensors(
  path: string,
  edit: (read: { tensors: HostTensors; metadata: Readonly<Record<string, string>> }) => {
    tensors?: HostTensors;
    metadata?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const read = await readTensors(path);
  const { tensors, metadata } = { ...read, ...edit(read) };
  await writeFile(path, encodeSafetensors(tensors, metadata));
}

/** Every value within JSON with its path. */
function* places(value: unknown, path: string[] = []): Generator<string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...path, key]);
}

function set(record: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => Reflect.get(Object(node), key), record);
  Reflect.set(Object(parent), path.at(-1)!, value);
}

describe("run.json", () => {
  it("is refused with the place of any value of another type, absurd or not there", async () => {
    const folder = await copy();
    const path = join(folder, "run.json");
    const text = await readFile(path, "utf8");
    let tried = 0;
    for (const at of places(JSON.parse(text))) {
      for (const wrong of [{ not: [] }, -1e300]) {
        const record = JSON.parse(text);
        set(record, at, wrong);
        await writeFile(path, JSON.stringify(record));
        await expect(readRun(folder), at.join(".")).rejects.toMatchObject({
          code: "RUN_DAMAGED",
          message: expect.stringContaining(path),
        });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(80);
  });

  it.each([
    ["codes", 300_000_000],
    ["codebooks", [300_000_000]],
    ["codebooks", [16, 16]],
    ["codebooks", []],
    ["grids", [[1e9, 1e9]]],
    ["grids", []],
  ])("with absurd model.%s %o is listed as damaged, beside the others", async (key, value) => {
    const folder = await copy();
    await change(join(folder, "run.json"), ({ model }) =>
      set(model as Record<string, unknown>, [key], value),
    );
    const { damaged } = await listRuns(dirname(folder));
    expect(damaged).toContainEqual({ folder, reason: expect.stringContaining(`model.${key}`) });
  });

  it("bounds codes as the model's configuration does", () => {
    expect(runSchema.MAX_CODES).toBe(MAX_CODES);
  });
});

describe("a run with one damaged file", () => {
  const json = ["run.json", "evaluation.json", "prior/evaluation.json", "samples/novelty.json"];
  const rows = (files: readonly string[], texts: readonly string[]) =>
    files.flatMap((file) => texts.map((text) => ({ file, text, start: JSON.stringify(text.slice(0, 16)) })));
  const logs = ["metrics.jsonl", "prior/metrics.jsonl"];
  const configs = ["a: [", "a: &a [*a]", "a: &a { b: *a }", "- a", "", "text", "a: *b"];
  const deep = [
    "[".repeat(5000),
    `${"[".repeat(1000)}${"]".repeat(1000)}`,
    "? ".repeat(9000),
    "- ".repeat(9000),
  ];
  const long = Array.from({ length: 600 }, (_, at) => `${" ".repeat(at)}a:`).join("\n");
  let folder: string;
  let other: string;

  beforeAll(async () => {
    [folder, other] = [place.at("pair", "bad"), place.at("pair", "good")];
    for (const path of [folder, other]) await cp(whole, path, { recursive: true });
  });

  it.each([
    ...rows(json, ["{", "[]", "null", '"text"', ""]),
    ...rows(logs, ["{}\n", "null\n{}\n", "{\n{}\n", '{"stage":"train"}\n']),
    ...rows(["config.yaml"], [...configs, ...deep, long, `a: ${"x".repeat(2 ** 18)}`]),
  ])("$file of $start is listed, and named by what reads it, in one line", async ({ file, text }) => {
    const path = join(folder, file);
    await writeFile(path, text);
    onTestFinished(() => copyFile(join(whole, file), path));
    const { runs, damaged } = await listRuns(place.at("pair"));
    const named = new RegExp(`^[^\\n]*${file}[^\\n]*$`);
    expect(damaged).toEqual([{ folder, reason: expect.stringMatching(named) }]);
    expect(damaged[0]!.reason).not.toContain("call stack");
    expect(runs.map((run) => run.folder)).toEqual([other]);
    await expect(compareRuns([other, folder])).rejects.toMatchObject({ code: "RUN_DAMAGED" });
  });

  it.each([...json, "metrics.jsonl", "config.yaml", "codes/test.safetensors"])(
    "that has a folder in place of %s is damaged",
    async (file) => {
      const folder = await copy();
      await rm(join(folder, file));
      await mkdir(join(folder, file));
      const reading = file.startsWith("codes") ? again(folder, "train-prior") : readRun(folder);
      await expect(reading).rejects.toMatchObject({
        code: "RUN_DAMAGED",
        message: expect.stringContaining(file),
      });
    },
  );

  it.each<[string, Parameters<typeof changeTensors>[1]]>([
    ["a code out of range", ({ tensors }) => ({ tensors: edited(tensors, "codes.0", 16) })],
    ["a negative code", ({ tensors }) => ({ tensors: edited(tensors, "codes.0", -1) })],
    ["a class out of range", ({ tensors }) => ({ tensors: edited(tensors, "labels", 1) })],
    ["no labels", ({ tensors: { labels: _, ...tensors } }) => ({ tensors })],
    ["fewer labels", ({ tensors }) => ({ tensors: { ...tensors, labels: int32([0], [1]) } })],
    [
      "grids of another size",
      ({ tensors }) => ({ tensors: { ...tensors, "codes.0": int32(new Int32Array(6), [6, 1, 1]) } }),
    ],
    ["a level more", ({ tensors }) => ({ tensors: { ...tensors, "codes.1": tensors["codes.0"]! } })],
    ["names that are numbers", ({ metadata }) => ({ metadata: { ...metadata, names: "[1, 2]" } })],
    ["no names", ({ metadata: { names: _, ...metadata } }) => ({ metadata })],
    ["a name too few", ({ metadata }) => ({ metadata: { ...metadata, names: '["a"]' } })],
  ])("whose test grids have %s is refused, naming the file", async (_, edit) => {
    const folder = await copy();
    const path = join(folder, "codes", "test.safetensors");
    await changeTensors(path, edit);
    for (const stage of ["train-prior", "report"] as const) {
      await expect(again(folder, stage), stage).rejects.toMatchObject({
        code: "RUN_DAMAGED",
        message: expect.stringContaining(path),
        remedy: expect.stringContaining("encode"),
      });
    }
  });

  it.each<[string, Uint8Array | string]>([
    ["is torn", "torn"],
    ["is empty", ""],
    ["says nothing", encodeSafetensors({}, {})],
    ["is of an unknown kind", encodeSafetensors({}, { preprocessing: '{"name":"else"}' })],
    ["is of another kind", encodeSafetensors({}, { preprocessing: '{"name":"residual","low":0,"high":1}' })],
    ["is not JSON", encodeSafetensors({}, { preprocessing: "{" })],
    [
      "has a range that is none",
      encodeSafetensors({}, { preprocessing: '{"name":"zscore","range":{"preprocessed":[0]}}' }),
    ],
  ])("whose preprocessing.safetensors %s is refused", async (_, content) => {
    const folder = await copy();
    const path = join(folder, "checkpoints", "preprocessing.safetensors");
    await writeFile(path, content);
    await expect(again(folder, "evaluate")).rejects.toMatchObject({
      code: "RUN_DAMAGED",
      message: expect.stringContaining(path),
    });
  });

  it.each(["constructor", "toString", "hasOwnProperty", "valueOf"])(
    "whose checkpoints have a tensor named %s is refused as of another architecture",
    async (name) => {
      const folder = await copy();
      const tensor = int32([1], [1]);
      for (const [file, stage] of [
        [join("prior", "checkpoints", "best.safetensors"), "sample"],
        [join("checkpoints", "best.safetensors"), "evaluate"],
      ] as const) {
        await changeTensors(join(folder, file), ({ tensors }) => ({
          tensors: { ...tensors, [file.startsWith("prior") ? `average.${name}` : name]: tensor },
        }));
        await expect(again(folder, stage)).rejects.toSatisfy(
          (error) =>
            isSlicebookError(error) && error.code === "CHECKPOINT_MISMATCH" && error.message.includes(name),
        );
      }
    },
  );
});

/** Tensors of which the last value of one is another. */
function edited(tensors: HostTensors, name: string, value: number): HostTensors {
  const { data, shape } = tensors[name]!;
  const values = Int32Array.from(data);
  values[values.length - 1] = value;
  return { ...tensors, [name]: int32(values, shape) };
}
