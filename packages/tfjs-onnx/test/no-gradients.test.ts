import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { TraceError, trace } from "../src/index.ts";

// Without the layers, which register the gradients in Node.
it.each([
  ["tf.grad", (x: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(tf.square(y)))(x)],
  ["tf.valueAndGrads", (x: tf.Tensor) => tf.valueAndGrads((y: tf.Tensor) => tf.mean(y))([x]).grads[0]!],
])("says which line to add where no gradients are registered: %s", (_, fn) => {
  const error = (() => {
    try {
      return trace(fn, [{ shape: [2], dtype: "float32" }], { name: "step" });
    } catch (error) {
      return error;
    }
  })() as TraceError;
  expect(error).toBeInstanceOf(TraceError);
  expect(error.code).toBe("TRACE_NO_GRADIENT");
  expect(error.message).toMatch(
    /^"step": .*gradient function not found for \w+.* at .*no-gradients\.test\.ts:\d+:\d+$/,
  );
  expect(error.remedy).toContain('import "@tensorflow/tfjs-layers";');
});
