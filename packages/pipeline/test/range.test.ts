import { join } from "node:path";
import { writeFileAtomic } from "@slicebook/base/node";
import { loadConfig } from "@slicebook/config";
import { encodeSafetensors } from "@slicebook/core";
import type { Bounds, Preprocessing, TrainingRange } from "@slicebook/datasets";
import { decodeFile } from "@slicebook/datasets/node";
import { createEngine, type Engine } from "@slicebook/engine";
import { createCodec, createMovingCodec, decodeCodes, withGrain } from "@slicebook/model";
import type { Stage } from "@slicebook/runs/stages";
import { loadCodes, loadPreprocessing, savePreprocessing } from "@slicebook/runs/tensors";
import { modelParameters, openSession, type Session, samplesGrain } from "@slicebook/session";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../src/api/execute.ts";
import { TINY, temporaryFolder } from "./helpers.ts";

const place = temporaryFolder();
let config: string;
let run: string;
let nifti: string;
let session: Session;
let engine: Engine;
let preprocessing: Preprocessing;

const overrides = () => [`run.root=${place.at("runs")}`, "dataset.preprocessing=zscore-dataset"];
const stage = (stages: readonly Stage[], more: readonly string[] = []) =>
  execute({ kind: "run", config, overrides: [...overrides(), ...more], stages, resume: false });

beforeAll(async () => {
  config = await place.write("tiny.yaml", TINY);
  run = place.at("runs", "tiny");
  await stage(["train", "encode", "train-prior", "sample"]);
  const subjects = { train: 1, validate: 1, test: 1 };
  const [data, size] = [place.at("hipmri"), [32, 32] as [number, number]];
  await execute({
    kind: "phantom",
    layout: "hipmri",
    out: data,
    seed: 3,
    size,
    subjects,
    slicesPerSubject: 1,
  });
  nifti = join(data, "keras_slices_train", "case_004_week_0_slice_0.nii.gz");
  session = openSession(await loadConfig(config, overrides()), run, {});
  engine = await createEngine({ kind: "onnx", threads: 1 });
  preprocessing = await loadPreprocessing(session);
});

afterAll(async () => {
  await engine?.dispose();
  await session?.dispose();
});

const bounds = (values: Iterable<number>): [number, number] => {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
};

/** The run's preprocessing with a range that some of what its model makes is beyond, on both sides. */
function narrow(range: Partial<TrainingRange>): Preprocessing {
  const wide = [-1e9, 1e9] as const;
  return { ...preprocessing, range: { preprocessed: wide, original: wide, window: [-1, 1], ...range } };
}

function clamped(values: Float32Array, [low, high]: Bounds): Float32Array {
  return values.map((value) => Math.min(high, Math.max(low, value)));
}

describe("what a decoder overshoots", () => {
  it("is held, whichever way it is decoded", async () => {
    const { model } = session;
    const held: Bounds = [-0.0625, 0.0625];
    const options = { model, batch: 3 };
    const narrowed = { ...options, preprocessing: narrow({ preprocessed: held }) };
    const images = (await session.dataset()).splits.test.images([0, 1, 2]);
    const parameters = await modelParameters(session);
    const free = await createCodec(engine, parameters, {
      ...options,
      preprocessing: { ...preprocessing, range: undefined },
    });
    const codec = await createCodec(engine, parameters, narrowed);
    const moving = await createMovingCodec(engine, parameters, { ...narrowed, dataVariance: 1 });
    const unheld = await free.reconstruct(images);
    const { images: found, levels } = await codec.reconstruct(images);
    expect(bounds(found)).toEqual(held);
    expect(found).toEqual(clamped(unheld.images, held));
    expect(bounds((await moving.measure(parameters, images)).images)).toEqual(held);
    expect(bounds(await decodeCodes(engine, parameters, levels, narrowed))).toEqual(held);
    for (const each of [free, codec, moving]) await each.dispose();
  });
});

/** A NIfTI slice through `reconstruct`, and through `compress` and `decompress`, by a range that the run is given. */
async function restored(name: string, given: Preprocessing): Promise<[Float32Array, Float32Array]> {
  await savePreprocessing(session.paths.preprocessing, given);
  const file = "case_004_week_0_slice_0";
  const at = (folder: string, ending: string) => place.at(`${name}-${folder}`, file + ending);
  const target = (folder: string) => ({ run, out: place.at(`${name}-${folder}`), force: false });
  await execute({ kind: "reconstruct", run, files: [nifti], out: place.at(`${name}-reconstructed`) });
  await execute({ kind: "compress", files: [nifti], ...target("small") });
  await execute({ kind: "decompress", files: [at("small", ".slbk")], ...target("restored") });
  await savePreprocessing(session.paths.preprocessing, preprocessing);
  const values = async (folder: string) =>
    Float32Array.from((await decodeFile(at(folder, ".nii.gz"))).values);
  return [await values("reconstructed"), await values("restored")];
}

describe("a run", () => {
  it("holds reconstructed and restored slices in the original units, too", async () => {
    const { range: _, ...without } = preprocessing;
    const [unheld] = await restored("unheld", without as Preprocessing);
    const [least, most] = bounds(unheld);
    const held: Bounds = [Math.fround(least * 0.75 + most * 0.25), Math.fround(least * 0.25 + most * 0.75)];
    const [reconstructed, decompressed] = await restored("held", narrow({ original: held }));
    expect(bounds(reconstructed)).toEqual(held);
    expect(reconstructed).toEqual(clamped(unheld, held));
    // A compressed file keeps the slice's preprocessing as float32.
    const apart = decompressed.map((value, at) => Math.abs(value - reconstructed[at]!));
    expect(Math.max(...apart)).toBeLessThan(1e-6 * held[1]);
  });

  it("shows its samples in the greys of its training slices, all alike", async () => {
    const { levels } = (await loadCodes(join(run, "samples", "codes.safetensors")))!;
    const [black, white] = preprocessing.range!.window;
    const { model } = session;
    const options = { model, preprocessing, batch: 3 };
    const smooth = await decodeCodes(engine, await modelParameters(session), levels, options);
    const drawn = { seed: session.config.sample.seed, numbers: [0, 1, 2] };
    const decoded = withGrain(smooth, await samplesGrain(session), options, drawn);
    for (const index of [0, 1, 2]) {
      const { values } = await decodeFile(join(run, "samples", `sample-000${index + 1}.png`));
      const image = decoded.subarray(index * 1024, (index + 1) * 1024);
      for (const [pixel, value] of values.entries()) {
        const grey = Math.min(1, Math.max(0, (image[pixel]! - black) / (white - black)));
        expect(Math.abs(value - 255 * grey)).toBeLessThan(0.51);
      }
    }
  });
});

describe("a run of an earlier version, which kept no range", () => {
  it("holds nothing, and shows each sample on its own range", async () => {
    const { range: _, ...without } = preprocessing;
    const { name, mean, deviation } = without as Extract<Preprocessing, { name: "zscore-dataset" }>;
    const text = JSON.stringify({ name, mean, deviation });
    await writeFileAtomic(session.paths.preprocessing, encodeSafetensors({}, { preprocessing: text }));
    expect(await loadPreprocessing(session)).toEqual({ name, mean, deviation });
    const { splits } = await session.trainedDataset();
    const dark = new Float32Array(1024).fill(-100);
    expect(bounds(splits.test.toOriginal(0, dark))[1]).toBeCloseTo(mean - 100 * deviation, 1);
    await stage(["sample"], ["sample.seed=1"]);
    const sample = await decodeFile(join(run, "samples", "sample-0001.png"));
    expect(bounds(sample.values)).toEqual([0, 255]);
  });
});
