import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareRuns } from "@slicebook/report";
import { listRuns, type MetricsRow, readRun } from "@slicebook/runs";
import { expect, it } from "vitest";
import { reportInput, runInfo } from "../../report/test/fixtures.ts";
import { temporaryFolder } from "./helpers.ts";

const folder = temporaryFolder();

/** Writes the files of a run that reading it needs, its test SSIM raised by so much. */
async function writeRun(
  name: string,
  options: { raised?: number; width?: number; size?: [number, number] } = {},
) {
  const { raised = 0, width = 96, size } = options;
  const { evaluation, metrics } = reportInput();
  await mkdir(folder.at(name, "prior"), { recursive: true });
  const write = (file: string, value: unknown) =>
    writeFile(folder.at(name, file), typeof value === "string" ? value : JSON.stringify(value));
  await write("run.json", { ...runInfo(), name });
  await write("config.yaml", `model: { width: ${width} }\nrun: { name: ${name} }\n`);
  await write("evaluation.json", {
    ...evaluation,
    dataset: { ...evaluation!.dataset, ...(size && { size }) },
    subjects: evaluation!.subjects.map((subject, index) => ({
      ...subject,
      ssim: subject.ssim + raised * (1 + 0.1 * index),
    })),
  });
  const lines = (stage: MetricsRow["stage"]) =>
    metrics
      .filter((row) => row.stage === stage)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  await write("metrics.jsonl", lines("train"));
  await write("prior/metrics.jsonl", lines("prior"));
  return folder.at(name);
}

it("pairs subjects: the interval is of their differences, which agree more than their values", async () => {
  const runs = [await writeRun("a"), await writeRun("b", { raised: 0.01, width: 64 })];
  const { runs: compared, settings, notes } = await compareRuns(runs);
  expect(compared[0]!.difference).toBeNull();
  // By hand: differences 0.010, 0.011, 0.012: mean 0.011, deviation 0.001, t(0.975, 2) = 4.302653.
  const { mean, ci95, subjects } = compared[1]!.difference!;
  expect(subjects).toBe(3);
  expect(mean).toBeCloseTo(0.011, 12);
  expect(ci95![0]).toBeCloseTo(0.011 - (4.302653 * 0.001) / Math.sqrt(3), 8);
  expect(ci95![1]).toBeCloseTo(0.011 + (4.302653 * 0.001) / Math.sqrt(3), 8);
  expect(settings).toEqual([{ key: "model.width", values: ["96", "64"] }]);
  expect(notes).toEqual([]);
});

it("says so, and pairs nothing, where the test slices are not the same", async () => {
  const runs = [await writeRun("c"), await writeRun("d", { size: [128, 128] })];
  const { runs: compared, notes } = await compareRuns(runs);
  expect(compared[1]!.difference).toBeNull();
  expect(notes).toEqual([expect.stringMatching(/^d was not tested on the slices that c was/)]);
});

it("compares with the first run that is evaluated, and keeps folders out of the page that is passed on", async () => {
  const runs = [await writeRun("g"), await writeRun("h", { size: [128, 128] }), await writeRun("i")];
  await rm(folder.at("g", "evaluation.json"));
  for (const [index, run] of runs.entries()) {
    const dataset = `{ root: /home/jane/${index}, options: { masks: /home/jane/masks/${index} } }`;
    await writeFile(join(run, "config.yaml"), `dataset: ${dataset}\nmodel: { width: ${index} }\n`);
  }
  const { notes, settings } = await compareRuns(runs, { out: folder.at("places") });
  expect(notes).toEqual([
    "g is not evaluated yet",
    expect.stringMatching(/^i was not tested on the slices that h/),
  ]);
  expect(settings.map(({ key }) => key)).toEqual(["dataset.root", "dataset.options.masks", "model.width"]);
  const page = await readFile(folder.at("places", "index.html"), "utf8");
  expect(page).toContain("dataset.options.masks");
  expect(page).not.toContain("jane");
});

it("draws every run's curves into one chart, on a page that needs nothing else", async () => {
  const runs = [await writeRun("e"), await writeRun("f <b>")];
  const { files } = await compareRuns(runs, { out: folder.at("comparison") });
  expect(files).toEqual(expect.arrayContaining([folder.at("comparison", "plots", "ssim-by-time.png")]));
  const page = await readFile(folder.at("comparison", "index.html"), "utf8");
  expect(page).toContain("f &lt;b&gt;");
  expect(page).not.toMatch(/<script|src="(?!data:)/);
  const spec = JSON.parse(await readFile(folder.at("comparison", "plots", "ssim-by-time.vl.json"), "utf8"));
  const names = (spec.layer[0].data.values as { series: string }[]).map(({ series }) => series);
  expect(new Set(names)).toEqual(new Set(["e", "f <b>"]));
});

it("shows the samples' figures, of which files of the first version have none", async () => {
  const [old, recent] = [await writeRun("first version"), await writeRun("second version")];
  const two = { smallest: 0, median: 0.1, largest: 0.2 };
  const both = { samples: two, heldOut: two };
  const similarity = { mean: 0.5, sd: 0.1 };
  const novelty = {
    schema: 1,
    counts: { samples: 16, training: 20, decoded: 20, heldOut: 20 },
    nearest: { byCodes: both, bySsim: both },
    memorisation: { rule: "a rule", flagged: 0 },
    diversity: { pairs: 9, samples: similarity, heldOut: similarity },
    distribution: null,
    samples: [],
  };
  const three = { samples: 0.75, floor: 0.5, reconstructions: 0.625 };
  const pixels = {
    distances: {
      counts: { samples: 16, training: 16, test: 20, testSubjects: 4 },
      range: { minimum: -1, maximum: 3 },
      neighbours: { size: [16, 8], nearest: 5, coverage: three, density: three },
      slicedWasserstein: { levels: [{ ...three, size: [32, 16] }], mean: three },
      auc: three,
      aucAgainstReconstructions: 0.7,
    },
    limit: { kind: "none", sentence: "Nothing does.", settings: [] },
  };
  const stages = {
    ...runInfo().stages,
    sample: { inputs: "b", seconds: 1, finished: "2030-01-02T04:13:00.000Z" },
  };
  for (const [run, name, value] of [
    [old, "first version", novelty],
    [recent, "second version", { ...novelty, schema: 2, pixels }],
  ] as const) {
    await mkdir(join(run, "samples"), { recursive: true });
    await writeFile(join(run, "samples", "novelty.json"), JSON.stringify(value));
    await writeFile(join(run, "run.json"), JSON.stringify({ ...runInfo(), name, stages }));
  }
  const { runs } = await compareRuns([old, recent], { out: folder.at("samples compared") });
  expect(runs[0]!.figures.samplesAuc).toBeUndefined();
  expect(runs[1]!.figures).toMatchObject({
    samplesAuc: 0.75,
    samplesCoverage: 0.75,
    samplesDensity: 0.75,
    samplesPatchDistance: 0.75,
  });
  const page = await readFile(folder.at("samples compared", "index.html"), "utf8");
  expect(page).toContain("Samples: AUC");
  expect(page).toContain("0.750");
});

it("needs two runs", async () => {
  await expect(compareRuns([await writeRun("g")])).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
});

it("lists the runs of a folder, the newest first, and those that cannot be read", async () => {
  await rm(folder.at("listed"), { recursive: true, force: true });
  const created = { old: "2030-01-01T00:00:00Z", new: "2030-02-01T00:00:00Z" };
  for (const [name, time] of Object.entries(created)) {
    const path = await writeRun(`listed/${name}`);
    await writeFile(`${path}/run.json`, JSON.stringify({ ...runInfo(), name, created: time }));
  }
  await writeRun("listed/torn");
  await writeFile(folder.at("listed", "torn", "run.json"), "{");
  await mkdir(folder.at("listed", "no-run"));
  const { runs, damaged } = await listRuns(folder.at("listed"));
  expect(runs.map(({ name }) => name)).toEqual(["new", "old"]);
  expect(damaged).toEqual([
    { folder: folder.at("listed", "torn"), reason: expect.stringContaining("run.json") },
  ]);
});

it("tells a folder that is not a run from one that is not there", async () => {
  await mkdir(folder.at("empty"), { recursive: true });
  await expect(readRun(folder.at("empty"))).rejects.toThrow(/has no run\.json/);
  await expect(readRun(folder.at("nowhere"))).rejects.toThrow(/does not exist/);
});
