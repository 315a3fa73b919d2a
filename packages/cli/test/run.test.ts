import { createHash } from "node:crypto";
import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { filesUnder, readJson, slicebook, temporaryFolder } from "./command.ts";
import { readCheckpoint } from "./runs.ts";
import { copyWholeRun, wholeRun } from "./whole-run.ts";

const cwd = temporaryFolder();
const run = join(cwd, "runs", "tiny");
const allStages = ["train", "encode", "evaluate", "train-prior", "sample", "report"];

let printed: string;

beforeAll(async () => {
  await copyWholeRun(cwd);
  printed = (await wholeRun()).outcome.stdout;
});

async function hashes(folder: string): Promise<Record<string, string>> {
  const entries = await Promise.all(
    (await filesUnder(folder)).map(async (name): Promise<[string, string]> => {
      const bytes = await readFile(join(folder, name));
      return [name, createHash("sha256").update(bytes).digest("hex")];
    }),
  );
  return Object.fromEntries(entries);
}

describe("a whole run", () => {
  test("makes every file of a run folder, and leaves no temporary one", async () => {
    const files = await filesUnder(run);
    expect(files).toEqual(
      expect.arrayContaining([
        "README.md",
        "checkpoints/best.safetensors",
        "checkpoints/last.safetensors",
        "config.yaml",
        "evaluation.json",
        "metrics.csv",
        "metrics.jsonl",
        "prior/checkpoints/best.safetensors",
        "prior/checkpoints/level0/last.safetensors",
        "report.html",
        "run.json",
      ]),
    );
    for (const folder of ["reconstructions", "samples", "plots"]) {
      expect(files.filter((file) => file.startsWith(`${folder}/`) && file.endsWith(".png"))).not.toEqual([]);
    }
    expect(files.filter((file) => /(^|\/)\./.test(file))).toEqual([]);
    for (const file of files) expect((await stat(join(run, file))).size).toBeGreaterThan(0);
  });

  test("measures every test slice and subject", async () => {
    expect(await readJson(join(run, "evaluation.json"))).toMatchObject({
      split: "test",
      ssim: { mean: expect.any(Number), n: 12, subjects: 3, ci95: [expect.any(Number), expect.any(Number)] },
      perplexity: expect.any(Number),
    });
  });

  test("ends with the stages, the figures, the files and the next command", () => {
    expect(printed).toMatch(/^Run +runs\/tiny$/m);
    expect(printed).toMatch(/^Stages +train \(.+\), encode \(.+\), evaluate \(.+\).*, report \(.+\)$/m);
    expect(printed).toMatch(/^ {2}SSIM +\d\.\d+ .*95 % /m);
    expect(printed).toMatch(/^ {2}Perplexity +\d/m);
    expect(printed).toMatch(/^ {2}runs\/tiny\/evaluation\.json$/m);
    expect(printed).toMatch(/^Next +slicebook \w+/m);
  });

  test("done again skips every stage and changes no file", async () => {
    const before = await hashes(run);
    const { code, stdout } = await slicebook(["run", "tiny.yaml", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      stages: allStages.map((stage) => ({ stage, state: "skipped" })),
    });
    expect(await hashes(run)).toEqual(before);
  });
});

test("samples of a seed are the same pictures each time, of another seed others", async () => {
  const drawn = async (seed: number) => {
    const { code, stdout, stderr } = await slicebook(
      ["sample", "runs/tiny", "--count", "3", "--seed", String(seed), "--json"],
      { cwd },
    );
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const { files } = JSON.parse(stdout) as { files: string[] };
    const pictures = files.filter((file) => file.endsWith(".png"));
    expect(pictures).not.toEqual([]);
    return Promise.all(pictures.map(async (file) => (await readFile(join(cwd, file))).toString("base64")));
  };
  const [seven, eight, sevenAgain] = [await drawn(7), await drawn(8), await drawn(7)];
  expect(sevenAgain).toEqual(seven);
  expect(eight).not.toEqual(seven);
});

test("a position in the scan is checked, and only taken by a prior that knows of positions", async () => {
  const drawn = (position: string) =>
    slicebook(["sample", "runs/tiny", "--position", position, "--quiet"], { cwd });
  const outside = await drawn("1.5");
  expect(outside.code).toBe(1);
  expect(outside.stderr).toContain("sample.position");
  const inside = await drawn("0.5");
  expect(inside.code).toBe(1);
  expect(inside.stderr).toContain("the prior was not trained on where slices lie in their scans");
  expect(inside.stderr).toContain("Set prior.options.slicePosition to true and train the prior again");
});

test("slices compressed and restored are the very pictures that reconstruct makes, in the bytes that are told", async () => {
  const phantoms = ["phantom", "--layout", "oasis", "--out", "own", "--subjects", "1,1,1", "--slices", "1"];
  expect((await slicebook([...phantoms, "--size", "32x32"], { cwd })).code).toBe(0);
  const names = (await filesUnder(join(cwd, "own"))).filter((file) => /slices_\w+\/.*\.png$/.test(file));
  const pictures = names.filter((name) => !name.includes("seg")).map((name) => join("own", name));
  const compressed = await slicebook(
    ["compress", ...pictures, "--model", "runs/tiny", "--out", "small", "--json"],
    { cwd },
  );
  expect(compressed.code, compressed.stderr).toBe(0);
  const { files, figures } = JSON.parse(compressed.stdout) as { files: string[]; figures: { bytes: number } };
  expect(files).toHaveLength(pictures.length);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(cwd, file))).size));
  expect(figures.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  const restored = await slicebook(
    ["decompress", ...files, "--model", "runs/tiny", "--out", "restored", "--quiet"],
    { cwd },
  );
  expect(restored.code, restored.stderr).toBe(0);
  expect(restored.stdout).toMatch(/Bits per pixel +\d/);
  const made = await slicebook(["reconstruct", "runs/tiny", ...pictures, "--out", "made", "--quiet"], {
    cwd,
  });
  expect(made.code, made.stderr).toBe(0);
  for (const name of await filesUnder(join(cwd, "restored"))) {
    const [one, other] = await Promise.all(["restored", "made"].map((at) => readFile(join(cwd, at, name))));
    expect(one).toEqual(other);
  }
  expect(await filesUnder(join(cwd, "restored"))).toHaveLength(pictures.length);
  const wrong = await slicebook(["decompress", pictures[0]!, "--model", "runs/tiny", "--quiet"], { cwd });
  expect(wrong).toMatchObject({ code: 1, stdout: "" });
  expect(wrong.stderr).toMatch(/^error: .*own\/.*\.png: .*not with "SLBK" or "SLBA"\n {2}→ /);
});

test("a configuration printed with every default reads back to itself and trains the same weights", async () => {
  const printedConfig = await slicebook(["config", "tiny.yaml"], { cwd });
  expect(printedConfig).toMatchObject({ code: 0, stderr: "" });
  await writeFile(join(cwd, "resolved.yaml"), printedConfig.stdout);
  expect((await slicebook(["config", "resolved.yaml"], { cwd })).stdout).toBe(printedConfig.stdout);
  const { code } = await slicebook(["train", "resolved.yaml", "run.name=again", "--quiet"], { cwd });
  expect(code).toBe(0);
  const last = "checkpoints/last.safetensors";
  const [once, again] = await Promise.all([
    readCheckpoint(join(run, last)),
    readCheckpoint(join(cwd, "runs", "again", last)),
  ]);
  expect(again.tensors).toBe(once.tensors);
});

test("a run folder that was moved goes through its stages there, without its data set's folder", async () => {
  await cp(run, join(cwd, "moved"), { recursive: true });
  const { code, stdout } = await slicebook(["evaluate", "moved", "--json"], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ stages: [{ stage: "evaluate", state: "skipped" }] });
});

test("a dry run takes a step of every stage and leaves nothing", async () => {
  const before = await filesUnder(cwd);
  const { code, stdout } = await slicebook(["run", "tiny.yaml", "run.name=dry", "--dry-run", "--json"], {
    cwd,
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    dryRun: true,
    stages: allStages.map((stage) => ({ stage, state: "done" })),
    files: [],
  });
  expect(await filesUnder(cwd)).toEqual(before);
});

test("overfitting is a run of its own, on its training slices only", async () => {
  const { code } = await slicebook(["train", "tiny.yaml", "train.steps=2", "--overfit", "2", "--quiet"], {
    cwd,
  });
  expect(code).toBe(0);
  const { data } = (await readJson(join(cwd, "runs", "tiny-overfit-2", "run.json"))) as {
    data: { splits: Record<string, { slices: number }> };
  };
  expect(Object.values(data.splits).map(({ slices }) => slices)).toEqual([2, 2, 2]);
});

test("runs are listed, and compared in a table and on a page", async () => {
  const listed = await slicebook(["list"], { cwd });
  expect(listed.stdout).toMatch(/^tiny +complete +phantom +32×32 +\d\.\d{4} \(.+\)/m);
  const { runs } = JSON.parse((await slicebook(["list", "--json"], { cwd })).stdout) as { runs: object[] };
  expect(runs).toContainEqual(expect.objectContaining({ name: "tiny", state: "complete", images: 64 }));

  const { code, stdout } = await slicebook(["compare", "runs/tiny", "runs/again"], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^SSIM +\d\.\d+ .*–$/m);
  expect(stdout).toContain("again is not evaluated yet");
  expect(await filesUnder(join(cwd, "comparison"))).toContain("index.html");
});

test.each(["hipmri", "oasis", "adni", "phantom"])("the shipped configuration %s is valid", async (name) => {
  const file = fileURLToPath(new URL(`../../../configs/${name}.yaml`, import.meta.url));
  expect(await slicebook(["config", file], { cwd })).toMatchObject({ code: 0, stderr: "" });
});

test("the JSON schema knows the sections of a configuration", async () => {
  const { code, stdout } = await slicebook(["config", "--schema"], { cwd });
  expect(code).toBe(0);
  const { properties } = JSON.parse(stdout) as { properties: object };
  expect(Object.keys(properties)).toEqual(
    expect.arrayContaining(["dataset", "model", "train", "prior", "sample"]),
  );
});

test("the doctor finds that what a run needs works", async () => {
  const { code, stdout } = await slicebook(["doctor", "--json"], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true });
});
