import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { float32, type HostTensor, int32 } from "@slicebook/base";
import { loadConfig } from "@slicebook/config";
import { decodeSafetensors } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { createCodec } from "@slicebook/model";
import { loadPreprocessing } from "@slicebook/runs/tensors";
import { modelParameters, openSession } from "@slicebook/session";
import { beforeAll, describe, expect, it } from "vitest";
import { execute } from "../../src/api/execute.ts";
import { readJsonFile, TINY, temporaryFolder } from "../helpers.ts";

/** What is used of ONNX Runtime, the engine's own copy. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string): Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      run(
        feeds: Record<string, unknown>,
      ): Promise<Record<string, { data: HostTensor["data"]; dims: readonly number[] }>>;
    }>;
  };
  readonly Tensor: new (type: string, data: HostTensor["data"], dims: readonly number[]) => unknown;
}

const ort: OnnxRuntime = createRequire(import.meta.resolve("@slicebook/engine"))("onnxruntime-node");

const place = temporaryFolder();
let run: string;
const overrides = () => [`run.root=${place.at("runs")}`, "model.hierarchy=2"];

beforeAll(async () => {
  const config = await place.write("tiny.yaml", TINY);
  run = place.at("runs", "tiny");
  await execute({ kind: "run", config, overrides: overrides(), stages: ["train"], resume: false });
});

/** Tensors through an exported graph, in the order of its inputs and outputs. */
async function throughGraph(path: string, tensors: readonly HostTensor[]): Promise<HostTensor[]> {
  const session = await ort.InferenceSession.create(path);
  const feeds = session.inputNames.map((name, index) => {
    const { dtype, data, shape } = tensors[index]!;
    return [name, new ort.Tensor(dtype, data, shape)];
  });
  const results = await session.run(Object.fromEntries(feeds));
  return session.outputNames.map((name): HostTensor => {
    const { data, dims } = results[name]!;
    return data instanceof Int32Array ? int32(data, dims) : float32(data, dims);
  });
}

/** Three test slices as the model takes them, and what the pipeline makes of them. */
async function expected() {
  const session = openSession(await loadConfig(place.at("tiny.yaml"), overrides()), run, {});
  const engine = await createEngine({ kind: "onnx" });
  try {
    const { model } = session;
    const images = (await session.dataset()).splits.test.images([0, 1, 2]);
    const preprocessing = await loadPreprocessing(session);
    const options = { model, preprocessing, batch: 3 };
    const parameters = await modelParameters(session);
    const codec = await createCodec(engine, parameters, options);
    const reconstructed = await codec.reconstruct(images);
    await codec.dispose();
    return { images: float32(images, [3, 32, 32, 1]), reconstructed, parameters, model };
  } finally {
    await engine.dispose();
    await session.dispose();
  }
}

describe("an exported model", () => {
  it.each([
    [false, 1e-4],
    [true, 2e-2],
  ])("reconstructs in ONNX Runtime as the pipeline does; half: %s", async (half, tolerance) => {
    const out = place.at(half ? "half" : "full");
    const { files } = await execute({ kind: "export", run, out, half });
    expect(files.map((file) => file.slice(file.indexOf(out) + out.length + 1))).toEqual([
      join("onnx", "encoder.onnx"),
      join("onnx", "decoder.onnx"),
      "weights.safetensors",
      "model.json",
    ]);
    const { images, reconstructed } = await expected();
    const codes = await throughGraph(join(out, "onnx", "encoder.onnx"), [images]);
    expect(codes.map(({ shape }) => shape)).toEqual(reconstructed.levels.map(({ shape }) => shape));
    if (!half) expect(codes.map(({ data }) => data)).toEqual(reconstructed.levels.map(({ data }) => data));
    // The same codes into the decoder, since in half precision some of a model of seconds' training differ.
    const [restored] = await throughGraph(join(out, "onnx", "decoder.onnx"), reconstructed.levels);
    expect(restored!.shape).toEqual([3, 32, 32, 1]);
    const largest = reconstructed.images.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = reconstructed.images.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - restored!.data[index]!)),
      0,
    );
    expect(error).toBeLessThan(tolerance * largest);
  });

  it("has its weights as safetensors too, and says how slices are prepared", async () => {
    const out = place.at("weights");
    await execute({ kind: "export", run, out, half: false });
    const { tensors, metadata } = decodeSafetensors(await readFile(join(out, "weights.safetensors")));
    const { parameters, model } = await expected();
    expect(tensors).toEqual(parameters);
    expect(JSON.parse(metadata.model!)).toEqual(model.config);
    expect(await readJsonFile(join(out, "model.json"))).toMatchObject({
      size: [32, 32],
      preprocessing: { name: "zscore" },
      half: false,
      encoder: { inputs: [{ dtype: "float32", shape: ["batch", 32, 32, 1] }] },
      decoder: {
        inputs: model.levels.map(({ rows, columns }) => ({
          dtype: "int32",
          shape: ["batch", rows, columns],
        })),
      },
    });
  });

  const python = process.env.SLICEBOOK_PYTHON ?? "/usr/bin/python3";
  const able = spawnSync(python, ["-c", "import numpy, onnxruntime"]).status === 0;

  it.skipIf(!able)(
    "reconstructs by the Python of docs/codebook.md (skipped where Python lacks numpy or onnxruntime)",
    async () => {
      const out = place.at("python");
      await execute({ kind: "export", run, out, half: false });
      const guide = await readFile(new URL("../../../../docs/codebook.md", import.meta.url), "utf8");
      const [, snippet] = /```python\n([\s\S]*?)```/.exec(guide)!;
      const { images, reconstructed } = await expected();
      const first = images.data.subarray(0, 32 * 32);
      const script = [
        "import json, sys",
        "pixels = json.load(sys.stdin)",
        snippet!.replace(/^pixels = .*$/m, "pixels = np.array(pixels, 'float32').reshape(32, 32)"),
        "print(json.dumps(restored.reshape(-1).tolist()))",
      ].join("\n");
      const { stdout, stderr } = spawnSync(python, ["-c", script], {
        cwd: out,
        input: JSON.stringify(Array.from(first)),
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      // Standardised already, the slice stays as it is but for rounding.
      const restored: number[] = JSON.parse(stdout);
      for (const [index, value] of restored.entries())
        expect(value).toBeCloseTo(reconstructed.images[index]!, 2);
    },
  );
});
