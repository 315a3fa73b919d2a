import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { kernelNames, trace } from "../src/index.ts";
import "./run.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it("lists in the readme the kernels there are", () => {
  const table = readme.split("<!-- kernels -->")[1]!.split("<!-- /kernels -->")[0]!;
  const listed = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(listed.sort()).toEqual(kernelNames);
});

it("does what the readme's example says", () => {
  const loss = (w: tf.Tensor, x: tf.Tensor, y: tf.Tensor) =>
    tf.mean(tf.squaredDifference(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), y));
  function step({ w }: { w: tf.Tensor }, { x, y }: { x: tf.Tensor; y: tf.Tensor }) {
    const { value, grads } = tf.valueAndGrads((w: tf.Tensor) => loss(w, x, y))([w]);
    return [{ w: tf.sub(w, tf.mul(0.1, grads[0]!)) }, { loss: value }] as const;
  }
  const { inputs, output } = trace(step, [
    { w: { shape: [4, 2], dtype: "float32" } },
    {
      x: { shape: [8, 4], dtype: "float32" },
      y: { shape: [8, 2], dtype: "float32" },
    },
  ]);
  expect(inputs.map(({ name }) => name)).toEqual(["0.w", "1.x", "1.y"]);
  expect(output).toMatchObject([{ w: { name: "output.0.w" } }, { loss: { name: "output.1.loss" } }]);
});
