import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeFile } from "@slicebook/datasets/node";
import {
  type Evaluation,
  evaluationSchema,
  hashOf,
  measureSlice,
  noveltySchema,
  openRun,
  type PriorEvaluation,
  type RunInfo,
  readEqualBytes,
  readRun,
  runPaths,
} from "@slicebook/runs";
import { type Stage, stages } from "@slicebook/runs/stages";
import { loadCodes } from "@slicebook/runs/tensors";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import type { Result } from "../src/api/requests.ts";
import { listen, readJsonFile, readTensors, TINY, temporaryFolder } from "./helpers.ts";
import { copySharedRun, type Made } from "./shared-runs.ts";

const place = temporaryFolder();
let config: string;
let folder: string;
let first: Made;

async function run(overrides: readonly string[] = [], wanted: readonly Stage[] = stages) {
  const { events, onEvent } = listen();
  const all = [`run.root=${place.at("runs")}`, ...overrides];
  const result = await execute(
    { kind: "run", config, overrides: all, stages: wanted, resume: false },
    { onEvent },
  );
  return { result, events };
}

const states = ({ stages }: Result) => stages.map(({ stage, state }) => `${stage} ${state}`);

beforeAll(async () => {
  config = await place.write("tiny.yaml", TINY);
  folder = place.at("runs", "tiny");
  first = await copySharedRun("tiny", place.at("runs"));
  // Its report is made anew, since config.yaml now names this folder.
  await run();
});

describe("a run of every stage", () => {
  it("leaves the documented files, and no others half written", async () => {
    const files = await readdir(folder, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        "config.yaml",
        "run.json",
        "metrics.jsonl",
        join("checkpoints", "last.safetensors"),
        join("checkpoints", "best.safetensors"),
        join("prior", "metrics.jsonl"),
        join("prior", "checkpoints", "best.safetensors"),
        join("codes", "test.safetensors"),
        join("codes", "grain.json"),
        "evaluation.json",
        join("reconstructions", "test.png"),
        join("samples", "grid.png"),
        join("samples", "sample-0003.png"),
        join("samples", "nearest.png"),
        join("plots", "loss-log.svg"),
        join("plots", "ssim.png"),
        "progression.webp",
        "metrics.csv",
        "report.html",
        "README.md",
      ]),
    );
    expect(files.filter((name) => name.includes(".tmp") || name.includes(".lock"))).toEqual([]);
  });

  it("measures the whole test split, the prior's bits included", async () => {
    const evaluation = await readJsonFile<Evaluation>(join(folder, "evaluation.json"));
    expect(evaluation.ssim).toMatchObject({ n: 6, subjects: 2 });
    expect(evaluation.subjects.map(({ n }) => n)).toEqual([3, 3]);
    // 16 codes on an 8×8 grid of 32×32 pixels: 4 bits for 16 pixels.
    expect(evaluation.bitsPerPixel.fixed).toBe(0.25);
    const { prior } = await openRun(folder).evaluations();
    expect(first.result.figures).toMatchObject({
      ssim: evaluation.ssim.mean,
      bitsPerPixel: prior!.test.bitsPerPixel,
      bitsPerCode: prior!.test.bitsPerCode,
    });
  });

  it("is measured beside what the same number of bytes buys otherwise, on the same slices", async () => {
    const text = await readFile(join(folder, "evaluation.json"), "utf8");
    const { baselines, bitsPerPixel, ssim } = evaluationSchema.parse(JSON.parse(text));
    expect(baselines).toMatchObject({ slices: 6, of: 6, trainingSlices: 12 });
    const rows = Object.fromEntries(baselines!.rows.map((row) => [row.name, row]));
    expect(Object.keys(rows)).toEqual(["model", "mean", "pca", "jpeg", "webp", "avif"]);
    expect(rows.model!.ssim.mean).toBeCloseTo(ssim.mean, 6);
    expect(rows.model!.bitsPerPixel).toBeCloseTo(bitsPerPixel.file!, 12);
    // Twelve slices have eleven directions, in float32: 352 bits for 1024 pixels.
    expect(rows.pca).toMatchObject({ components: 11, bitsPerPixel: 352 / 1024 });
    expect(rows.pca!.mse.mean).toBeLessThan(rows.mean!.mse.mean);
    expect(rows.webp).toMatchObject({ ssim: { n: 6, subjects: 2 } });
    // JPEG's and AVIF's headers alone take more than a file of 64 codes does.
    expect([rows.jpeg!.larger, rows.avif!.larger]).toEqual([6, 6]);
    expect(rows.jpeg!.bitsPerPixel).toBeGreaterThan(rows.model!.bitsPerPixel);
    expect(first.result.baselines).toEqual(baselines);
    const card = await readFile(join(folder, "README.md"), "utf8");
    expect(card).toContain("| PCA, 11 components | 0.3438 |");
    expect(card).toContain("6 slices took more as AVIF even at the lowest quality.");
  });

  it("keeps pictures of some of these slices by the model and by image formats, with their bytes and figures", async () => {
    const { equalBytes } = runPaths(folder);
    const { slices, ways, coding } = readEqualBytes(equalBytes)!;
    expect(coding).toBe("tables");
    expect(ways.map(({ name }) => name)).toEqual(["model", "jpeg", "webp", "avif"]);
    // Evenly over the six of the test split.
    const { names } = (await loadCodes(runPaths(folder).codes.test))!;
    expect(slices.map(({ name }) => name)).toEqual([0, 2, 3, 5].map((index) => names[index]));
    const greys = async (path: string) => {
      const { data, info } = await sharp(path)
        .toColourspace("b-w")
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.height, info.width, info.channels]).toEqual([4 * 32, 32, 1]);
      return Float32Array.from(data, (value) => value / 255);
    };
    const originals = await greys(equalBytes.originals);
    for (const { name, slices: figures } of ways) {
      const pictures = await greys(equalBytes.picture(name));
      for (const [index, { bytes, ssim }] of figures.entries()) {
        const [from, to] = [index * 1024, (index + 1) * 1024];
        const measured = measureSlice(originals.subarray(from, to), pictures.subarray(from, to), {
          height: 32,
          width: 32,
        });
        expect(measured.ssim, `${name} ${index}`).toBeCloseTo(ssim, 2);
        // The header and 64 codes of at most 4 bits and a little; JPEG's and AVIF's headers alone take more.
        if (name === "model") expect(bytes).toBeLessThan(56 + 48);
        if (name === "avif") expect(bytes).toBeGreaterThan(200);
      }
    }
  });

  it("says where it errs: within each label of the masks, and on which slices", async () => {
    const evaluation = await readJsonFile<Evaluation>(join(folder, "evaluation.json"));
    const { masks, best, worst, ssim } = evaluation;
    expect(masks!.map(({ name }) => name)).toContain("background");
    expect(masks!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    // Each slice's error is the mean of its labels' errors, weighted by their pixels; so is the whole, roughly.
    const weighted = masks!.reduce((sum, { share, mse }) => sum + share * mse.mean, 0);
    expect(weighted / evaluation.mse.mean).toBeGreaterThan(0.5);
    expect(weighted / evaluation.mse.mean).toBeLessThan(2);
    expect(best![0]!.ssim).toBeGreaterThan(ssim.mean);
    expect(worst![0]!.ssim).toBeLessThan(ssim.mean);
    expect([...best!].sort((a, b) => b.ssim - a.ssim)).toEqual(best);
    const picture = await readFile(join(folder, "reconstructions", "test-extremes.png"));
    expect(picture.subarray(1, 4).toString()).toBe("PNG");
    expect(await readFile(join(folder, "report.html"), "utf8")).toContain("The worst and the best");
  });

  it("says how new and true its samples are, in a file and in the report", async () => {
    const novelty = noveltySchema.parse(await readJsonFile(join(folder, "samples", "novelty.json")));
    expect(novelty.counts).toEqual({ samples: 3, training: 12, decoded: 12, heldOut: 6 });
    expect(novelty.samples.map(({ name }) => name)).toEqual(["sample-0001", "sample-0002", "sample-0003"]);
    expect(novelty.distribution!.mmd.floor).not.toBe(0);
    const report = await readFile(join(folder, "report.html"), "utf8");
    expect(report).toContain("Novelty of the samples");
    expect(report).toContain(novelty.memorisation.rule);
    for (const kind of ["byCodes", "bySsim"] as const) {
      const distances = novelty.heldOut.map((slice) => slice[kind]).sort((a, b) => a - b);
      expect(distances).toHaveLength(6);
      const { smallest, median, largest } = novelty.nearest[kind].heldOut;
      expect([smallest, largest]).toEqual([distances[0], distances[5]]);
      expect(median).toBeCloseTo((distances[2]! + distances[3]!) / 2, 12);
    }
    for (const name of ["novelty-codes", "novelty-ssim"]) {
      const drawn = JSON.stringify(await readJsonFile(join(folder, "plots", `${name}.vl.json`)));
      expect(drawn.match(/"distance":/g)).toHaveLength(3 + 6);
    }
    expect(report).toContain("Distance to the nearest training slice, by SSIM");
  });

  it("measures samples on pixels beside training slices and reconstructions, and says what limits them", async () => {
    const { pixels } = noveltySchema.parse(await readJsonFile(join(folder, "samples", "novelty.json")));
    const { distances, limit } = pixels!;
    expect(distances.counts).toEqual({ samples: 3, training: 3, test: 6, testSubjects: 2 });
    expect(distances.range.minimum).toBeLessThan(0);
    // Three slices of the other subject are fewer than five neighbours.
    expect(distances.neighbours).toBeNull();
    const { levels, mean } = distances.slicedWasserstein!;
    expect(levels.map(({ size }) => size)).toEqual([
      [32, 32],
      [16, 16],
    ]);
    // Three samples of a model that has hardly learned are not heads; nor are its reconstructions the slices.
    expect(mean.samples).toBeGreaterThan(mean.floor);
    expect(mean.reconstructions).toBeGreaterThan(0);
    expect(distances.auc!.samples).toBeGreaterThanOrEqual(0.5);
    expect(limit).toMatchObject({ kind: "unknown", settings: ["sample.count=64"] });
    expect(first.result.limit).toEqual(limit);
    expect(first.result.figures).toMatchObject({
      samplesAuc: distances.auc!.samples,
      samplesPatchDistance: mean.samples,
    });
    const report = await readFile(join(folder, "report.html"), "utf8");
    const card = await readFile(join(folder, "README.md"), "utf8");
    for (const page of [report, card]) {
      expect(page).toContain(limit.sentence);
      expect(page).toContain("Patch distance at 32×32");
    }
  });

  it("measures the prior beside what counting codes gives", async () => {
    const { train, validate, test } = await readJsonFile<PriorEvaluation>(
      join(folder, "prior", "evaluation.json"),
    );
    expect([train.grids, validate.grids, test.grids]).toEqual([6, 6, 6]);
    for (const { bitsPerCode, accuracy, baselines } of [validate, test]) {
      expect(bitsPerCode).toBeGreaterThan(0);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(baselines.unigramBitsPerCode).toBeLessThanOrEqual(4.5);
      expect(baselines.positionBitsPerCode).toBeLessThan(baselines.unigramBitsPerCode + 0.5);
    }
  });

  it("says how far it is, and each epoch once", () => {
    const { events } = first;
    const epochs = events.flatMap((event) =>
      event.type === "epoch" && event.stage === "train" ? [event.row] : [],
    );
    expect(epochs.filter(({ epoch }) => Number.isInteger(epoch)).map(({ epoch }) => epoch)).toEqual([
      1, 2, 3,
    ]);
    expect(epochs.filter(({ validation }) => validation?.ssim !== undefined).length).toBeGreaterThanOrEqual(
      5,
    );
    const fractions = events.flatMap((event) => (event.type === "progress" ? [event.fraction] : []));
    expect(fractions.length).toBeGreaterThan(0);
    expect(fractions.filter((fraction) => fraction < 0 || fraction > 1)).toEqual([]);
  });

  it("writes code grids as int32 tensors, with the names of their slices", async () => {
    const { tensors, metadata } = await readTensors(join(folder, "codes", "test.safetensors"));
    expect(tensors["codes.0"]).toMatchObject({ dtype: "int32", shape: [6, 8, 8] });
    expect(JSON.parse(metadata.names!)).toHaveLength(6);
  });

  it("notes versions, machine, data and times", async () => {
    const record = await readJsonFile<RunInfo>(join(folder, "run.json"));
    expect(record).toMatchObject({
      schema: 1,
      name: "tiny",
      seed: 0,
      versions: { slicebook: "0.1.0", node: process.versions.node, "onnxruntime-node": "1.30.0" },
      data: { adapter: "phantom", size: [32, 32], splits: { train: { slices: 12, subjects: 4 } } },
      model: { grids: [[8, 8]], codes: 16 },
    });
    expect(Object.keys(record.stages)).toEqual([...stages]);
  });
});

describe("running it again", () => {
  it("skips every stage", async () => {
    const { result, events } = await run();
    expect(states(result)).toEqual(stages.map((stage) => `${stage} skipped`));
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["stage"]));
  });

  it("with another sample seed samples and reports only, and tells so in config.yaml", async () => {
    const { result } = await run(["sample.seed=5"]);
    expect(states(result).filter((state) => state.endsWith("done"))).toEqual(["sample done", "report done"]);
    expect(await readFile(join(folder, "config.yaml"), "utf8")).toMatch(/sample:\n(.*\n)* {2}seed: 5/);
  });

  it("makes what was deleted", async () => {
    await rm(join(folder, "codes", "test.safetensors"));
    const { result } = await run(["sample.seed=5"]);
    expect(states(result).filter((state) => state.endsWith("done"))).toEqual([
      "encode done",
      "report done", // it tells each stage's time
    ]);
  });

  it("with another configuration is refused, and lists the differences", async () => {
    await expect(run(["train.batch=2", "model.quantizer.decay=0.9", "sample.seed=5"])).rejects.toMatchObject({
      code: "RUN_DIFFERS",
      message: [
        `${folder} holds a run with another configuration:`,
        "  model.quantizer.decay: 0.99 there, 0.9 now",
        "  train.batch: 4 there, 2 now",
      ].join("\n"),
    });
  });
});

describe("a run folder of the version before, whose evaluation.json each later stage added to", () => {
  it("is shown with the same figures, and evaluated once more", async () => {
    const earlier = place.at("earlier", "tiny");
    await cp(folder, earlier, { recursive: true });
    const { prior } = await openRun(earlier).evaluations();
    const { bitsPerPixel: bits } = prior!.test;
    const edit = async <T>(name: string, change: (value: T) => unknown) =>
      writeFile(join(earlier, name), JSON.stringify(change(await readJsonFile(join(earlier, name)))));
    await edit<Evaluation>("evaluation.json", ({ model: _, bitsPerPixel, ...evaluation }) => ({
      ...evaluation,
      bitsPerPixel: { ...bitsPerPixel, prior: bits },
    }));
    const { model, fingerprint } = {
      model: prior!.model,
      fingerprint: (await readJsonFile<RunInfo>(join(earlier, "run.json"))).data.fingerprint,
    };
    await edit<RunInfo>("run.json", ({ stages: done, ...record }) => ({
      ...record,
      stages: { ...done, evaluate: { ...done.evaluate, inputs: hashOf({ model, fingerprint }) } },
    }));

    const [before, now] = [await readRun(earlier), await readRun(folder)];
    expect(before.evaluation).toEqual({ ...now.evaluation, model: undefined });
    expect(before.summary).toEqual({ ...now.summary, folder: earlier });
    const request = { kind: "stages", run: earlier, overrides: [], resume: false } as const;
    await execute({ ...request, stages: ["report"] });
    for (const name of ["README.md", "report.html"]) {
      expect(await readFile(join(earlier, name), "utf8"), name).toContain(bits.toFixed(4));
    }
    const result = await execute({ ...request, stages });
    expect(states(result).filter((state) => state.endsWith("done"))).toEqual([
      "evaluate done",
      "report done",
    ]);
    const [one, other] = [earlier, folder].map((run) => readFile(join(run, "evaluation.json"), "utf8"));
    expect(await one).toBe(await other);
    expect(result.figures).toEqual(now.summary.figures);
  });
});

describe("a stage on a run folder", () => {
  it("takes overrides of what it does, and refuses those of what the run is", async () => {
    const request = { kind: "stages", run: folder, stages: ["sample"], resume: false } as const;
    const result = await execute({ ...request, overrides: ["sample.count=2", "sample.temperature=0.5"] });
    expect(states(result)).toEqual(["sample done"]);
    expect(await readdir(join(folder, "samples"))).not.toContain("sample-0003.png");
    await expect(execute({ ...request, overrides: ["train.epochs=9"] })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
    });
  });

  it("names the stage that is missing before it", async () => {
    const run = place.at("runs", "bare");
    await cp(folder, run, { recursive: true });
    await rm(join(run, "prior"), { recursive: true });
    const request = { kind: "stages", run, overrides: [], stages: ["sample"], resume: false } as const;
    await expect(execute(request)).rejects.toMatchObject({
      code: "STAGE_MISSING",
      remedy: `Run \`slicebook train-prior ${run}\` first.`,
    });
  });

  it("refuses a checkpoint of another architecture", async () => {
    const run = place.at("runs", "other");
    await cp(folder, run, { recursive: true });
    const text = await readFile(join(run, "config.yaml"), "utf8");
    await writeFile(join(run, "config.yaml"), text.replace("width: 8\n", "width: 12\n"));
    const request = { kind: "stages", run, overrides: [], stages: ["encode"], resume: false } as const;
    await rm(join(run, "codes"), { recursive: true });
    await expect(execute(request)).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
  });

  it("is refused for a folder that is not a run", async () => {
    const request = {
      kind: "stages",
      run: place.at(),
      overrides: [],
      stages: ["report"],
      resume: false,
    } as const;
    await expect(execute(request)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });
});

describe("other data", () => {
  it("is evaluated into evaluations/, brought to the model's size, and left out of the run's own figures", async () => {
    const data = place.at("oasis");
    const subjects = { train: 1, validate: 1, test: 1 };
    await execute({ kind: "phantom", layout: "oasis", out: data, seed: 3, subjects, slicesPerSubject: 2 });
    const before = await readFile(join(folder, "evaluation.json"), "utf8");
    const result = await execute({
      kind: "stages",
      run: folder,
      overrides: ["dataset.adapter=oasis", `dataset.root=${data}`, "dataset.sizePolicy=resize"],
      stages: ["evaluate"],
      resume: false,
    });
    const evaluation = await readJsonFile<Evaluation>(join(folder, "evaluations", "oasis.json"));
    expect(evaluation).toMatchObject({
      dataset: { adapter: "oasis", root: data, size: [32, 32] },
      ssim: { n: 2 },
    });
    expect(result.figures.ssim).toBe(evaluation.ssim.mean);
    // By the frequencies of the run's own codes; PCA and the mean image would be of its own slices.
    expect(evaluation.bitsPerPixel.file).toBeGreaterThan(0);
    expect(evaluation.baselines!.rows.map(({ name }) => name)).toEqual(["model", "jpeg", "webp", "avif"]);
    expect(result.baselines).toEqual(evaluation.baselines);
    expect(evaluation.masks!.map(({ name }) => name)).toContain("white matter");
    expect(await readFile(join(folder, "evaluation.json"), "utf8")).toBe(before);

    // The report has it, too.
    const { files } = await execute({
      kind: "stages",
      run: folder,
      overrides: [],
      stages: ["report"],
      resume: false,
    });
    expect(await readFile(files.find((path) => path.endsWith("report.html"))!, "utf8")).toContain(
      "oasis, test split",
    );

    const test = join(data, "keras_png_slices_test");
    const file = join(test, (await readdir(test))[0]!);
    const request = { kind: "reconstruct", run: folder, files: [file], out: place.at("out") } as const;
    await expect(execute(request)).rejects.toMatchObject({ code: "SLICE_SIZE" });
  });

  it("file by file is reconstructed, with figures", async () => {
    const data = place.at("hipmri");
    const subjects = { train: 1, validate: 1, test: 1 };
    await execute({ kind: "phantom", layout: "hipmri", out: data, seed: 3, subjects, slicesPerSubject: 1 });
    const run = place.at("runs", "resizing");
    await cp(folder, run, { recursive: true });
    const text = await readFile(join(run, "config.yaml"), "utf8");
    await writeFile(join(run, "config.yaml"), text.replace("dataset:\n", "dataset:\n  sizePolicy: resize\n"));
    const files = ["train", "test"].map((split, index) =>
      join(data, `keras_slices_${split}`, `case_00${4 + 2 * index}_week_0_slice_0.nii.gz`),
    );
    const result = await execute({ kind: "reconstruct", run, files });
    const out = join(run, "reconstructions", "files");
    expect((await readdir(out)).sort()).toEqual([
      "case_004_week_0_slice_0.nii.gz",
      "case_004_week_0_slice_0.png",
      "case_006_week_0_slice_0.nii.gz",
      "case_006_week_0_slice_0.png",
      "figures.json",
      "likelihood.png",
      "reconstructions.png",
    ]);
    const figures = await readJsonFile<{ ssim: number; bitsPerPixel: number }[]>(join(out, "figures.json"));
    expect(figures[0]!.bitsPerPixel).toBeGreaterThan(0);
    expect(result.figures.ssim).toBeCloseTo((figures[0]!.ssim + figures[1]!.ssim) / 2, 12);
    // 256×128 pixels of 1 mm became 32×32 ones of 8×4 mm, whose centres lie 3.5 and 1.5 mm further in.
    const written = await decodeFile(join(out, "case_004_week_0_slice_0.nii.gz"));
    expect(written).toMatchObject({ height: 32, width: 32 });
    expect(written.affine).toEqual([
      [8, 0, 0, 3.5],
      [0, 4, 0, 1.5],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]);
  });

  it("can be inspected with a file that only names it", async () => {
    const only = await place.write("only.yaml", "dataset: {}\n");
    const overrides = ["dataset.adapter=hipmri", `dataset.root=${place.at("hipmri")}`];
    const { inspection } = await execute({
      kind: "inspect",
      config: only,
      overrides,
      out: place.at("sheet.png"),
    });
    expect(inspection).toMatchObject({
      dataset: "hipmri",
      size: [256, 128],
      splits: { train: { slices: 1, subjects: 1, masks: 1, sizes: { "256x128": 1 } }, test: { slices: 1 } },
      sizes: { "256x128": 3 },
      overlap: [],
      ignored: [],
      estimate: { sliceBytes: 4 * 256 * 128 },
    });
    const { preparedBytes, decodeSeconds, epochSeconds } = inspection!.estimate;
    // The phantom's subjects are stored as int16, as scaled int16, which takes float32, and as float64, which does too.
    expect(preparedBytes).toBe((2 + 4 + 4) * 256 * 128);
    expect([decodeSeconds > 0, epochSeconds > 0]).toEqual([true, true]);
    expect((await readFile(place.at("sheet.png"))).subarray(1, 4).toString()).toBe("PNG");
  });
});

describe("a mistake found before anything is written", () => {
  it.each([
    [
      "no folder of slices",
      ["dataset.adapter=oasis", "dataset.options={}", "dataset.root=/nowhere"],
      "DATASET_ROOT",
    ],
    ["a size that does not divide into codes", ["dataset.size=[34, 32]"], undefined],
    ["a class that the data set has not", ["sample.class=AD"], "CLASS_UNKNOWN"],
  ])("leaves no run folder: %s", async (_, overrides, code) => {
    const { events } = await run([...overrides, "run.name=mistake"]).catch((error: unknown) => {
      expect(error).toMatchObject({ name: "SlicebookError", ...(code === undefined ? {} : { code }) });
      return { events: [] };
    });
    expect(events).toEqual([]);
    expect(await readdir(place.at("runs"))).not.toContain("mistake");
  });

  it("spares a folder with other files", async () => {
    await place.write("precious.txt", "mine");
    await expect(
      run([`run.root=${place.at("..")}`, `run.name=${place.at().split("/").at(-1)}`]),
    ).rejects.toMatchObject({
      code: "FOLDER_NOT_EMPTY",
    });
  });
});
