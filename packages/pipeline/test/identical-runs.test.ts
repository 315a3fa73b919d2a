import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { type Stage, stages } from "@slicebook/runs/stages";
import { beforeAll, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { listen, TINY, temporaryFolder } from "./helpers.ts";
import { copySharedRun } from "./shared-runs.ts";

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

/** Every file of a run by its path, in order. */
async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const read = names
    .sort()
    .map(async (name) => [name.replaceAll(sep, "/"), await readFile(join(folder, name))] as const);
  return new Map(await Promise.all(read));
}

/** The stages that wrote each file. */
const writers = new Map<string, Stage[]>();
const { events, onEvent } = listen();

// In one go, and stage by stage.
beforeAll(async () => {
  await copySharedRun("tiny", place.at("whole"));
  const config = await place.write("tiny.yaml", TINY);
  const overrides = [`run.root=${place.at("staged")}`];
  let before = new Map<string, Buffer>();
  for (const stage of stages) {
    await execute({ kind: "run", config, overrides, stages: [stage], resume: false }, { onEvent });
    const after = await filesOf(place.at("staged", "tiny"));
    for (const [file, bytes] of after) {
      if (before.get(file)?.equals(bytes) || file === "run.json") continue;
      writers.set(file, [...(writers.get(file) ?? []), stage]);
    }
    before = after;
  }
});

it("write each file in one stage, but for run.json, which tells of them all", () => {
  expect([...writers].filter(([, stages]) => stages.length > 1)).toEqual([]);
  expect(writers.get("evaluation.json")).toEqual(["evaluate"]);
  expect(writers.get("prior/evaluation.json")).toEqual(["train-prior"]);
});

it("tell of themselves in events that are plain JSON", () => {
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["stage", "progress", "epoch", "file"]));
  expect(JSON.parse(JSON.stringify(events))).toEqual(events);
});

it("give files of the same bytes, in one go and stage by stage, but for those that hold times", async () => {
  const [one, other] = [await filesOf(place.at("whole", "tiny")), await filesOf(place.at("staged", "tiny"))];
  const files = [...one.keys()];
  expect([...other.keys()]).toEqual(files);
  const same = files.filter((file) => one.get(file)!.equals(other.get(file)!));
  const different = files.filter((file) => !same.includes(file));
  expect(different.filter((file) => !WITH_TIMES.includes(file) && !file.includes("-by-time."))).toEqual([]);
  expect(same).toEqual(
    expect.arrayContaining(["prior/evaluation.json", "evaluation.json", "samples/novelty.json"]),
  );

  // Nor do times decide whether a stage is done again, but for the report, which shows them.
  const inputsOf = (run: Map<string, Buffer>) => {
    const { stages: done } = JSON.parse(run.get("run.json")!.toString()) as {
      stages: Record<string, { inputs: string }>;
    };
    const { report: _, ...others } = done;
    return Object.entries(others).map(([name, { inputs }]) => [name, inputs]);
  };
  expect(inputsOf(other)).toEqual(inputsOf(one));
});
