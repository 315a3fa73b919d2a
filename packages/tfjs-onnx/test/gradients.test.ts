import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { ConstantTensor } from "../src/index.ts";
import { examples } from "./functions.ts";
import { difference, numbers, runTraced, traceFor } from "./run.ts";

describe("gives the values and gradients that TensorFlow.js gives:", () => {
  it.each(Object.keys(examples))("%s", async (name) => {
    const { fn, args } = examples[name]!;
    expect(await difference(fn, args)).toBeLessThan(1e-5);
  });
});

// TensorFlow.js's own gradients leave half-pixel centres out: these are checked against the forward
// direction.
describe("resizes with half-pixel centres by a linear map and its adjoint:", () => {
  it.each([
    ["resizeBilinear", [7, 3]],
    ["resizeBilinear", [2, 10]],
    ["resizeNearestNeighbor", [7, 3]],
    ["resizeNearestNeighbor", [8, 10]],
  ] as const)("%s to %s", async (op, size) => {
    const [x, dy] = [numbers([2, 4, 5, 3]), numbers([2, ...size, 3], { seed: 2 })];
    const fn = (x: tf.Tensor4D, dy: tf.Tensor4D) => {
      const resize = (images: tf.Tensor) => tf.image[op](images as tf.Tensor4D, [...size], false, true);
      return [resize(x), tf.grad(resize)(x, dy)];
    };
    const [resized, gradient] = (await runTraced(traceFor(fn, [x, dy]), [x, dy])) as [
      ConstantTensor,
      ConstantTensor,
    ];
    expect(dot(resized.data, dy.data)).toBeCloseTo(dot(x.data, gradient.data), 4);
  });
});

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
