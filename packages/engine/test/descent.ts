// In Node, tfjs-core registers no gradients; tfjs-layers does.
import "@tensorflow/tfjs-layers";
import { float32, type HostTensors } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";

/** Least squares by gradient descent with momentum: a carry, an input, a gradient. */
export function descend(carry: Record<string, tf.Tensor>, { x, y }: { x: tf.Tensor2D; y: tf.Tensor2D }) {
  const loss = (w: tf.Tensor) =>
    tf.mean(tf.squaredDifference(tf.matMul(x, w as tf.Tensor2D), y)) as tf.Scalar;
  const { value, grads } = tf.valueAndGrads(loss)([carry.w!]);
  const velocity = tf.add(tf.mul(carry.velocity!, 0.9), grads[0]!);
  const next = {
    w: tf.sub(carry.w!, tf.mul(velocity, 0.1)),
    velocity,
    step: tf.add(carry.step!, 1),
    fixed: carry.fixed!,
  };
  return [next, { loss: value, step: next.step }] as [Record<string, tf.Tensor>, Record<string, tf.Tensor>];
}

export const start = (): HostTensors => ({
  w: float32([0, 0], [2, 1]),
  velocity: float32([0, 0], [2, 1]),
  step: float32([0], []),
  fixed: float32([7], [1]),
});
export const data = { x: float32([1, 0, 0, 1, 1, 1], [3, 2]), y: float32([2, -1, 1], [3, 1]) };
export const dataSpecs = {
  x: { shape: [3, 2], dtype: "float32" },
  y: { shape: [3, 1], dtype: "float32" },
} as const;
