import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { filesUnder, slicebook, temporaryFolder } from "./command.ts";
import { writeTiny } from "./runs.ts";

const cwd = temporaryFolder();

/** The tiny configuration, reading slices in the OASIS layout from `oasis/`. */
const fromOasis = (text: string) =>
  text
    .replace("adapter: phantom", "adapter: oasis\n  root: oasis")
    .replace(/ {2}options: \{ subjects.*\n/, "");

beforeAll(async () => {
  await writeTiny(cwd);
  await writeTiny(cwd, {
    name: "oasis.yaml",
    change: (text) => fromOasis(text).replace("size: [32, 32]", ""),
  });
  const outcomes = [
    await slicebook(["train", "tiny.yaml", "train.epochs=1", "run.name=narrow"], { cwd }),
    await slicebook(["train", "tiny.yaml", "train.epochs=1", "run.name=wide", "model.width=24"], { cwd }),
    await slicebook(
      ["phantom", "--layout", "oasis", "--out", "oasis", "--subjects", "2,1,1", "--slices", "2"],
      { cwd },
    ),
  ];
  for (const { code, stderr } of outcomes) if (code !== 0) throw new Error(stderr);
});

/** Runs a command that must fail with one clear message, and leave the folder as it was. */
async function failure(args: readonly string[]): Promise<string> {
  const before = await filesUnder(cwd);
  const { code, stdout, stderr } = await slicebook([...args, "--quiet"], { cwd });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.match(/^error: /gm)).toHaveLength(1);
  expect(stderr).toMatch(/\n {2}→ \S/);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(await filesUnder(cwd)).toEqual(before);
  return stderr;
}

test("a configuration that is not there, beside one that is meant", async () => {
  expect(await failure(["run", "tinny.yaml"])).toMatch(/tinny\.yaml.*\n.*tiny\.yaml/);
});

test("a data set folder that is not there", async () => {
  expect(await failure(["run", "oasis.yaml", "dataset.root=nowhere"])).toContain("nowhere");
});

test("a data set folder that is empty", async () => {
  await mkdir(join(cwd, "empty"), { recursive: true });
  const text = await failure(["run", "oasis.yaml", "dataset.root=empty"]);
  expect(text).toContain("empty");
  expect(text).toContain("keras_png_slices_train");
});

test("a data set root that was not given", async () => {
  await writeTiny(cwd, {
    name: "rootless.yaml",
    change: (text) => fromOasis(text).replace("root: oasis", ""),
  });
  expect(await failure(["run", "rootless.yaml"])).toContain("dataset.root");
});

test("a slice that cannot be read", async () => {
  await cp(join(cwd, "oasis"), join(cwd, "torn"), { recursive: true });
  const [victim = ""] = (await filesUnder(join(cwd, "torn"))).filter((file) => file.includes("slices_train"));
  await writeFile(join(cwd, "torn", victim), "no picture");
  expect(await failure(["run", "oasis.yaml", "dataset.root=torn"])).toContain(victim);
});

test("a slice of another size", async () => {
  await cp(join(cwd, "oasis"), join(cwd, "odd"), { recursive: true });
  const [victim = ""] = (await filesUnder(join(cwd, "odd"))).filter((file) => file.includes("slices_train"));
  await sharp({ create: { width: 200, height: 180, channels: 3, background: "grey" } })
    .png()
    .toFile(join(cwd, "odd", victim));
  const text = await failure(["run", "oasis.yaml", "dataset.root=odd"]);
  expect(text).toContain(victim);
  expect(text).toMatch(/180[x×]200/);
  expect(text).toContain("sizePolicy");
});

test("an unknown key, with its line and what is meant", async () => {
  await writeTiny(cwd, { name: "typo.yaml", change: (text) => text.replace("{ epochs: 4", "{ epocs: 4") });
  expect(await failure(["run", "typo.yaml"])).toMatch(/typo\.yaml:14: .*epocs.*\n?.*epochs/);
});

test("an unknown key of an override", async () => {
  expect(await failure(["run", "tiny.yaml", "train.epocs=4"])).toMatch(/train\.epocs=4.*\n?.*epochs/);
});

test("a value of the wrong type, with its line", async () => {
  await writeTiny(cwd, { name: "type.yaml", change: (text) => text.replace("width: 16", "width: wide") });
  expect(await failure(["run", "type.yaml"])).toMatch(/type\.yaml:8: model\.width: expected .*number/);
});

test("text that is not YAML, with its line", async () => {
  await writeFile(join(cwd, "broken.yaml"), "dataset: { adapter: phantom\ntrain: [\n");
  expect(await failure(["run", "broken.yaml"])).toMatch(/broken\.yaml:\d+: /);
});

test("an existing run with another configuration, with what differs", async () => {
  const text = await failure(["run", "tiny.yaml", "train.epochs=1", "run.name=narrow", "model.width=24"]);
  expect(text).toContain("runs/narrow");
  expect(text).toContain("model.width: 16 there, 24 now");
  expect(text).toContain("run.name");
});

test("a file that cannot be reconstructed", async () => {
  await writeFile(join(cwd, "text.png"), "no picture");
  expect(await failure(["reconstruct", "runs/narrow", "text.png"])).toContain("text.png");
});

test("slices to compress with a run that has no codes yet", async () => {
  const [slice = ""] = (await filesUnder(join(cwd, "oasis"))).filter((file) => file.endsWith(".png"));
  const text = await failure(["compress", join("oasis", slice), "--model", "runs/narrow"]);
  expect(text).toContain("slicebook encode");
});

test("a stage whose stage before was not done", async () => {
  expect(await failure(["sample", "runs/narrow"])).toContain("slicebook train-prior");
});

test("a checkpoint of another architecture", async () => {
  const best = join("checkpoints", "best.safetensors");
  await copyFile(join(cwd, "runs", "wide", best), join(cwd, "runs", "narrow", best));
  const text = await failure(["evaluate", "runs/narrow"]);
  expect(text).toContain(join("runs", "narrow", best));
  expect(text).toContain("another architecture");
  expect(text).toContain("[3, 3, 16, 24]");
});

test("a checkpoint that is torn", async () => {
  const best = join("runs", "wide", "checkpoints", "best.safetensors");
  await writeFile(join(cwd, best), "torn");
  expect(await failure(["evaluate", "runs/wide"])).toContain(best);
});

test("a folder to export a model from that is not a run", async () => {
  expect(await failure(["export", "runs/nothing"])).toContain("runs/nothing");
});

test("a folder that is not a run", async () => {
  expect(await failure(["sample", "runs/nothing"])).toContain("runs/nothing");
});

test("a run whose name is misspelt, with the one that is meant", async () => {
  expect(await failure(["sample", "runs/narow"])).toContain("Did you mean runs/narrow?");
  const { code, stderr } = await slicebook(["compare", "runs/wde", "runs/narrow"], { cwd });
  expect(code).toBe(1);
  expect(stderr).toContain("Did you mean runs/wide?");
});

test("an adapter that is not there", async () => {
  expect(await failure(["inspect", "tiny.yaml", "dataset.adapter=oassis"])).toMatch(/oassis.*\n?.*oasis/);
});

test("a folder in no known layout", async () => {
  await mkdir(join(cwd, "empty"), { recursive: true });
  expect(await failure(["inspect", "empty"])).toContain("NIfTI, PNG");
});

test("a program that asks for JSON gets the code, the message and the remedy", async () => {
  const { code, stdout, stderr } = await slicebook(["run", "missing.yaml", "--json"], { cwd });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: "CONFIG_NOT_FOUND",
      message: expect.stringContaining("missing.yaml"),
      remedy: expect.any(String),
    },
  });
});
