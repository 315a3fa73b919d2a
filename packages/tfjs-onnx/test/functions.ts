import * as tf from "@tensorflow/tfjs-core";
import type { ConstantTensor, Structure } from "../src/index.ts";
import { bools, integers, numbers } from "./run.ts";

type Tensors = Record<string, tf.Tensor>;
type Named<Name extends string> = Readonly<Record<Name, tf.Tensor>>;

export interface Example {
  readonly fn: (...args: never[]) => Structure<tf.Tensor>;
  readonly args: readonly Structure<ConstantTensor>[];
}

/** The loss and its gradients with respect to every parameter. */
function withGradients<Name extends string>(
  parameters: Named<Name>,
  loss: (parameters: Named<Name>) => tf.Tensor,
) {
  const names = Object.keys(parameters) as Name[];
  const inOrder = (...tensors: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, index) => [name, tensors[index]])) as Named<Name>);
  const { value, grads } = tf.valueAndGrads(inOrder)(names.map((name) => parameters[name]));
  return { value, gradients: Object.fromEntries(names.map((name, index) => [name, grads[index]!])) };
}

const image = (x: tf.Tensor) => x as tf.Tensor4D;

function stopGradient(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((...inputs) => ({
    value: (inputs[0] as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x);
}

/** For each vector [n, d] the nearest code's place as a one-hot row [n, k], without a gradient. */
function nearestCode(vectors: tf.Tensor, codes: tf.Tensor): tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [x, c] = inputs as [tf.Tensor2D, tf.Tensor2D];
    const distances = tf.sub(tf.sum(tf.square(c), 1), tf.mul(2, tf.matMul(x, c, false, true)));
    const value = tf.cast(tf.oneHot(tf.cast(tf.argMin(distances, 1), "int32"), c.shape[0]), "float32");
    return { value, gradFunc: () => [tf.zeros(vectors.shape), tf.zeros(codes.shape)] };
  })(vectors, codes);
}

/** A residual auto-encoder with a codebook between its halves, and a step of Adam. */
function codebookStep(
  { rate, ...rest }: Named<"rate"> & Tensors,
  { images }: Named<"images">,
): Structure<tf.Tensor> {
  const part = (prefix: string): Tensors =>
    Object.fromEntries(
      Object.keys(rest)
        .filter((name) => name.startsWith(prefix))
        .map((name) => [name.slice(prefix.length), rest[name]!]),
    );
  const [weights, firsts, seconds] = [part("w."), part("m."), part("v.")];
  type Weight = "down" | "downBias" | "inner" | "outer" | "codes" | "up" | "upBias";
  const { value, gradients } = withGradients(weights as Named<Weight>, (w) => {
    const stem = tf.relu(tf.add(tf.conv2d(image(images), image(w.down), 2, "same"), w.downBias));
    const inner = tf.relu(tf.conv2d(image(tf.relu(stem)), image(w.inner), 1, "same"));
    const x = tf.add(stem, tf.conv2d(image(inner), image(w.outer), 1, "same"));
    const vectors = tf.reshape(x, [-1, w.codes.shape[1] as number]);
    const places = nearestCode(vectors, w.codes);
    const nearest = tf.reshape(tf.matMul(places as tf.Tensor2D, w.codes as tf.Tensor2D), x.shape);
    const passed = tf.add(x, stopGradient(tf.sub(nearest, x)));
    const decoded = tf.add(
      tf.conv2dTranspose(
        image(passed),
        image(w.up),
        images.shape as [number, number, number, number],
        2,
        "same",
      ),
      w.upBias,
    );
    const commitment = tf.mean(tf.squaredDifference(x, stopGradient(nearest)));
    const codebook = tf.mean(tf.squaredDifference(stopGradient(x), nearest));
    return tf.add(tf.mean(tf.squaredDifference(decoded, images)), tf.add(codebook, tf.mul(0.25, commitment)));
  });
  const updated: Tensors = {};
  for (const [name, gradient] of Object.entries(gradients)) {
    const first = tf.add(tf.mul(firsts[name]!, 0.9), tf.mul(gradient, 0.1));
    const second = tf.add(tf.mul(seconds[name]!, 0.999), tf.mul(tf.square(gradient), 0.001));
    updated[`w.${name}`] = tf.sub(weights[name]!, tf.div(tf.mul(rate, first), tf.add(tf.sqrt(second), 1e-3)));
    updated[`m.${name}`] = first;
    updated[`v.${name}`] = second;
  }
  return [{ ...updated, rate }, { loss: value }];
}

function codebookCarry(): Record<string, ConstantTensor> {
  const shapes = {
    down: [4, 4, 1, 8],
    downBias: [8],
    inner: [3, 3, 8, 4],
    outer: [1, 1, 4, 8],
    codes: [12, 8],
    up: [4, 4, 1, 8],
    upBias: [1],
  };
  const carry: Record<string, ConstantTensor> = { rate: numbers([], { low: 0.01, high: 0.02 }) };
  Object.entries(shapes).forEach(([name, shape], index) => {
    carry[`w.${name}`] = numbers(shape, { seed: index, low: -0.5, high: 0.5 });
    carry[`m.${name}`] = numbers(shape, { seed: index + 10, low: -0.1, high: 0.1 });
    carry[`v.${name}`] = numbers(shape, { seed: index + 20, low: 0, high: 0.1 });
  });
  return carry;
}

/** Gated convolutions over a grid of codes, shifted by padding, and the likelihood of the codes. */
function gatedLoss(parameters: Named<"embedding" | "vertical" | "bias" | "out">, { codes }: Named<"codes">) {
  return withGradients(parameters, (w) => {
    let x = tf.gather(w.embedding, codes as tf.Tensor3D) as tf.Tensor4D;
    const padded = tf.pad(x, [
      [0, 0],
      [2, 0],
      [1, 1],
      [0, 0],
    ]);
    const shifted = tf.slice(padded, [0, 0, 0, 0], [-1, x.shape[1] + 1, -1, -1]);
    const stack = tf.conv2d(image(shifted), image(w.vertical), 1, "valid");
    const [left, right] = tf.split(tf.add(stack, w.bias), 2, 3);
    x = tf.mul(tf.tanh(left!), tf.sigmoid(right!)) as tf.Tensor4D;
    const both = tf.concat([tf.elu(x), tf.elu(tf.neg(x))], 3);
    const logits = tf.conv2d(image(both), image(w.out), 1, "same");
    const logProbabilities = tf.logSoftmax(logits, 3);
    const picked = tf.sum(tf.mul(logProbabilities, tf.oneHot(codes as tf.Tensor3D, logits.shape[3])), 3);
    return tf.neg(tf.mean(picked));
  });
}

/** Whole functions, gradients included: what the kernels are for. */
export const examples: Readonly<Record<string, Example>> = {
  "a training step of an auto-encoder with a codebook": {
    fn: codebookStep,
    args: [codebookCarry(), { images: numbers([2, 8, 12, 1]) }],
  },
  "the loss of a gated convolution over codes": {
    fn: gatedLoss,
    args: [
      {
        embedding: numbers([6, 5], { seed: 1 }),
        vertical: numbers([2, 3, 5, 8], { seed: 2 }),
        bias: numbers([8], { seed: 3 }),
        out: numbers([1, 1, 8, 6], { seed: 4 }),
      },
      { codes: integers([2, 5, 4], 0, 6) },
    ],
  },
  "a classifier with pooling, normalisation and a dense layer": {
    fn: (parameters: Named<"kernel" | "offset" | "scale" | "dense">, x: tf.Tensor) =>
      withGradients(parameters, (w) => {
        const conv = tf.leakyRelu(tf.conv2d(image(x), image(w.kernel), 1, "same"), 0.1);
        const { mean, variance } = tf.moments(conv, [0, 1, 2]);
        const normal = tf.batchNorm(
          image(conv),
          ...([mean, variance, w.offset, w.scale] as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D]),
        );
        const pooled = tf.avgPool(tf.maxPool(normal, 2, 2, "valid"), 3, 2, "same");
        const flat = tf.reshape(pooled, [x.shape[0], -1]);
        const hidden = tf.softmax(tf.matMul(flat as tf.Tensor2D, w.dense as tf.Tensor2D));
        return tf.neg(tf.mean(tf.log(tf.add(tf.max(hidden, 1), 1e-6))));
      }),
    args: [
      {
        kernel: numbers([3, 3, 2, 4]),
        offset: numbers([4], { seed: 2 }),
        scale: numbers([4], { seed: 5 }),
        dense: numbers([16, 3], { seed: 3 }),
      },
      numbers([3, 8, 8, 2], { seed: 4 }),
    ],
  },
  "blocks of pixels to channels and back": {
    fn: (parameters: Named<"kernel">, x: tf.Tensor) =>
      withGradients(parameters, (w) => {
        const [batch, height, width] = image(x).shape;
        const split = tf.reshape(x, [batch, height / 2, 2, width / 2, 2, 1]);
        const blocks = tf.reshape(tf.transpose(split, [0, 1, 3, 2, 4, 5]), [batch, height / 2, width / 2, 4]);
        const y = tf.relu(tf.conv2d(image(blocks), image(w.kernel), 1, "same"));
        const parted = tf.reshape(y, [batch, height / 2, width / 2, 2, 2, 1]);
        const back = tf.reshape(tf.transpose(parted, [0, 1, 3, 2, 4, 5]), [batch, height, width, 1]);
        return tf.mean(tf.abs(tf.sub(back, x)));
      }),
    args: [{ kernel: numbers([3, 3, 4, 4]) }, numbers([2, 6, 8, 1], { seed: 2 })],
  },
  "element-wise functions and their gradients": {
    fn: (parameters: Named<"a" | "b">, condition: tf.Tensor) =>
      withGradients(parameters, ({ a, b }) => {
        const parts = [
          tf.pow(tf.abs(a), b),
          tf.maximum(a, tf.minimum(b, 0.3)),
          tf.where(condition, tf.exp(a), tf.square(b)),
          tf.clipByValue(tf.div(a, tf.add(tf.abs(b), 1)), -0.2, 0.4),
          tf.sqrt(tf.add(tf.abs(a), 0.1)),
          tf.rsqrt(tf.add(tf.square(a), 1)),
          tf.selu(a),
          tf.softplus(b),
          tf.log1p(tf.square(a)),
          tf.cumsum(a, 1),
          tf.tile(tf.mean(a, 0, true), [3, 1]),
          tf.prelu(a, b),
          tf.reverse(a, 1),
          tf.stack(tf.unstack(a, 1).reverse(), 1),
        ];
        return tf.sum(tf.addN(parts.map((part) => tf.mul(part, part))));
      }),
    args: [{ a: numbers([3, 4]), b: numbers([3, 4], { seed: 2, low: 0.2, high: 2 }) }, bools([3, 4])],
  },
  "depthwise and strided convolutions": {
    fn: (parameters: Named<"depthwise" | "pointwise">, x: tf.Tensor) =>
      withGradients(parameters, (w) => {
        const y = tf.depthwiseConv2d(image(x), image(w.depthwise), 2, "same");
        const z = tf.conv2d(y, image(w.pointwise), [2, 2], "valid");
        return tf.sum(tf.square(z));
      }),
    args: [
      { depthwise: numbers([3, 3, 2, 2]), pointwise: numbers([2, 2, 4, 3], { seed: 2 }) },
      numbers([2, 9, 10, 2], { seed: 3 }),
    ],
  },
  "resized images": {
    fn: (parameters: Named<"x">) =>
      withGradients(parameters, ({ x }) =>
        tf.add(
          tf.sum(tf.square(tf.image.resizeNearestNeighbor(image(x), [8, 8]))),
          tf.sum(tf.square(tf.image.resizeBilinear(image(x), [6, 6], true))),
        ),
      ),
    args: [{ x: numbers([1, 4, 4, 3]) }],
  },
};
