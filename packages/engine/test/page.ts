// What the page of browser.test.ts runs: steps of gradient descent on each engine of a page.
import "@tensorflow/tfjs-layers";
import { float32, type HostTensors } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { type BrowserEngineKind, createEngine } from "../src/browser.ts";

export function descend(carry: Record<string, tf.Tensor>, { x, y }: { x: tf.Tensor2D; y: tf.Tensor2D }) {
  const loss = (w: tf.Tensor) =>
    tf.mean(tf.squaredDifference(tf.matMul(x, w as tf.Tensor2D), y)) as tf.Scalar;
  const { value, grads } = tf.valueAndGrads(loss)([carry.w!]);
  return [{ w: tf.sub(carry.w!, tf.mul(grads[0]!, 0.1)) }, { loss: value }] as [
    Record<string, tf.Tensor>,
    Record<string, tf.Tensor>,
  ];
}

export const start: HostTensors = { w: float32([0, 0], [2, 1]) };
export const data = { x: float32([1, 0, 0, 1, 1, 1], [3, 2]), y: float32([2, -1, 1], [3, 1]) };
export const signature = {
  x: { shape: [3, 2], dtype: "float32" as const },
  y: { shape: [3, 1], dtype: "float32" as const },
};

async function train(kind: BrowserEngineKind) {
  const engine = await createEngine({ kind, wasmPath: "/wasm/" });
  const loop = await engine.loop(descend, start, signature);
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) losses.push((await loop.next(data)).loss!.data[0]!);
  const { w } = await loop.read();
  await loop.dispose();
  return { description: engine.description, losses, w: Array.from(w!.data) };
}

Object.assign(globalThis, { train });
