import { graphOutline } from "@slicebook/testing/graph-outline";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type Target, type TraceResult, trace } from "../src/index.ts";
import { cases, type KernelCase } from "./cases.ts";
import { differences, integers, numbers, traceFor } from "./run.ts";

/** Each is computed by ONNX Runtime's CPU provider; what is for a WebGPU card, by such a card in software as well. */
const runs = [
  ["webgpu", "cpu"],
  ["cuda", "cpu"],
  ["webgpu", "webgpu"],
] as const;

/** The gradient of a convolution over so many pixels that it is split into chunks: of parts of images, or of several. */
function large(
  [batch, height, width, channels]: readonly [number, number, number, number],
  filterShape: readonly [number, number, number, number],
  strides: number,
): KernelCase {
  const dy = [batch, Math.ceil(height / strides), Math.ceil(width / strides), filterShape[3]];
  return {
    inputs: { x: numbers([batch, height, width, channels]), dy: numbers(dy, { seed: 2 }) },
    attrs: { strides, pad: "same", dataFormat: "NHWC", filterShape },
  };
}

const gradients = [
  large([2, 24, 32, 5], [3, 3, 5, 3], 1),
  large([2, 24, 32, 70], [3, 3, 70, 3], 1),
  large([1, 25, 41, 2], [3, 3, 2, 4], 1),
  large([16, 16, 16, 1], [4, 4, 1, 6], 2),
];
const convolutions = [
  ...["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"].flatMap((kernel) =>
    cases[kernel]!.map((one) => ({ kernel, ...one })),
  ),
  ...gradients.map((one) => ({ kernel: "Conv2DBackpropFilter", ...one })),
];

/** All of them as one function: they share a session. */
function convolve(inputs: tf.NamedTensorMap[]): tf.Tensor[] {
  return convolutions.map(({ kernel, attrs = {} }, index) =>
    tf.engine().runKernel<tf.Tensor>(kernel, inputs[index]!, attrs as never),
  );
}

/** Sums of many numbers to few, products with many terms, and the first of equals. */
function gather({ x, a, b, ties }: Record<string, tf.Tensor>): tf.Tensor[] {
  return [
    tf.sum(x!),
    tf.mean(x!),
    tf.max(x!, [0, 1, 2]),
    tf.min(x!, [1, 2], true),
    tf.sum(tf.reshape(x!, [-1, 5]), 0),
    tf.matMul(a!, b!, true),
    tf.matMul(tf.transpose(a!), tf.transpose(b!), false, true),
    tf.argMin(ties!, 1),
    tf.argMax(ties!, 0),
  ];
}

describe.each(runs)("a graph for %s, run by %s,", (target, provider) => {
  const gaps = async (fn: unknown, args: readonly unknown[]): Promise<number[]> => {
    const traced = traceFor(fn as never, args as never, { target });
    return differences(fn as never, args as never, traced, provider);
  };

  it("convolves, and gives the gradients of convolutions, as TensorFlow.js's CPU backend does", async () => {
    const found = await gaps(convolve, [convolutions.map(({ inputs }) => inputs)]);
    const wrong = convolutions.flatMap(({ kernel, inputs, attrs }, index) => {
      const shapes = Object.values(inputs).map(({ shape }) => `[${shape}]`);
      return found[index]! < 5e-6 ? [] : [`${kernel}(${shapes}) ${JSON.stringify(attrs)}: ${found[index]}`];
    });
    expect(wrong).toEqual([]);
  });

  it("adds up as TensorFlow.js's CPU backend does", async () => {
    const found = await gaps(gather, [
      {
        x: numbers([3, 80, 60, 5], { low: 0 }),
        a: numbers([6144, 5]),
        b: numbers([6144, 3], { seed: 2 }),
        ties: integers([40, 30], 0, 3),
      },
    ]);
    expect(Math.max(...found)).toBeLessThan(5e-6);
  });
});

/** A convolution and a bias, their gradients, and a transposed convolution. */
function step(x: tf.Tensor4D, kernel: tf.Tensor4D, bias: tf.Tensor, up: tf.Tensor4D): tf.Tensor[] {
  const forward = (...[image, weights, offset, last]: tf.Tensor[]) => {
    const y = tf.relu(tf.add(tf.conv2d(image as tf.Tensor4D, weights as tf.Tensor4D, 1, "same"), offset!));
    return tf.sum(
      tf.square(tf.conv2dTranspose(y as tf.Tensor4D, last as tf.Tensor4D, [16, 64, 64, 1], 2, "same")),
    );
  };
  return tf.grads(forward)([x, kernel, bias, up]);
}

function traceStep(target?: Target): TraceResult {
  const shapes = [[16, 32, 32, 48], [3, 3, 48, 32], [32], [4, 4, 1, 32]];
  const specs = shapes.map((shape) => ({ shape, dtype: "float32" as const }));
  return trace(step as never, specs, target && { target });
}

it.each(["cpu", "webgpu", "cuda"] as const)(
  "gives a convolution's gradients the form for %s",
  async (target) => {
    await expect(graphOutline(traceStep(target))).toMatchFileSnapshot(`graphs/gradients-${target}.txt`);
  },
);

it("is for the CPU unless another target is named", () => {
  expect(traceStep().model).toEqual(traceStep("cpu").model);
});
