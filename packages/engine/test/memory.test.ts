import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import "@tensorflow/tfjs-layers";
import { float32 } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { createEngine } from "../src/index.ts";

const SIDE = 128;
const MEBIBYTE = 2 ** 20;

it("keeps resident memory flat over a thousand steps", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const step = (carry: Record<string, tf.Tensor>, { x }: { x: tf.Tensor }) => {
    const w = tf.add(tf.mul(carry.w!, 0.9), x);
    return [{ w }, { copy: tf.sqrt(tf.abs(w)) }] as [Record<string, tf.Tensor>, Record<string, tf.Tensor>];
  };
  const zeros = () => float32(new Float32Array(SIDE * SIDE), [SIDE, SIDE]);
  const signature = { x: { shape: [SIDE, SIDE], dtype: "float32" as const } };
  const engine = await createEngine({ kind: "onnx", threads: 1 });
  const loop = await engine.loop(step, { w: zeros() }, signature);
  const residentAfter = async (steps: number) => {
    for (let count = 0; count < steps; count++) await loop.next({ x: zeros() });
    collect();
    return process.memoryUsage.rss() / MEBIBYTE;
  };
  const before = await residentAfter(200);
  const after = await residentAfter(1000);
  await loop.dispose();
  await engine.dispose();
  // A step's carry, input and metrics are 64 KiB each: one of them kept would be 62 MiB by now.
  expect(after - before).toBeLessThan(24);
}, 60_000);
