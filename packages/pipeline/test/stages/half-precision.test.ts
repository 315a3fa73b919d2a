import { readFile } from "node:fs/promises";
import { float32, type HostTensors } from "@slicebook/base";
import { ssim, toUnitRange, vqvae, vqvaeSchema } from "@slicebook/core";
import { drawPhantom } from "@slicebook/datasets";
import { createEngine, type Engine } from "@slicebook/engine";
import { createHalfEngine } from "@slicebook/engine/testing";
import { loadCheckpoint, type TrainingState } from "@slicebook/runs/tensors";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstScale, nextScale } from "../../src/stages/loss-scale.ts";
import { type Trainee, train } from "../../src/stages/training.ts";
import { temporaryFolder } from "../helpers.ts";

const side = 32;
const pixels = side * side;
const batch = 8;
/** Slices to train on, and others to measure by. */
const [learned, held] = [64, 32];
const images = standardised(learned + held);
const model = vqvae.bind(
  vqvaeSchema.parse({ width: 8, residualBlocks: 1, codes: 64, codeDimension: 4, warmupSteps: 40 }),
  [side, side],
);

let half: Engine;
let single: Engine;
const place = temporaryFolder();

beforeAll(async () => {
  half = await createHalfEngine();
  single = await createEngine({ kind: "onnx", threads: 1 });
});

afterAll(() => Promise.all([half.dispose(), single.dispose()]));

/** Heads of phantoms, at mean 0 and variance 1. */
function standardised(count: number): Float32Array {
  const slices = Array.from({ length: count }, (_, slice) => {
    const options = { anatomy: "head", size: [side, side], seed: 0, slice } as const;
    return drawPhantom({
      ...options,
      subject: `subject${slice % 16}`,
      position: ((slice * 37) % count) / count,
    }).values;
  });
  const values = Float32Array.from(slices.flatMap((slice) => [...slice]));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (value - mean) / deviation);
}

/** Trains on the first slices; the score is the mean SSIM of the others. */
function trainee(engine: Engine, seed: number): Trainee {
  let active = false;
  return {
    name: "train",
    step: model.trainStep({ dataVariance: 1 }),
    initialCarry: () => model.initialCarry(seed),
    signature: model.stepInputs(batch),
    items: learned,
    inputs: (items, step) => ({
      images: float32(
        Float32Array.from(
          [...items].flatMap((item) => [...images.subarray(item * pixels, (item + 1) * pixels)]),
        ),
        [batch, side, side, 1],
      ),
      ...model.stepNoise({ seed, step, batch }),
    }),
    beforeStep: async (at, loop) => {
      if (active || !model.codesDue(at)) return undefined;
      active = true;
      const carry = await loop.read();
      return model.withCodebook(carry, await encodings(carry), { seed });
    },
    validate: async (carry) => {
      const score = await similarity(carry);
      return { metrics: {}, score };
    },
  };

  async function encodings(carry: HostTensors) {
    const parameters = model.parameters(carry, { average: false });
    const compiled = await engine.compile(model.features, [model.imageSpec(learned)], { parameters });
    const found = await compiled.run(float32(images.subarray(0, learned * pixels), [learned, side, side, 1]));
    await compiled.dispose();
    return found;
  }

  async function similarity(carry: HostTensors): Promise<number> {
    const parameters = model.parameters(carry, { average: true });
    const compiled = await engine.compile(model.reconstruct, [model.imageSpec(held)], { parameters });
    const others = images.subarray(learned * pixels);
    const found = await compiled.run(float32(others, [held, side, side, 1]));
    await compiled.dispose();
    const each = Array.from({ length: held }, (_, slice) => {
      const part = (values: ArrayLike<number>) =>
        Float32Array.from(values).subarray(slice * pixels, (slice + 1) * pixels);
      const { original, reconstruction } = toUnitRange(part(others), part(found.images.data));
      return ssim(original, reconstruction, { height: side, width: side });
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  }
}

interface Training {
  readonly name: string;
  readonly engine: Engine;
  readonly steps: number;
  readonly seed?: number;
  /** The scale of the loss that it starts with, if it is another. */
  readonly factor?: number;
}

function trained({ name, engine, steps, seed = 0, factor }: Training): Promise<TrainingState> {
  return train(trainee(engine, seed), {
    engine,
    schedule: {
      minutes: null,
      epochs: null,
      steps,
      batch,
      validateEvery: 1000,
      patience: null,
      checkpointSeconds: 1000,
    },
    seed,
    inputs: "",
    from: factor === undefined ? undefined : { carry: model.initialCarry(0), state: scaledBy(factor) },
    files: {
      last: place.at(`${name}.last`),
      best: place.at(`${name}.best`),
      metrics: place.at(`${name}.jsonl`),
      events: place.at(`${name}.events`),
    },
    unit: "images",
    onEvent: () => undefined,
    signal: undefined,
  });
}

function scaledBy(factor: number): TrainingState {
  return {
    schema: 1,
    inputs: "",
    step: 0,
    seconds: 0,
    validationSeconds: 0,
    validatedAt: 0,
    rows: 0,
    sums: { count: 0, of: {} },
    best: null,
    sinceBest: 0,
    finished: false,
    lossScale: { ...firstScale, factor },
  };
}

it("comes to float32's SSIM with the same steps", async () => {
  const gaps: number[] = [];
  for (const seed of [0, 1, 2]) {
    const expected = await trained({ name: `single${seed}`, engine: single, steps: 150, seed });
    const found = await trained({ name: `half${seed}`, engine: half, steps: 150, seed });
    expect(expected.best!.score).toBeGreaterThan(0.7);
    expect(found.lossScale).toMatchObject({ factor: 2 ** 16, skipped: 0 });
    gaps.push(found.best!.score - expected.best!.score);
  }
  // Each training by itself comes out up to 0.002 higher or lower for any change, be it of 1e-6 of its first weights.
  expect(Math.abs(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length)).toBeLessThan(0.003);
}, 200_000);

it("leaves out steps that overflow, halves the scale, and counts them", async () => {
  const { lossScale } = await trained({ name: "overflowing", engine: half, steps: 16, factor: 2 ** 30 });
  const { factor, skipped } = lossScale!;
  expect(skipped).toBeGreaterThan(3);
  expect(factor).toBe(2 ** (30 - skipped));
  const checkpoint = await loadCheckpoint(place.at("overflowing.last"));
  expect(checkpoint?.carry.step?.data[0]).toBe(16 - skipped);
  expect(checkpoint?.state.lossScale).toEqual(lossScale);
  const rows = (await readFile(place.at("overflowing.jsonl"), "utf8")).trim().split("\n");
  expect(JSON.parse(rows.at(-1)!).train).toMatchObject({ lossScale: factor, skippedSteps: skipped });
});

it("goes on in float32 from a checkpoint in half precision", async () => {
  const { step } = await trained({ name: "another", engine: single, steps: 2, factor: 2 ** 30 });
  expect(step).toBe(2);
});

it("stops after many steps without effect", async () => {
  await expect(trained({ name: "stuck", engine: half, steps: 40, factor: 2 ** 80 })).rejects.toMatchObject({
    code: "TRAINING_DIVERGED",
    message: expect.stringMatching(/step 20 .*after 20 steps in a row that overflowed.*the gradients/),
    remedy: expect.stringContaining("engine.precision"),
  });
});

it("tries twice the scale after 2,000 steps without overflow", () => {
  let scale = nextScale(firstScale, true);
  for (let step = 0; step < 1999; step++) scale = nextScale(scale, false);
  expect(scale).toEqual({ factor: 2 ** 15, since: 1999, inARow: 0, skipped: 1 });
  expect(nextScale(scale, false)).toEqual({ factor: 2 ** 16, since: 0, inARow: 0, skipped: 1 });
});
