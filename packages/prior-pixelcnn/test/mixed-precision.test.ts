import { float32, type HostTensor, int32 } from "@slicebook/base";
import { lossScaleInputs, stepInputs, withLossScale } from "@slicebook/core";
import { createEngine, type Engine } from "@slicebook/engine";
import { createHalfEngine } from "@slicebook/engine/testing";
import { expect, it } from "vitest";
import { pixelcnn } from "../src/index.ts";
import { codeSpace, randomCodes, smallConfig } from "./helpers.ts";

const space = { codes: 32, rows: 8, columns: 8, classes: 2 };
const batch = 4;
const prior = pixelcnn.bind(smallConfig({ hidden: 16, dropout: 0.1 }), codeSpace(space));
const part = prior.parts[0]!;

/** Takes one step; gives what it left, and its metrics. */
async function takeStep(engine: Engine, lossScale: number) {
  const signature = { ...stepInputs(prior, part, batch), ...lossScaleInputs };
  const loop = await engine.loop(withLossScale(part.trainStep), part.initialCarry(0), signature, {
    mixedPrecision: true,
  });
  const metrics = await loop.next({
    "codes.0": randomCodes(space, batch),
    labels: int32([0, 1, 1, 0], [batch]),
    progress: float32([0.5], []),
    lossScale: float32([lossScale], []),
    ...part.stepNoise({ seed: 0, step: 0, batch }),
  });
  const carry = await loop.read();
  await loop.dispose();
  return { carry, metrics };
}

/** The distance of two tensors, relative to the length of the second. */
function distance(found: HostTensor, expected: HostTensor): number {
  const gaps = Array.from(expected.data, (value, index) => found.data[index]! - value);
  return Math.hypot(...gaps) / (Math.hypot(...expected.data) + 1e-12);
}

it("has the loss and the gradients of float32 in half precision", async () => {
  const [half, single] = [await createHalfEngine(), await createEngine({ kind: "onnx", threads: 1 })];
  const [found, expected] = [await takeStep(half, 2 ** 16), await takeStep(single, 1)];
  expect(distance(found.metrics.loss!, expected.metrics.loss!)).toBeLessThan(1e-4);
  const gap = (name: string) => distance(found.carry[name]!, expected.carry[name]!);
  // Behind the last ReLU there is only rounding; before it, a few of 256 × 10 units are on the other side of zero.
  expect(gap("adam.first.head.wanted.kernel")).toBeLessThan(3e-3);
  expect(gap("adam.first.head.wanted.kernel")).toBeGreaterThan(1e-5);
  const moments = Object.keys(expected.carry).filter((name) => name.startsWith("adam.first."));
  expect(Math.max(...moments.map(gap))).toBeLessThan(0.15);
  await Promise.all([half.dispose(), single.dispose()]);
});

it("changes nothing where gradients overflow in half precision", async () => {
  const half = await createHalfEngine();
  const { carry, metrics } = await takeStep(half, 2 ** 40);
  expect(metrics.gradientNorm!.data[0]).not.toSatisfy(Number.isFinite);
  expect(carry).toEqual(part.initialCarry(0));
  await half.dispose();
});
