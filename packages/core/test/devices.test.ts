import { float32, type HostTensors, random } from "@slicebook/base";
import { createEngine, type EngineOptions } from "@slicebook/engine";
import { expect, it } from "vitest";
import { vqvae, vqvaeSchema } from "../src/index.ts";
import { expectClose } from "./support.ts";

const shape = { batch: 2, size: [16, 8] } as const;
const STEPS = 20;
const config = vqvaeSchema.parse({
  loss: { ssim: 0 },
  preset: "small",
  width: 8,
  residualBlocks: 0,
  codes: 8,
  codeDimension: 3,
  warmupSteps: 1,
  quantizer: { kind: "ema", decay: 0.9 },
  optimizer: { learningRate: 2e-3 },
});
const model = vqvae.bind(config, shape.size);

async function train(options: EngineOptions): Promise<{ carry: HostTensors; losses: Float32Array }> {
  const engine = await createEngine(options);
  // Codes are in use from the first step on, as they are for most of a run.
  const loop = await engine.loop(
    model.trainStep({ dataVariance: 1 }),
    { ...model.initialCarry(0), step: float32([config.warmupSteps], []) },
    model.stepInputs(shape.batch),
  );
  const losses = new Float32Array(STEPS);
  for (let step = 0; step < STEPS; step++) {
    const images = float32(random(0, "images", step).normals(2 * 16 * 8), [2, 16, 8, 1]);
    const noise = model.stepNoise({ seed: 0, step, batch: shape.batch });
    const { loss } = await loop.next({ images, progress: float32([step / STEPS], []), ...noise });
    losses[step] = loss!.data[0]!;
  }
  const carry = await loop.read();
  await loop.dispose();
  await engine.dispose();
  return { carry, losses };
}

it("takes the same twenty steps on every engine and device: each loss, weight, moment and code", async () => {
  const expected = await train({ kind: "cpu" });
  expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0]!);
  const others: EngineOptions[] = [
    { kind: "onnx", device: "cpu" },
    { kind: "onnx", device: "webgpu" },
    { kind: "webgpu" },
  ];
  for (const options of others) {
    const found = await train(options);
    const name = `${options.kind} on ${options.device ?? "its usual device"}`;
    expectClose(found.losses, expected.losses, 1e-3, `losses of ${name}`);
    expect(Object.keys(found.carry)).toEqual(Object.keys(expected.carry));
    for (const [key, tensor] of Object.entries(expected.carry)) {
      expectClose(found.carry[key]!.data, tensor.data, 1e-3, `${key} of ${name}`);
    }
  }
  // A graphics card in software compiles a step's hundred programs in ten seconds.
}, 600_000);
