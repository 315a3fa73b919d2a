import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "@slicebook/pipeline";
import type { Stage } from "@slicebook/runs/stages";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tinyOf } from "../../packages/pipeline/test/helpers.ts";
import { benchmarkRate, formatRate } from "../src/rate/benchmark.ts";

let place: string;
let data: string;

async function trained(name: string, stages: readonly Stage[]): Promise<string> {
  const file = join(place, "config.yaml");
  await writeFile(file, tinyOf(`{ adapter: oasis, root: ${data}, size: [32, 32] }`));
  const overrides = [`run.root=${join(place, "runs")}`, `run.name=${name}`];
  await execute({ kind: "run", config: file, overrides, stages, resume: false });
  return join(place, "runs", name);
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "slicebook-rate-test-"));
  data = join(place, "oasis");
  const subjects = { train: 4, validate: 1, test: 1 };
  await execute({
    kind: "phantom",
    layout: "oasis",
    out: data,
    seed: 1,
    subjects,
    slicesPerSubject: 2,
    size: [32, 32],
  });
});

afterAll(() => rm(place, { recursive: true, force: true }));

it("measures real files of runs with and without a prior beside every codec, and leaves the runs as they are", async () => {
  const runs = [
    await trained("coded", ["train", "encode", "train-prior"]),
    await trained("tabled", ["train", "encode"]),
  ];
  const before = await Promise.all(runs.map(listing));
  const result = await benchmarkRate(runs, { slices: 50, onProgress: () => {} });
  expect(await Promise.all(runs.map(listing))).toEqual(before);

  const [set, ...others] = result.sets;
  expect(others).toEqual([]);
  expect(set).toMatchObject({
    data: "oasis",
    slices: 2,
    ours: [
      { coding: "prior" },
      { coding: "prior", run: expect.stringMatching(/, λ 0.1$/) },
      { coding: "tables" },
    ],
  });
  const test = join(data, "keras_png_slices_test");
  const files = (await readdir(test)).map((name) => join(test, name));
  const archive = join(place, "all.slbk");
  await execute({ kind: "compress", run: runs[0]!, files, archive, force: false });
  expect(set!.ours[0]!.bitsPerPixel).toBeCloseTo((8 * (await stat(archive)).size) / (2 * 32 * 32), 9);
  // Restored pictures are of 8 bits; else they are what the model reconstructs.
  const { figures } = await execute({ kind: "reconstruct", run: runs[0]!, files, out: join(place, "out") });
  expect(set!.ours[0]!.figures.ssim).toBeCloseTo(figures.ssim!, 2);
  expect(set!.ours[0]!.figures.psnr).toBeCloseTo(figures.psnr!, 1);

  expect(set!.rivals.map(({ codec }) => codec)).toEqual(["jpeg", "webp", "avif", "jxl"]);
  for (const { curve, atOurBytes } of set!.rivals) {
    const [lowest, highest] = [curve[0]!, curve.at(-1)!];
    expect(highest.bitsPerPixel).toBeGreaterThan(lowest.bitsPerPixel);
    expect(highest.figures.psnr).toBeGreaterThan(Math.max(30, lowest.figures.psnr));
    for (const [index, { larger, bitsPerPixel }] of atOurBytes.entries()) {
      if (larger === 0) expect(bitsPerPixel).toBeLessThanOrEqual(set!.ours[index]!.bitsPerPixel);
    }
  }
  const text = formatRate(result);
  expect(text).toContain("## oasis: 2 test slices");
  expect(text).toContain("our curve / AVIF");
});

/** The files of a folder with the times at which they were written. */
async function listing(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(names.map(async (name) => `${name} ${(await stat(join(folder, name))).mtimeMs}`));
}
