import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { readSubjects, runPaths } from "@slicebook/runs";
import type { Event } from "@slicebook/session";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readJsonFile, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();
const run = () => place.at("runs", "kept");

async function addSubject(folder: string, subject: number): Promise<void> {
  await mkdir(place.at(folder), { recursive: true });
  for (let slice = 0; slice < 2; slice++) {
    const values = Uint8Array.from(
      { length: 32 * 32 },
      (_, at) => 128 + 100 * Math.sin((at % 32) / (2 + subject / 5) + slice) * Math.cos(at / 90),
    );
    const picture = sharp(values, { raw: { width: 32, height: 32, channels: 1 } });
    await picture.toFile(place.at(folder, `s${String(subject).padStart(2, "0")}_${slice}.png`));
  }
}

async function evaluate(
  overrides: readonly string[] = [],
  newSubjects?: "test",
): Promise<{ warnings: string[]; files: readonly string[] }> {
  const events: Event[] = [];
  const request = { kind: "stages", run: run(), overrides, stages: ["evaluate"], resume: false } as const;
  const { files } = await execute({ ...request, newSubjects }, { onEvent: (event) => events.push(event) });
  return { warnings: events.flatMap((event) => (event.type === "warning" ? event.text : [])), files };
}

const tested = async () => {
  const { ssim } = await readJsonFile<{ ssim: { n: number; subjects: number } }>(
    place.at("runs", "kept", "evaluation.json"),
  );
  return { slices: ssim.n, subjects: ssim.subjects };
};

beforeAll(async () => {
  for (let subject = 0; subject < 20; subject++) await addSubject("scans", subject);
  const data = `dataset:\n  adapter: folder\n  root: ${place.at("scans")}\n  size: [32, 32]\n  options: { pattern: "{subject}_{slice}.png" }\n`;
  const config = await place.write("kept.yaml", data + TINY.slice(TINY.indexOf("model:")));
  const overrides = [`run.root=${place.at("runs")}`, "train.epochs=1"];
  await execute({ kind: "run", config, overrides, stages: ["train", "evaluate"], resume: false });
});

it("keeps the subjects of each split, whatever the folder holds later", async () => {
  const before = await readSubjects(runPaths(run()));
  expect([before?.train.length, before?.validate.length, before?.test.length]).toEqual([13, 3, 4]);
  const evaluation = await readFile(place.at("runs", "kept", "evaluation.json"), "utf8");

  // New ones are refused, and nothing is overwritten.
  for (let subject = 20; subject < 30; subject++) await addSubject("scans", subject);
  await expect(evaluate()).rejects.toMatchObject({
    code: "SUBJECTS_NEW",
    message: expect.stringContaining("10 subjects are in the data set's folder that the run"),
    remedy: expect.stringContaining("--new-subjects test"),
  });
  await expect(evaluate([`sample.count=2`])).rejects.toMatchObject({ code: "SUBJECTS_NEW" });
  expect(await readFile(place.at("runs", "kept", "evaluation.json"), "utf8")).toBe(evaluation);

  // Taken for testing, they are tested on beside the old ones, and known from then on.
  await evaluate([], "test");
  expect(await tested()).toEqual({ slices: 28, subjects: 14 });
  const after = await readSubjects(runPaths(run()));
  expect([after?.train, after?.validate]).toEqual([before?.train, before?.validate]);
  expect(after?.test).toEqual(expect.arrayContaining([...before!.test, "s20", "s29"]));

  // One of training taken away: those of testing stay, and it is said.
  const [gone] = before!.train;
  await mkdir(place.at("away"));
  for (const slice of [0, 1]) {
    await rename(place.at("scans", `${gone}_${slice}.png`), place.at("away", `${gone}_${slice}.png`));
  }
  const { warnings } = await evaluate();
  expect(warnings).toEqual([`not in the folder any more: 1 of 13 train subjects (${gone})`]);
  expect(await tested()).toEqual({ slices: 28, subjects: 14 });
});

it("tells of subjects in another folder that have the names of those it was trained on", async () => {
  for (let subject = 0; subject < 20; subject++) await addSubject("other", subject);
  const { warnings, files } = await evaluate([`dataset.root=${place.at("other")}`, "dataset.seed=5"]);
  expect(files).toContainEqual(expect.stringContaining("evaluations/other.json"));
  expect(warnings).toEqual([
    expect.stringMatching(/^\d of 4 test subjects have the names of subjects that the run was trained/),
  ]);
});

it("that did not keep them is refused once its folder has changed", async () => {
  await writeFile(place.at("runs", "kept", "subjects.json"), "{}");
  await expect(evaluate()).rejects.toMatchObject({ code: "RUN_DAMAGED" });
  await rename(place.at("runs", "kept", "subjects.json"), place.at("subjects.json"));
  await expect(evaluate()).rejects.toMatchObject({ code: "RUN_DIFFERS" });
});
