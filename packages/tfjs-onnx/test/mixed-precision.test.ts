import { graphOutline } from "@slicebook/testing/graph-outline";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { Target, TraceResult } from "../src/index.ts";
import type { ConstantTensor } from "../src/spec.ts";
import { differences, numbers, runTraced, traceFor } from "./run.ts";

/** A small network with what stands between its products, a loss, and the gradients of all of it. */
function step(x: tf.Tensor4D, weights: tf.NamedTensorMap): tf.Tensor[] {
  const names = Object.keys(weights);
  const forward = (...tensors: tf.Tensor[]) => {
    const { down, bias, up, dense } = Object.fromEntries(names.map((name, index) => [name, tensors[index]!]));
    const y = tf.relu(tf.add<tf.Tensor4D>(tf.conv2d(x, down as tf.Tensor4D, 2, "same"), bias!));
    const flat = tf.reshape(y, [-1, 6]) as tf.Tensor2D;
    const gate = tf.sigmoid(tf.matMul(flat, dense as tf.Tensor2D));
    const gated = tf.reshape<tf.Rank.R4>(tf.mul(flat, gate), [2, 4, 4, 6]);
    const sum = tf.add(gated, y) as tf.Tensor4D;
    const images = tf.conv2dTranspose(sum, up as tf.Tensor4D, [2, 8, 8, 1], 2, "same");
    return tf.tidy("float32", () => {
      const filtered = tf.matMul(tf.reshape(tf.sub(images, x), [-1, 8]), tf.ones([8, 3]));
      return tf.mean(tf.square(filtered)) as tf.Scalar;
    });
  };
  const { value, grads } = tf.valueAndGrads(forward)(Object.values(weights));
  return [value, ...grads];
}

const x = numbers([2, 8, 8, 1]);
const weights = {
  down: numbers([4, 4, 1, 6], { seed: 2 }),
  bias: numbers([6], { seed: 3 }),
  up: numbers([4, 4, 1, 6], { seed: 4 }),
  dense: numbers([6, 6], { seed: 5 }),
};

const traceStep = (target: Target): TraceResult =>
  traceFor(step as never, [x, weights], { target, float16: "products" });

describe("products in half precision", () => {
  it.each(["cpu", "webgpu", "cuda"] as const)(
    "come to float32's values and gradients, for %s",
    async (target) => {
      const found = await differences(step as never, [x, weights], traceStep(target));
      // Eleven binary digits. Of the graphs for cards, ONNX Runtime's CPU provider leaves out most of the rounding.
      expect(Math.max(...found)).toBeLessThan(2e-3);
      if (target === "cpu") expect(Math.min(...found)).toBeGreaterThan(1e-5);
    },
  );

  it.each(["webgpu", "cuda"] as const)(
    "take float16, but not in the scope float32, for %s",
    async (target) => {
      const traced = traceStep(target);
      await expect(graphOutline(traced)).toMatchFileSnapshot(`graphs/mixed-${target}.txt`);
      const products = traced.nodes.filter(({ op }) => ["Conv", "Gemm", "MatMul"].includes(op));
      const exempt = products.filter(({ inputs }) => inputs.some((input) => input?.type === "float32"));
      // What is in the scope, and its gradient.
      expect(exempt.map(({ inputs }) => inputs[1]!.shape)).toEqual([
        [8, 3],
        [8, 3],
      ]);
      expect(products.length).toBeGreaterThan(8);
    },
  );
});

it("does not change a graph without products", () => {
  const fn = (a: tf.Tensor) => tf.logSoftmax(tf.mul(a, 2));
  const a = numbers([3, 4]);
  expect(traceFor(fn as never, [a], { float16: "products" }).model).toEqual(traceFor(fn as never, [a]).model);
});

it("keeps in float32 what half precision cannot hold", async () => {
  const fn = (a: tf.Tensor2D) => tf.softmax(tf.add(tf.matMul(a, a), tf.tensor2d([0, -1e9, 0, 0], [2, 2])));
  const a = numbers([2, 2]);
  const traced = traceFor(fn as never, [a], { float16: "products" });
  const { data } = (await runTraced(traced, [a])) as ConstantTensor;
  expect(data[1]).toBe(0);
  expect([...data].every(Number.isFinite)).toBe(true);
});

it("holds parameters in each precision that they are used in", async () => {
  const fn = ({ w }: tf.NamedTensorMap, a: tf.Tensor2D) => [tf.matMul(a, w as tf.Tensor2D), tf.exp(w!)];
  const [w, a] = [numbers([3, 3], { seed: 2 }), numbers([2, 3])];
  const traced = traceFor(((a: tf.Tensor2D) => fn({ w: tf.tensor2d(w.data, [3, 3]) }, a)) as never, [a], {
    float16: "products",
  });
  const [product, exponential] = (await runTraced(traced, [a])) as ConstantTensor[];
  const exact = [0, 1, 2].map((k) => a.data[k]! * w.data[3 * k]!).reduce((sum, term) => sum + term);
  expect(product!.data[0]).toBeCloseTo(exact, 2);
  expect(exponential!.data[0]).toBeCloseTo(Math.exp(w.data[0]!), 6);
});
