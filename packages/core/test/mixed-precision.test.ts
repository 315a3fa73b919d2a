import { float32, type HostTensors, random } from "@slicebook/base";
import { createEngine, type Engine } from "@slicebook/engine";
import { createHalfEngine } from "@slicebook/engine/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lossScaleInputs, type VqvaeConfig, vqvae, vqvaeSchema, withLossScale } from "../src/index.ts";

const size = [32, 32] as const;
const batch = 4;

let half: Engine;
let single: Engine;

beforeAll(async () => {
  half = await createHalfEngine();
  single = await createEngine({ kind: "onnx", threads: 1 });
});

afterAll(() => Promise.all([half.dispose(), single.dispose()]));

/** Takes one step with codes in use; gives the carry before and after it, and its metrics. */
async function takeStep(engine: Engine, config: VqvaeConfig, lossScale: number) {
  const model = vqvae.bind(config, size);
  const before = model.withCodebook(model.initialCarry(0), encodings(model.levels.length, config), {
    seed: 0,
  });
  const step = withLossScale(model.trainStep({ dataVariance: 1 }));
  const signature = { ...model.stepInputs(batch), ...lossScaleInputs };
  const loop = await engine.loop(step, before, signature, { mixedPrecision: true });
  const images = float32(random(1, "images").normals(batch * 32 * 32), [batch, ...size, 1]);
  const noise = model.stepNoise({ seed: 0, step: 0, batch });
  const metrics = await loop.next({
    images,
    ...noise,
    progress: float32([0.5], []),
    lossScale: float32([lossScale], []),
  });
  const after = await loop.read();
  await loop.dispose();
  return { before, after, metrics };
}

const encodings = (grids: number, { codeDimension }: VqvaeConfig) =>
  Array.from({ length: grids }, (_, grid) =>
    float32(random(grid, "encodings").normals(64 * codeDimension), [64, codeDimension]),
  );

/** The distance of two lists of numbers, relative to the length of the second. */
function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const length = (values: number[]) => Math.hypot(...values);
  const list = Array.from(expected);
  return length(list.map((value, index) => found[index]! - value)) / (length(list) + 1e-12);
}

/** The largest distance of what two steps left in their carries, but for weights, which Adam's first step moves by signs. */
function largestGap(found: HostTensors, expected: HostTensors): number {
  const names = Object.keys(expected).filter((name) => /^(adam|quantizer)\./.test(name));
  return Math.max(...names.map((name) => distance(found[name]!.data, expected[name]!.data)));
}

describe.each(["reference", "patch"] as const)("a training step of %s in mixed precision", (preset) => {
  const config = vqvaeSchema.parse({ preset, width: 16, codes: 16, codeDimension: 4 });

  it("has float32's loss, gradients and code statistics, as long as its loss is scaled", async () => {
    const expected = await takeStep(single, config, 1);
    const found = await takeStep(half, config, 2 ** 16);
    expect(distance(found.metrics.loss!.data, expected.metrics.loss!.data)).toBeLessThan(1e-4);
    expect(largestGap(found.after, expected.after)).toBeLessThan(0.06);
    // Small gradients vanish in half precision.
    const vanished = await takeStep(half, config, 2 ** -12);
    expect(largestGap(vanished.after, expected.after)).toBeGreaterThan(0.5);
  });

  it("changes nothing where its gradients overflow", async () => {
    const { before, after, metrics } = await takeStep(half, config, 2 ** 40);
    expect(metrics.gradientNorm!.data[0]).not.toSatisfy(Number.isFinite);
    expect(after).toEqual(before);
  });
});

it("needs a step that tells the norm of its gradients, by which overflows are known", () => {
  const step = withLossScale((carry) => [{ ...carry }, {}]);
  expect(() => step({}, {})).toThrow(
    expect.objectContaining({ code: "PRIOR_INVALID", remedy: expect.stringContaining("engine.precision") }),
  );
});
