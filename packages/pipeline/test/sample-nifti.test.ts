import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { decodeFile } from "@slicebook/datasets/node";
import { noveltySchema } from "@slicebook/runs";
import type { Event } from "@slicebook/session";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readJsonFile, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

/** The whole run of a data set of NIfTI slices, half as high and wide as they are. */
async function drawn(): Promise<string> {
  const root = place.at("hipmri");
  const subjects = { train: 2, validate: 1, test: 1 };
  await execute({ kind: "phantom", layout: "hipmri", out: root, seed: 0, subjects, size: [64, 64] });
  for (const file of (await readdir(root, { recursive: true })).filter((name) => name.endsWith(".nii.gz"))) {
    const bytes = gunzipSync(await readFile(join(root, file)));
    bytes.writeInt16LE(4, 254); // its place is in MNI's space
    await writeFile(join(root, file), gzipSync(bytes));
  }
  const text = TINY.replace("adapter: phantom", `adapter: hipmri\n  root: ${root}\n  sizePolicy: resize`)
    .replace(/ {2}options: \{ subjects.*\n/, "")
    .replace("epochs: 3", "steps: 2");
  const config = await place.write("nifti.yaml", text);
  const stages = ["train", "encode", "train-prior", "sample"] as const;
  await execute({ kind: "run", config, overrides: [`run.root=${place.at("runs")}`], stages, resume: false });
  return root;
}

it("writes samples as NIfTI too, with the place of a training slice at the run's size", async () => {
  const root = await drawn();
  const files = await readdir(root, { recursive: true });
  const original = files.filter((file) => /slices_train\W.*\.nii\.gz$/.test(file)).sort()[0]!;
  const { affine, height } = await decodeFile(join(root, original));
  const sample = await decodeFile(place.at("runs", "nifti", "samples", "sample-0003.nii.gz"));
  expect([height, sample.height, sample.width]).toEqual([64, 32, 32]);
  expect(sample.affineCode).toBe(4);
  expect(new Set(sample.values).size).toBeGreaterThan(1);
  // Twice as far from pixel to pixel, and the first one's centre half an old pixel further in, each way.
  for (const [row, [down, right, through, offset]] of affine!.slice(0, 3).entries()) {
    const expected = [2 * down!, 2 * right!, through!, offset! + down! / 2 + right! / 2];
    for (const [column, value] of expected.entries()) {
      expect(sample.affine![row]![column]).toBeCloseTo(value, 4);
    }
  }
});

it("gives samples the grain of the training slices, the same each time, unless told not to or it was not measured", async () => {
  const run = place.at("runs", "nifti");
  const drawnWith = async (...overrides: string[]) => {
    const warnings: string[] = [];
    const onEvent = (event: Event) => event.type === "warning" && warnings.push(event.text);
    await execute({ kind: "stages", run, stages: ["sample"], overrides, resume: false }, { onEvent });
    const { values } = await decodeFile(join(run, "samples", "sample-0002.nii.gz"));
    const codes = await readFile(join(run, "samples", "codes.safetensors"));
    return { values, codes, warnings: warnings.filter((text) => text.includes("grain")) };
  };
  const grained = (await decodeFile(join(run, "samples", "sample-0002.nii.gz"))).values;
  const smooth = await drawnWith("sample.grain=false");
  expect(smooth.values).not.toEqual(grained);
  const again = await drawnWith("sample.grain=true");
  expect(again.values).toEqual(grained);
  expect(again.codes).toEqual(smooth.codes);
  expect([...smooth.warnings, ...again.warnings]).toEqual([]);

  const grain = await readFile(join(run, "codes", "grain.json"));
  await writeFile(join(run, "codes", "grain.json"), '{"kernel":[1]}');
  await expect(drawnWith("sample.grain=true")).rejects.toMatchObject({
    code: "RUN_DAMAGED",
    message: expect.stringContaining("grain.json"),
    remedy: expect.stringContaining("slicebook encode"),
  });
  await rm(join(run, "codes", "grain.json"));
  const without = await drawnWith("sample.grain=true");
  expect(without.values).toEqual(smooth.values);
  expect(without.warnings).toEqual([expect.stringContaining("slicebook encode")]);
  await execute({ kind: "stages", run, stages: ["encode", "sample"], overrides: [], resume: false });
  expect(await readFile(join(run, "codes", "grain.json"))).toEqual(grain);
  expect((await decodeFile(join(run, "samples", "sample-0002.nii.gz"))).values).toEqual(grained);
});

it("draws samples without the data set too, and warns that they are not compared with its pixels", async () => {
  const run = place.at("runs", "nifti");
  const measured = async () => noveltySchema.parse(await readJsonFile(`${run}/samples/novelty.json`));
  const before = await measured();
  expect(before.pixels!.distances.counts.samples).toBe(3);
  const drawAgain = async (seed: number) => {
    const warnings: string[] = [];
    const onEvent = (event: Event) => event.type === "warning" && warnings.push(event.text);
    const overrides = [`sample.seed=${seed}`];
    await execute({ kind: "stages", run, stages: ["sample"], overrides, resume: false }, { onEvent });
    const { pixels, nearest } = await measured();
    expect(pixels).toBeNull();
    expect(nearest).not.toEqual(before.nearest);
    return warnings.filter((text) => text.startsWith("samples are not compared"));
  };
  const files = await readdir(place.at("hipmri"), { recursive: true });
  await rm(place.at("hipmri", files.find((file) => /slices_test\W.*\.nii\.gz$/.test(file))!));
  expect(await drawAgain(1)).toEqual([expect.stringContaining("the data set's files have changed")]);
  await rm(place.at("hipmri"), { recursive: true });
  expect(await drawAgain(2)).toEqual([expect.stringContaining("hipmri")]);
  const stages = ["report"] as const;
  await execute({ kind: "stages", run, stages, overrides: [], resume: false });
  expect(await readFile(`${run}/report.html`, "utf8")).toContain("their data set was not available");
});
