import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Structure, type TensorSpec, type TracedOutput, TraceError, trace } from "../src/index.ts";
import { examples } from "./functions.ts";
import { numbers, runTraced, traceFor } from "./run.ts";

const vector: TensorSpec = { shape: [3], dtype: "float32" };

let tensorsBefore = 0;
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.getBackend()).toBe("cpu");
  expect(tf.memory().numTensors).toBe(tensorsBefore);
  expect(tf.engine().state.scopeStack.length).toBe(0);
  // TensorFlow.js works as before.
  expect(Array.from(tf.tidy(() => tf.add([1, 2], 3).dataSync()))).toEqual([4, 5]);
});

function failure(
  fn: (...args: tf.Tensor[]) => unknown,
  signature: readonly TensorSpec[] = [vector],
): TraceError {
  try {
    trace(fn as (...args: Structure<tf.Tensor>[]) => tf.Tensor, signature);
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error("the function was traced");
}

describe("names", () => {
  it("inputs by their path in the arguments, and leaves out those that nothing depends on", () => {
    const traced = trace(
      ({ layers, rate }) => tf.mul(tf.add(layers[1]!, layers[0]!), rate),
      [{ layers: [vector, vector], rate: { shape: [], dtype: "float32" }, idle: vector }, vector],
    );
    expect(traced.inputs.map(({ name }) => name)).toEqual(["0.layers.0", "0.layers.1", "0.rate"]);
    expect(traced.inputs[2]!.spec).toEqual({ shape: [], dtype: "float32" });
    expect(traced.unusedInputs.map(({ name }) => name)).toEqual(["0.idle", "1"]);
    expect(traced.output).toEqual({ kind: "output", name: "output", spec: vector });
  });

  it("outputs by their path in the result: equal tensors once, and arguments as what they are", () => {
    const traced = trace(
      (x, y) => ({ sum: tf.add(x, y), list: [y, tf.add(x, y), tf.cast(tf.greater(x, 0), "int32")] }),
      [vector, vector],
    );
    const sum: TracedOutput = { kind: "output", name: "output.sum", spec: vector };
    const sign: TracedOutput = {
      kind: "output",
      name: "output.list.2",
      spec: { shape: [3], dtype: "int32" },
    };
    expect(traced.output).toEqual({ sum, list: [{ kind: "input", name: "1", spec: vector }, sum, sign] });
    expect(traced.outputs.map(({ name }) => name)).toEqual(["output.sum", "output.list.2"]);
  });
});

it("gives the same bytes for the same function", () => {
  for (const { fn, args } of Object.values(examples)) {
    expect(traceFor(fn, args).model).toEqual(traceFor(fn, args).model);
  }
});

it("takes tensors made inside or captured as constants, and leaves the latter where they are", async () => {
  const captured = tf.tensor1d([1, 2, 3]);
  const x = numbers([3]);
  const traced = traceFor((x: tf.Tensor) => tf.add(tf.mul(x, captured), tf.tensor1d([5, 6, 7])), [x]);
  expect(await runTraced(traced, [x])).toMatchObject({
    data: x.data.map((item, index) => Math.fround(item * (index + 1)) + index + 5),
  });
  expect(Array.from(captured.dataSync())).toEqual([1, 2, 3]);
  captured.dispose();
});

it("returns constants and captured tensors too", async () => {
  const traced = traceFor(() => [tf.tensor1d([1, 2]), tf.zeros([2, 2]), tf.scalar(3)], []);
  expect(await runTraced(traced, [])).toMatchObject([
    { data: Float32Array.of(1, 2) },
    { data: new Float32Array(4), shape: [2, 2] },
    { data: Float32Array.of(3), shape: [] },
  ]);
});

it("holds parameters in the model, in place of its first argument", async () => {
  const traced = trace(
    (parameters, x) => tf.add(tf.mul(parameters.scale!, x), parameters.offset!),
    [vector],
    {
      parameters: {
        scale: { ...numbers([3]), data: Float32Array.of(1, 2, 3) },
        offset: numbers([], { low: 1, high: 1 }),
      },
    },
  );
  expect(traced.inputs.map(({ name }) => name)).toEqual(["0"]);
  const x = { ...numbers([3]), data: Float32Array.of(1, 1, 2) };
  expect(await runTraced(traced, [x])).toMatchObject({ data: Float32Array.of(2, 3, 7) });
});

it("works inside of tf.tidy()", () => {
  tf.tidy(() => {
    expect(trace((x) => tf.tidy(() => tf.exp(x)), [vector]).outputs).toHaveLength(1);
  });
});

describe("refuses", () => {
  it.each([
    ["tf.randomUniform", (x: tf.Tensor) => tf.add(x, tf.randomUniform([3]))],
    ["tf.randomNormal", (x: tf.Tensor) => tf.add(x, tf.randomNormal([3]))],
    ["tf.truncatedNormal", (x: tf.Tensor) => tf.add(x, tf.truncatedNormal([3]))],
    ["tf.randomUniform (in tf.dropout)", (x: tf.Tensor) => tf.dropout(x, 0.5)],
    ["tf.multinomial", (x: tf.Tensor) => tf.multinomial(x as tf.Tensor1D, 1)],
  ])("%s, which would be frozen", (name, fn) => {
    const error = failure(fn);
    expect(error.code).toBe("TRACE_RANDOM_OP");
    expect(error.message).toContain(`${name} in "traced" draws random numbers`);
    expect(error.remedy).toContain("pass them in as an argument");
  });

  it("random ops inside of a gradient", () => {
    const fn = (x: tf.Tensor) => tf.grad((y) => tf.sum(tf.mul(tf.square(y), tf.dropout(y, 0.5))))(x);
    expect(failure(fn).code).toBe("TRACE_RANDOM_OP");
  });

  it("dropout only where it drops", () => {
    expect(trace((x) => tf.dropout(x, 0), [vector]).output).toMatchObject({ kind: "input" });
  });

  it.each([
    ["dataSync()", (x: tf.Tensor) => tf.scalar(x.dataSync()[0]!)],
    ["arraySync()", (x: tf.Tensor) => tf.tensor(x.arraySync())],
    [
      "data()",
      (x: tf.Tensor) => {
        void x.data();
        return x;
      },
    ],
    ["await data()", async (x: tf.Tensor) => tf.tensor1d(await x.data())],
  ])("%s on a traced value", (_, fn) => {
    const error = failure(fn);
    expect(error.code).toBe("TRACE_VALUE_READ");
    expect(error.message).toContain("reads the values of a traced tensor");
  });

  it("kernels that it does not know, by kernel, op and function", () => {
    function running(x: tf.Tensor) {
      return tf.cumprod(x);
    }
    const error = failure(running);
    expect(error.code).toBe("TRACE_UNKNOWN_KERNEL");
    expect(error.message).toMatch(
      /^tf\.cumprod in "running" needs the kernel Cumprod, which has no ONNX form at .*trace\.test\.ts:\d+:\d+$/,
    );
  });

  it("known kernels whose options it cannot record", () => {
    const fn = (x: tf.Tensor) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, tf.ones([2, 2, 1, 1]), 1, "valid", "NCHW");
    const error = failure(fn, [{ shape: [1, 1, 4, 4], dtype: "float32" }]);
    expect(error.code).toBe("TRACE_UNSUPPORTED");
    expect(error.message).toContain('tf.depthwiseConv2d in "fn"');
  });

  it("assigning a variable", () => {
    const variable = tf.variable(tf.tensor1d([1, 2, 3]), true, "traced-variable");
    const before = tf.memory().numTensors;
    const fn = (x: tf.Tensor) => {
      variable.assign(tf.add(variable, x) as tf.Tensor1D);
      return x;
    };
    expect(failure(fn).code).toBe("TRACE_VARIABLE_ASSIGNED");
    expect(tf.memory().numTensors).toBe(before);
    expect(Array.from(variable.dataSync())).toEqual([1, 2, 3]);
    variable.dispose();
    tf.disposeVariables();
    tensorsBefore = tf.memory().numTensors;
  });

  it("asynchronous functions", () => {
    expect(failure(async (x) => tf.exp(x)).code).toBe("TRACE_ASYNC_FUNCTION");
  });

  it("tracing inside of a traced function", () => {
    const error = failure((x) => {
      trace((y) => tf.exp(y), [vector]);
      return x;
    });
    expect(error.code).toBe("TRACE_NESTED");
  });

  it("results that are not tensors, by their path", () => {
    const error = failure((x) => ({ loss: [tf.exp(x), 3] }));
    expect(error.code).toBe("TRACE_RESULT");
    expect(error.message).toContain('at "loss.1": found a number');
  });

  it("signatures that are none", () => {
    const error = failure((x) => x, [{ shape: [2], dtype: "float64" } as unknown as TensorSpec]);
    expect(error.code).toBe("TRACE_SIGNATURE");
    const twice = () => trace((x) => x as never, [{ "a.b": vector, a: { b: vector } }]);
    expect(twice).toThrow('two inputs named "0.a.b"');
  });

  it("text", () => {
    expect(failure(() => tf.tensor(["a"])).code).toBe("TRACE_UNSUPPORTED");
  });
});

it("passes on the errors of TensorFlow.js and of the function, and tidies up after them", () => {
  expect(() => trace((x) => tf.reshape(x, [4]), [vector])).toThrow("Size(3)");
  const thrown = new Error("mine");
  expect(() =>
    trace(
      (x) =>
        tf.tidy(() =>
          tf.grad((y) => {
            tf.square(y);
            throw thrown;
          })(x),
        ),
      [vector],
    ),
  ).toThrow(thrown);
});
