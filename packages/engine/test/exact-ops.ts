// What is computed exactly in Node and in a page: the ops of priors' samplers, of numbers that are alike on both sides.
import { crc32, float32, int32, random } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { createExactEngine } from "../src/exact/exact.ts";

const draws = random(11, "exact");
const drawn = (shape: readonly number[]) =>
  float32(
    Float32Array.from(
      { length: shape.reduce((product, side) => product * side, 1) },
      () => 4 * draws.uniform() - 2,
    ),
    shape,
  );

export const inputs = {
  image: drawn([2, 5, 6, 3]),
  matrix: drawn([3, 8]),
  kernel: drawn([3, 2, 3, 8]),
  indices: int32([2, 0, 1, 1], [4]),
};
export const specs = Object.fromEntries(
  Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
);

type Inputs = Readonly<Record<keyof typeof inputs, tf.Tensor>>;

export function samplerOps({ image, matrix, kernel, indices }: Inputs) {
  const rows = tf.reshape(image, [60, 3]);
  const product = tf.matMul(rows as tf.Tensor2D, matrix as tf.Tensor2D);
  const heads = tf.transpose(tf.reshape(image, [2, 5, 3, 6]), [0, 2, 1, 3]);
  const scores = tf.matMul(heads, heads, false, true);
  const padded = tf.pad(image, [
    [0, 0],
    [2, 0],
    [1, 1],
    [0, 0],
  ]) as tf.Tensor4D;
  const turned = tf.transpose(tf.add(matrix, tf.sum(image)));
  const [content, opening] = tf.split(product, 2, -1) as [tf.Tensor, tf.Tensor];
  return {
    product,
    scores,
    shares: tf.softmax(tf.mul(scores, 3)),
    againstRows: tf.matMul(product as tf.Tensor2D, turned as tf.Tensor2D),
    convolution: tf.conv2d(padded, kernel as tf.Tensor4D, 1, "valid"),
    strided: tf.add(tf.conv2d(padded, kernel as tf.Tensor4D, 2, "same"), tf.slice(product, [0, 0], [1, 8])),
    gated: tf.mul(tf.tanh(content), tf.sigmoid(opening)),
    normalised: tf.mul(image, tf.rsqrt(tf.add(tf.mean(tf.square(image), -1, true), 1e-5))),
    exponent: tf.exp(product),
    means: tf.mean(image, [1, 2]),
    most: tf.sub(tf.max(image, 2), tf.min(image, 2)),
    taken: tf.gather(tf.transpose(matrix), tf.add(indices, indices) as tf.Tensor1D),
    remainder: tf.mod(tf.sub(tf.cast(indices, "float32"), 1), 2),
    chosen: tf.where(tf.greater(content, opening), tf.relu(content), tf.div(opening, 3)),
    joined: tf.concat([image, tf.slice(image, [0, 1, 0, 0], [2, 2, 6, 3])], 1),
    stacked: tf.stack(tf.unstack(image, 2), 1),
    unchanged: image,
  };
}

/** The checksum of all bits that the exact engine gives for each of these ops. */
export async function exactChecksums(): Promise<Record<string, number>> {
  const compiled = await createExactEngine().compile(samplerOps, [specs]);
  const found = await compiled.run(inputs);
  return Object.fromEntries(
    Object.entries(found).map(([name, { data }]) => [
      name,
      crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ]),
  );
}
