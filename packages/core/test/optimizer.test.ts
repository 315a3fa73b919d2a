import { float32 } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  adam,
  clipByGlobalNorm,
  initialTraining,
  optimizerDefaults,
  scheduledRate,
  trainedWeights,
  trainingUpdate,
} from "../src/index.ts";
import { expectClose, load, read, values } from "./support.ts";

describe("adam", () => {
  it("takes the steps that PyTorch 1.13 takes", () => {
    // torch.optim.Adam([w], lr=0.1) with w = [1, −2, 0.5] and the gradients below, in float64.
    const gradients = [
      [0.1, -0.2, 0],
      [0.3, 0.1, -1e-4],
      [-0.2, 0.4, 2],
    ];
    const expected = [
      [0.90000001, -1.900000005, 0.5],
      [0.808221902, -1.873366303, 0.574403163],
      [0.782431523, -1.91909948, 0.510524678],
    ];
    let weights: Record<string, tf.Tensor> = { w: tf.tensor1d([1, -2, 0.5]) };
    let moments: Record<"first" | "second", Record<string, tf.Tensor>> = {
      first: { w: tf.zeros([3]) },
      second: { w: tf.zeros([3]) },
    };
    gradients.forEach((gradient, step) => {
      const learningRate = tf.scalar(0.1);
      const updated = adam(weights, { w: tf.tensor1d(gradient) }, moments, {
        learningRate,
        step: tf.scalar(step),
      });
      ({ weights, ...moments } = updated);
      expectClose(values(weights.w!), expected[step]!, 1e-5);
    });
  });
});

describe("clipByGlobalNorm", () => {
  const gradients = { a: tf.tensor1d([3, 0]), b: tf.tensor2d([[4]]) };
  it.each([
    [1, 1 / 5],
    [10, 1],
    [0, 1],
  ])("limits the norm over all tensors: %d", (limit, scale) => {
    const clipped = clipByGlobalNorm(gradients, limit);
    expectClose(values(clipped.norm), [5]);
    expectClose(values(clipped.gradients.a!), [3 * scale, 0]);
    expectClose(values(clipped.gradients.b!), [4 * scale]);
  });
});

describe("scheduledRate", () => {
  const rate = (step: number, progress: number, options: object = {}) =>
    values(
      scheduledRate(tf.scalar(step), tf.scalar(progress), {
        ...optimizerDefaults,
        learningRate: 2,
        warmupSteps: 4,
        ...options,
      }),
    )[0];

  it("rises over the first steps, then falls as a cosine", () => {
    expect(rate(0, 0)).toBeCloseTo(0.5);
    expect(rate(3, 0)).toBeCloseTo(2);
    expect(rate(100, 0.5)).toBeCloseTo(1);
    expect(rate(100, 1)).toBeCloseTo(0);
    expect(rate(100, 1, { finalFraction: 0.1 })).toBeCloseTo(0.2);
    expect(rate(100, 0, { finalFraction: 0.1 })).toBeCloseTo(2);
    expect(rate(100, 0.7, { schedule: "constant" })).toBeCloseTo(2);
    expect(rate(0, 0, { warmupSteps: 0 })).toBeCloseTo(2);
  });
});

describe("trainingUpdate", () => {
  it("averages the weights, at first over few steps", () => {
    const start = initialTraining({ w: float32([0], [1]) });
    const options = { ...optimizerDefaults, averageDecay: 0.5, warmupSteps: 0, clipNorm: 0 };
    let carry = load(start);
    const weights: number[] = [];
    for (let step = 0; step < 6; step++) {
      carry = trainingUpdate(carry, { w: tf.tensor1d([-1]) }, tf.scalar(0), options).carry;
      weights.push(values(carry["weights.w"]!)[0]!);
    }
    const average = weights.reduce((mean, weight, step) => {
      const decay = Math.min(0.5, (1 + step) / (10 + step));
      return decay * mean + (1 - decay) * weight;
    }, 0);
    expectClose(trainedWeights(read(carry), { average: true }).w!.data, [average]);
    expectClose(trainedWeights(read(carry), { average: false }).w!.data, [weights[5]!]);
    expect(values(carry.step!)).toEqual([6]);
  });

  it("has no average with a decay of 0", () => {
    const options = { ...optimizerDefaults, averageDecay: 0 };
    const carry = load(initialTraining({ w: float32([1], [1]) }));
    const updated = read(trainingUpdate(carry, { w: tf.tensor1d([1]) }, tf.scalar(0), options).carry);
    expect(updated["average.w"]).toEqual(updated["weights.w"]);
  });
});
