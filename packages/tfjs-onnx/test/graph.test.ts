import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type TensorSpec, type TraceResult, trace } from "../src/index.ts";
import { examples } from "./functions.ts";
import { countNodes, parse } from "./model.ts";
import { difference, numbers, traceFor } from "./run.ts";

const float = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });
const image = (x: tf.Tensor) => x as tf.Tensor4D;

describe("keeps the graph small:", () => {
  it("equal expressions are computed once", () => {
    const traced = trace((x) => tf.add(tf.mul(tf.exp(x), tf.exp(x)), tf.exp(x)), [float(4)]);
    expect(countNodes(traced)).toEqual({ Exp: 1, Mul: 1, Add: 1 });
  });

  it("what no result needs is left out", () => {
    const traced = trace((x, y) => [tf.exp(x), tf.log(tf.add(y, x))][0]!, [float(4), float(4)]);
    expect(countNodes(traced)).toEqual({ Exp: 1 });
  });

  it("adding nothing and multiplying by one are left out", () => {
    const fn = (x: tf.Tensor) =>
      tf.exp(tf.div(tf.sub(tf.mul(tf.add(x, 0), tf.onesLike(x)), tf.zerosLike(x)), 1));
    expect(countNodes(trace(fn, [float(4)]))).toEqual({ Exp: 1 });
  });

  it("large constants are not stored, and what only broadcasts stays a number", () => {
    const shape = [8, 64, 64, 16];
    const fn = (x: tf.Tensor) => [
      tf.mul(x, tf.fill(shape, 3)),
      tf.add(x, tf.ones(shape)),
      tf.maximum(tf.zerosLike(x), x),
      tf.zeros(shape),
    ];
    const traced = trace(fn, [float(...shape)]);
    expect(traced.model.length).toBeLessThan(1500);
    expect(countNodes(traced)).toEqual({ Mul: 1, Add: 1, Max: 1, ConstantOfShape: 1, Identity: 1 });
  });

  it("the gradient of a mean is a number until it meets a tensor", () => {
    const traced = trace((x) => tf.grad((y: tf.Tensor) => tf.mean(tf.square(y)))(x), [float(2, 3, 4, 5)]);
    expect(countNodes(traced)).toEqual({ Mul: 2 });
  });

  it("a product with a transposed matrix transposes as it reads", () => {
    const fn = (a: tf.Tensor, b: tf.Tensor) =>
      tf.matMul(tf.transpose(a) as tf.Tensor2D, b as tf.Tensor2D, false, true);
    expect(countNodes(trace(fn, [float(3, 4), float(5, 3)]))).toEqual({ Gemm: 1 });
  });

  it("a bias of a product is added as it is computed, unless the product itself is wanted", () => {
    const dense = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => tf.add(tf.matMul(x, w), b);
    expect(countNodes(trace(dense, [float(3, 4), float(4, 5), float(5)]))).toEqual({ Gemm: 1 });
    const both = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => [dense(x, w, b), tf.matMul(x, w)];
    expect(countNodes(trace(both, [float(3, 4), float(4, 5), float(5)]))).toEqual({ Gemm: 1, Add: 1 });
  });

  it("large images of one channel are broadcast without their last axis", async () => {
    const fn = (x: tf.Tensor, scale: tf.Tensor, rows: tf.Tensor) => [tf.mul(x, scale), tf.sub(x, rows)];
    const args = [numbers([2, 64, 64, 1]), numbers([]), numbers([64, 1, 1])];
    expect(countNodes(traceFor(fn, args))).toEqual({ Mul: 1, Sub: 1, Reshape: 4 });
    expect(await difference(fn, args)).toBeLessThan(1e-6);
  });

  it("models are a matter of kilobytes", () => {
    for (const { fn, args } of Object.values(examples))
      expect(traceFor(fn, args).model.length).toBeLessThan(60_000);
  });
});

/** The transposes between NHWC and NCHW. */
function activationTransposes(traced: TraceResult): number {
  return parse(traced).graph!.node.filter(({ opType, attribute }) => {
    const perm = attribute.find(({ name }) => name === "perm")?.ints.join();
    return opType === "Transpose" && (perm === "0,3,1,2" || perm === "0,2,3,1");
  }).length;
}

describe("changes the layout only at the ends of", () => {
  const kernels = [float(3, 3, 4, 4), float(3, 3, 4, 4), float(4)];
  const block = (x: tf.Tensor, first: tf.Tensor, second: tf.Tensor, bias: tf.Tensor) => {
    const inner = tf.relu(tf.add(tf.conv2d(image(x), image(first), 1, "same"), bias));
    return tf.add(x, tf.conv2d(image(inner), image(second), 1, "same"));
  };

  it("convolutions, biases and activations", () => {
    expect(activationTransposes(trace(block, [float(2, 8, 8, 4), ...kernels]))).toBe(2);
  });

  it("concatenations, parts, borders, sums, pools and reshapes of the spatial axes", () => {
    const fn = (x: tf.Tensor, first: tf.Tensor, second: tf.Tensor) => {
      const conv = tf.conv2d(image(x), image(first), 1, "same");
      const padded = tf.pad(tf.slice(conv, [0, 1, 0, 0], [-1, -1, -1, -1]), [
        [0, 0],
        [1, 0],
        [0, 0],
        [0, 0],
      ]);
      const [left, right] = tf.split(tf.concat([padded, conv], 3), 2, 3);
      const centred = tf.sub(left!, tf.mean(right!, [1, 2], true));
      const lines = tf.reshape(tf.exp(tf.reshape(centred, [2, 64, 4])), [2, 8, 8, 4]);
      return tf.maxPool(tf.conv2d(image(lines), image(second), 1, "same"), 2, 2, "valid");
    };
    expect(activationTransposes(trace(fn, [float(2, 8, 8, 4), ...kernels.slice(0, 2)]))).toBe(2);
  });

  it("nothing, where there is one channel", () => {
    const fn = (x: tf.Tensor, down: tf.Tensor, up: tf.Tensor) => {
      const y = tf.relu(tf.conv2d(image(x), image(down), 2, "same"));
      return tf.conv2dTranspose(y, image(up), [2, 8, 8, 1], 2, "same");
    };
    expect(activationTransposes(trace(fn, [float(2, 8, 8, 1), float(4, 4, 1, 4), float(4, 4, 1, 4)]))).toBe(
      0,
    );
  });

  it("gradients, but for the runs of channels that filter gradients slide over", () => {
    const fn = (x: tf.Tensor, ...weights: tf.Tensor[]) =>
      tf.grads((...w: tf.Tensor[]) =>
        tf.mean(tf.square(block(block(x, w[0]!, w[1]!, w[2]!), w[3]!, w[4]!, w[2]!))),
      )(weights);
    const traced = trace(fn, [float(2, 8, 8, 4), ...kernels, ...kernels.slice(0, 2)]);
    const filters = 4;
    expect(activationTransposes(traced)).toBe(1 + filters - 1);
  });
});

describe("ends where operands are in two different orders:", () => {
  it.each([
    ["a sum", (x: tf.Tensor, y: tf.Tensor) => tf.add(x, y)],
    ["a concatenation", (x: tf.Tensor, y: tf.Tensor) => tf.concat([x, y], 3)],
  ])("%s", async (_, join) => {
    const fn = (x: tf.Tensor, y: tf.Tensor) =>
      join(tf.transpose(x, [0, 2, 3, 1]), tf.transpose(y, [0, 3, 1, 2]));
    expect(await difference(fn, [numbers([2, 3, 4, 5]), numbers([2, 5, 3, 4], { seed: 2 })])).toBe(0);
  });
});

it("gives a convolution its bias, and its activation's gradient the rectified value", () => {
  const fn = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) =>
    tf.grad((y: tf.Tensor) => tf.sum(tf.relu(tf.add(tf.conv2d(image(y), image(kernel), 1, "same"), bias))))(
      x,
    );
  const { node } = parse(trace(fn, [float(1, 4, 4, 2), float(3, 3, 2, 3), float(3)])).graph!;
  expect(node.filter(({ opType }) => opType === "Add")).toEqual([]);
  const forward = node.find(({ opType, input }) => opType === "Conv" && input.length === 3);
  const readers = node.filter(({ input }) => input.includes(forward?.output[0] ?? ""));
  expect(readers.map(({ opType }) => opType)).toEqual(["Relu"]);
});
