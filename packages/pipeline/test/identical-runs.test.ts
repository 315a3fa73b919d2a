import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { stages } from "@slicebook/runs/stages";
import { expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { readJsonFile, TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();

/** What holds times, or the folder's name; the package's README lists the same. */
const WITH_TIMES = [
  "README.md",
  "checkpoints/best.safetensors",
  "checkpoints/last.safetensors",
  "config.yaml",
  "metrics.csv",
  "metrics.jsonl",
  "prior/checkpoints/level0/best.safetensors",
  "prior/checkpoints/level0/last.safetensors",
  "prior/metrics.jsonl",
  "report.html",
  "run.json",
  "tensorboard/prior/events.out.tfevents.slicebook",
  "tensorboard/train/events.out.tfevents.slicebook",
];

it("give files of the same bytes, but for those that hold times", async () => {
  const config = await place.write("tiny.yaml", TINY);
  const [one, other] = ["one", "other"].map((root) => place.at(root, "tiny")) as [string, string];
  for (const root of ["one", "other"]) {
    const overrides = [`run.root=${place.at(root)}`];
    await execute({ kind: "run", config, overrides, stages, resume: false });
  }
  const filesOf = async (folder: string) =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll(sep, "/"),
      )
      .sort();
  const files = await filesOf(one);
  expect(await filesOf(other)).toEqual(files);
  const same: string[] = [];
  for (const file of files) {
    const [first, second] = [await readFile(join(one, file)), await readFile(join(other, file))];
    if (first.equals(second)) same.push(file);
  }
  const different = files.filter((file) => !same.includes(file));
  expect(different.filter((file) => !WITH_TIMES.includes(file) && !file.includes("-by-time."))).toEqual([]);
  expect(same).toEqual(
    expect.arrayContaining(["prior/evaluation.json", "evaluation.json", "samples/novelty.json"]),
  );

  // Nor do times decide whether a stage is done again, but for the report, which shows them.
  const inputsOf = async (folder: string) => {
    const { stages: done } = await readJsonFile<{ stages: Record<string, { inputs: string }> }>(
      join(folder, "run.json"),
    );
    const { report: _, ...others } = done;
    return Object.entries(others).map(([name, { inputs }]) => [name, inputs]);
  };
  expect(await inputsOf(other)).toEqual(await inputsOf(one));
}, 120_000);
