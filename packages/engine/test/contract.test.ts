import {
  type CompileOptions,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  sizeOf,
} from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createEngine,
  type Device,
  ENGINE_DEVICES,
  ENGINE_KINDS,
  type Engine,
  type EngineKind,
} from "../src/index.ts";
import { createHalfEngine } from "../src/testing.ts";
import { data, dataSpecs, descend, start } from "./descent.ts";
import { OPTIONAL_ENGINES } from "./optional-engines.ts";

const spec = (shape: number[], dtype: "float32" | "int32" = "float32") => ({ shape, dtype });
const values = (tensor: unknown) => [...(tensor as HostTensor).data];

const ramp = (shape: number[]) =>
  float32(
    Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(3 * at + 1)),
    shape,
  );
const opInputs = [ramp([2, 4, 6, 3]), ramp([3, 5]), int32([2, 0, 5, 1], [4])] as const;
const opSpecs = opInputs.map(({ shape, dtype }) => spec([...shape], dtype as "float32" | "int32"));

/** The ops of autoencoders and priors: an image, a matrix, and indices of which one is out of the range of 5. */
function modelOps(image: tf.Tensor4D, matrix: tf.Tensor2D, indices: tf.Tensor1D) {
  const rows = tf.reshape(image, [48, 3]);
  const logits = tf.matMul(rows as tf.Tensor2D, matrix);
  const heads = tf.transpose(tf.reshape(image, [2, 8, 3, 3]), [0, 2, 1, 3]);
  const scores = tf.matMul(heads, heads, false, true);
  const hidden = tf.mul(tf.cast(tf.greater(tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 7]), 4), "float32"), -1e9);
  const kernel = tf.reshape(tf.concat([matrix, matrix, matrix], 0), [3, 1, 3, 5]) as tf.Tensor4D;
  const square = tf.reshape(tf.tile(matrix, [16, 1]), [4, 4, 3, 5]) as tf.Tensor4D;
  const padded = tf.pad(image, [
    [0, 0],
    [2, 0],
    [1, 3],
    [0, 0],
  ]) as tf.Tensor4D;
  return {
    oneHot: tf.oneHot(indices, 5, 1, 0, "float32"),
    oneHotOfOtherValues: tf.oneHot(indices, 5, 0.25, -1.5, "float32"),
    oneHotOfIntegers: tf.oneHot(indices, 5, 7, 3),
    logSoftmax: tf.logSoftmax(logits),
    crossEntropy: tf.sum(
      tf.mul(tf.logSoftmax(tf.gather(logits, indices)), tf.oneHot(indices, 5, 1, 0, "float32")),
      -1,
    ),
    hits: tf.cast(tf.equal(tf.argMax(logits, -1), tf.argMax(tf.neg(logits), -1)), "int32"),
    hidden: tf.softmax(tf.add(scores, hidden)),
    padded,
    convolution: tf.conv2d(padded, kernel, 1, "valid"),
    strided: tf.conv2d(image, square, 2, "same"),
    pointwise: tf.conv2d(image, tf.reshape(matrix, [1, 1, 3, 5]) as tf.Tensor4D, 1, "valid"),
    upsampled: tf.image.resizeNearestNeighbor(image, [8, 12]),
    rearranged: tf.transpose(tf.reshape(image, [2, 2, 2, 3, 2, 3]), [0, 1, 3, 2, 4, 5]),
    means: tf.mean(tf.reshape(image, [2, 4, 3, 2, 3]), 3),
    sums: tf.sum(image, [1, 2]),
    gated: tf.mul(...(tf.split(tf.tanh(tf.reshape(image, [2, 4, 3, 6])), 2, -1) as [tf.Tensor, tf.Tensor])),
    sigmoid: tf.sigmoid(image),
    squared: tf.squaredDifference(rows, tf.mean(rows, 0)),
    part: tf.slice(image, [0, 1, 2, 0], [-1, 2, 3, -1]),
    chosen: tf.where(tf.less(indices, 2), indices, tf.neg(indices)),
    remainder: tf.mod(tf.sub(tf.cast(indices, "float32"), 1), 2),
    rounded: tf.round(tf.mul(image, 5)),
  };
}

/** Every engine on every device; WebGPU runs on every machine, on a graphics card in software if there is no other. */
const engines = await Promise.all(
  ENGINE_KINDS.flatMap((kind) =>
    ENGINE_DEVICES[kind].map(async (device) => ({ kind, device, absent: await whyAbsent(kind, device) })),
  ),
);

/** Why one of the optional engines is not here; undefined if it is, and of engines that must be. */
async function whyAbsent(kind: EngineKind, device: Device): Promise<string | undefined> {
  if (!OPTIONAL_ENGINES.includes(`${kind}/${device}`)) return undefined;
  return createEngine({ kind, device }).then(
    (engine) => engine.dispose().then(() => undefined),
    (error: Error) => error.message,
  );
}

it.skip.each(engines.filter(({ absent }) => absent !== undefined))(
  "the engine $kind on $device: $absent",
  () => undefined,
);

describe.each(engines.filter(({ absent }) => absent === undefined))(
  "the engine $kind on $device",
  ({ kind, device }) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ kind, device, threads: 1 });
    });
    afterAll(() => engine.dispose());

    it("says what it is", () => {
      expect(engine).toMatchObject({ kind, device, threads: 1, precision: "float32" });
      expect(engine.description).toMatch(
        /^(ONNX Runtime|tfjs) \d+\.\d+.*(CPU.*1 thread|TensorFlow by .+|CUDA|WebGPU on .+)$/,
      );
    });

    it("runs a function of nested structures and gives its structure back", async () => {
      const fn = ({ a, list }: { a: tf.Tensor; list: tf.Tensor[] }, index: tf.Tensor1D) => ({
        sum: tf.add(a, list[0]!),
        rest: [tf.gather(a, index), tf.argMax(a)],
        same: a,
      });
      const compiled = await engine.compile(fn, [{ a: spec([3]), list: [spec([3])] }, spec([2], "int32")]);
      const run = () =>
        compiled.run({ a: float32([1, 5, 3], [3]), list: [float32([1, 1, 2], [3])] }, int32([2, 0], [2]));
      for (let repeat = 0; repeat < 2; repeat++) {
        const { sum, rest, same } = (await run()) as {
          sum: HostTensor;
          rest: HostTensor[];
          same: HostTensor;
        };
        expect(values(sum)).toEqual([2, 6, 5]);
        expect(values(rest[0])).toEqual([3, 1]);
        expect(rest[1]).toMatchObject({ dtype: "int32", shape: [] });
        expect(values(rest[1])).toEqual([1]);
        expect(values(same)).toEqual([1, 5, 3]);
      }
      await compiled.dispose();
    });

    it("runs a function that only hands its arguments through", async () => {
      const compiled = await engine.compile((x: tf.Tensor) => [x], [spec([2])]);
      const [same] = (await compiled.run(float32([4, 5], [2]))) as HostTensor[];
      expect(values(same)).toEqual([4, 5]);
      await compiled.dispose();
    });

    it("computes every op that models are made of as tfjs's own CPU backend does", async () => {
      const compiled = await engine.compile(modelOps, opSpecs);
      const found = (await compiled.run(...opInputs)) as Record<string, HostTensor>;
      await compiled.dispose();
      const reference = await createEngine({ kind: "cpu" });
      const expected = await reference.compile(modelOps, opSpecs);
      for (const [name, tensor] of Object.entries(await expected.run(...opInputs))) {
        const { dtype, shape } = tensor as HostTensor;
        expect(found[name], name).toMatchObject({ dtype, shape });
        const furthest = values(tensor).reduce(
          (most, value, index) => Math.max(most, Math.abs(value - values(found[name])[index]!)),
          0,
        );
        expect(furthest, name).toBeLessThan(1e-5);
      }
      await expected.dispose();
    });

    it("adds more tensors at once than a graphics card binds", async () => {
      const count = 23;
      const compiled = await engine.compile(
        (list: tf.Tensor[]) => tf.addN(list),
        [Array.from({ length: count }, () => spec([2]))],
      );
      const list = Array.from({ length: count }, (_, index) => float32([index, 1], [2]));
      expect(values(await compiled.run(list))).toEqual([(count * (count - 1)) / 2, count]);
      await compiled.dispose();
    });

    it("passes fixed parameters first", async () => {
      const fn = (parameters: Record<string, tf.Tensor>, x: tf.Tensor) => tf.mul(parameters.scale!, x);
      const compiled = await engine.compile(fn, [spec([2])], { parameters: { scale: float32([3], [1]) } });
      expect(values(await compiled.run(float32([1, 2], [2])))).toEqual([3, 6]);
      expect(values(await compiled.run(float32([5, 0], [2])))).toEqual([15, 0]);
      await compiled.dispose();
    });

    it("takes the steps that tfjs's own CPU backend takes, and hands out copies of the carry or takes another", async () => {
      const reference = await (await createEngine({ kind: "cpu" })).loop(descend, start(), dataSpecs);
      const loop = await engine.loop(descend, start(), dataSpecs);
      const losses: number[] = [];
      for (let step = 0; step < 10; step++) {
        await reference.next(data);
        losses.push(values((await loop.next(data)).loss)[0]!);
      }
      expect(losses[0]).toBeCloseTo(2, 6);
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
      const expected = await reference.read();
      await reference.dispose();
      const after = await loop.read();
      expect(Object.keys(after)).toEqual(Object.keys(expected));
      for (const [name, tensor] of Object.entries(expected)) {
        values(tensor).forEach((value, at) => {
          expect(values(after[name])[at], name).toBeCloseTo(value, 5);
        });
      }
      const [w] = values(after.w);
      after.w!.data.fill(99);
      expect(values((await loop.read()).w)[0]).toBe(w);
      await loop.replace(start());
      expect(values((await loop.next(data)).loss)[0]).toBe(losses[0]);
      expect(values((await loop.next(data)).loss)[0]).toBe(losses[1]);
      await loop.dispose();
    });

    it("takes calls that are made at once in turn, whatever becomes of one, and each with its tensors of then", async () => {
      const add = (c: Record<string, tf.Tensor>, { x }: { x: tf.Tensor }) =>
        [{ total: tf.add(tf.mul(c.total!, 2), x) }, { tripled: tf.mul(c.total!, 3) }] as [
          Record<string, tf.Tensor>,
          Record<string, tf.Tensor>,
        ];
      const loop = await engine.loop(add, { total: float32([1], []) }, { x: spec([]) });
      const x = float32([1], []);
      const later = float32([5], []);
      const calls = Promise.allSettled([
        loop.next({ x }),
        loop.next({ x: later }),
        loop.next({ y: x }),
        loop.read(),
        loop.replace({ total: float32([100], []) }),
        loop.next({ x }),
        loop.read(),
        loop.dispose(),
      ]);
      later.data[0] = 99;
      const [first, second, wrong, read, , third, end] = (await calls).map((call) =>
        call.status === "fulfilled" ? (call.value as HostTensors) : String(call.reason),
      );
      expect(values((first as HostTensors).tripled)).toEqual([3]);
      expect(values((second as HostTensors).tripled)).toEqual([9]);
      expect(wrong).toContain('"x" is missing');
      expect(values((read as HostTensors).total)).toEqual([11]);
      expect(values((third as HostTensors).tripled)).toEqual([300]);
      expect(values((end as HostTensors).total)).toEqual([201]);
    });

    it("calls a function without a name by a word, in every message", async () => {
      const loop = await engine.loop((...[carry]: never[]) => [carry!, {}], { a: float32([1], [1]) }, {});
      await expect(loop.next({ b: float32([1], [1]) })).rejects.toThrow(/^the function: "b" is not among/);
      await loop.dispose();
      const compiled = await engine.compile((x: tf.Tensor) => tf.exp(x), [spec([2])], { name: "" });
      await expect(compiled.run(float32([1], [1]))).rejects.toThrow(/^the function: "0" is float32 \[1\]/);
      await compiled.dispose();
      await expect(
        engine.compile((x: tf.Tensor) => tf.add(x, tf.randomNormal([2])), [spec([2])]),
      ).rejects.toThrow(/in "the function" draws random numbers/);
      await expect(engine.loop((() => [{}, {}]) as never, { a: float32([1], [1]) }, {})).rejects.toThrow(
        /^the function: the carry's "a" was/,
      );
    });

    it("passes fixed parameters to a step before its carry", async () => {
      const step = (p: Record<string, tf.Tensor>, c: Record<string, tf.Tensor>, { x }: { x: tf.Tensor }) =>
        [{ total: tf.add(c.total!, tf.mul(p.weight!, x)) }, {}] as [
          Record<string, tf.Tensor>,
          Record<string, tf.Tensor>,
        ];
      const parameters = { weight: float32([10], []) };
      const loop = await engine.loop(step, { total: float32([1], []) }, { x: spec([]) }, { parameters });
      await loop.next({ x: float32([2], []) });
      await loop.next({ x: float32([3], []) });
      expect(values((await loop.read()).total)).toEqual([51]);
      await loop.dispose();
    });

    it("refuses values of another shape, type or name, and says which", async () => {
      const loop = await engine.loop(descend, start(), dataSpecs, { name: "descend" });
      const next = (inputs: HostTensors) => loop.next(inputs);
      await expect(next({ ...data, x: float32([1], [1, 1]) })).rejects.toThrow(
        'descend: "x" is float32 [1, 1], expected float32 [3, 2]',
      );
      await expect(next({ x: data.x })).rejects.toThrow('descend: "y" is missing; found x');
      await expect(next({ ...data, z: data.y })).rejects.toThrow('descend: "z" is not among x, y');
      await expect(next({ ...data, y: int32([1, 1, 1], [3, 1]) })).rejects.toThrow('"y" is int32 [3, 1]');
      await expect(loop.replace({ w: start().w! })).rejects.toThrow('"velocity" is missing');
      await loop.dispose();
    });

    it("refuses a carry that comes back in another form, before the first step", async () => {
      const grow = (carry: Record<string, tf.Tensor>) =>
        [{ total: tf.concat([carry.total!, carry.total!]) }, {}] as [
          Record<string, tf.Tensor>,
          Record<string, tf.Tensor>,
        ];
      await expect(engine.loop(grow, { total: float32([1], [1]) }, {}, { name: "grow" })).rejects.toThrow(
        'grow: the carry\'s "total" was float32 [1] and comes back float32 [2]',
      );
    });

    it("refuses a function that draws random numbers", async () => {
      const noisy = (x: tf.Tensor) => tf.add(x, tf.randomNormal([2]));
      await expect(engine.compile(noisy, [spec([2])])).rejects.toMatchObject({ code: "TRACE_RANDOM_OP" });
    });

    it("leaves the active backend of tfjs as it was", async () => {
      await import("@tensorflow/tfjs-backend-cpu");
      await tf.setBackend("cpu");
      const compiled = await engine.compile((x: tf.Tensor) => tf.exp(x), [spec([1])]);
      expect(values(await compiled.run(float32([0], [1])))).toEqual([1]);
      expect(tf.getBackend()).toBe("cpu");
      await compiled.dispose();
    });

    it("leaves no tensor behind", async () => {
      const before = tf.memory().numTensors;
      const loop = await engine.loop(descend, start(), dataSpecs);
      await loop.next(data);
      const during = tf.memory().numTensors;
      for (let step = 0; step < 5; step++) await loop.next(data);
      expect(tf.memory().numTensors).toBe(during);
      await loop.dispose();
      const compiled = await engine.compile((x: tf.Tensor) => tf.exp(x), [spec([2])]);
      await compiled.run(float32([0, 1], [2]));
      await compiled.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);

it("says before training that wasm cannot take the gradient of a convolution", async () => {
  const engine = await createEngine({ kind: "wasm" });
  const convolve = (x: tf.Tensor4D, kernel: tf.Tensor4D) => tf.conv2d(x, kernel, 1, "same");
  const signature = [spec([1, 4, 4, 1]), spec([3, 3, 1, 2])];
  const ones = (shape: number[]) => float32(new Float32Array(sizeOf(shape)).fill(1), shape);
  const compiled = await engine.compile(convolve, signature);
  const result = (await compiled.run(ones([1, 4, 4, 1]), ones([3, 3, 1, 2]))) as HostTensor;
  expect(result.data[0]).toBe(4);
  await compiled.dispose();
  const descent = (x: tf.Tensor4D, kernel: tf.Tensor4D) =>
    tf.grad((kernel) => tf.sum(convolve(x, kernel as tf.Tensor4D)))(kernel);
  await expect(engine.compile(descent, signature, { name: "descent" })).rejects.toMatchObject({
    code: "ENGINE_LACKS_KERNEL",
    message: expect.stringMatching(/^descent: .*"wasm".*Conv2DBackpropFilter/),
    remedy: expect.stringContaining("engine.kind"),
  });
});

describe("auto", () => {
  it("takes the fastest engine that can train, and says why not the others", async () => {
    const engine = await createEngine({ kind: "auto", threads: 1 });
    const { passedOver = [] } = engine;
    const tried = [engine, ...passedOver].map(({ kind, device }) => `${kind}/${device}`);
    expect(tried.sort()).toEqual([
      "onnx/cpu",
      "onnx/cuda",
      "onnx/webgpu",
      "tensorflow/cpu",
      "tensorflow/cuda",
      "webgpu/webgpu",
    ]);
    for (const { reason } of passedOver) expect(reason).toMatch(/\w/);
    await engine.dispose();
  });

  it("never takes a graphics card in software, not even as the only one", async () => {
    const { software } = await createEngine({ kind: "webgpu" });
    const choice = createEngine({ kind: "auto", device: "webgpu" });
    if (software) {
      await expect(choice).rejects.toMatchObject({
        code: "ENGINE_UNAVAILABLE",
        message: expect.stringMatching(/onnx on webgpu: .*in software.*webgpu on webgpu: .*in software/),
        remedy: expect.stringContaining("engine.device"),
      });
    } else {
      expect(await choice).toMatchObject({ device: "webgpu", software: false });
    }
  });
});

it.each([
  [{ kind: "tensorfow" }, /no engine "tensorfow"/],
  [{ kind: "cpu", device: "webgpu" }, /"cpu" has no device "webgpu"/],
  [{ threads: 0 }, /threads: expected an integer of at least 1, found 0/],
  [{ kind: "onnx", precision: "tf32" }, /tf32 is not for cpu, only for CUDA/],
  [
    { kind: "onnx", precision: "float16" },
    /float16 is not for onnx on cpu, only for onnx on a graphics card/,
  ],
  [{ kind: "webgpu", precision: "float16" }, /float16 is not for webgpu on webgpu/],
  [{ kind: "auto", threads: 1.5 }, /threads: expected an integer of at least 1, found 1.5/],
  // Neither comes with the packages.
  [{ kind: "onnx", device: "cuda" }, /CUDA provider is not installed/],
  [{ kind: "tensorflow" }, /tfjs-node-gpu (is not|cannot).*tfjs-node (is not|cannot)/],
  [{ kind: "tensorflow", device: "cpu" }, /^@tensorflow\/tfjs-node (is not|cannot)/],
])("refuses the options %o with a remedy", async (options, message) => {
  const error = await createEngine(options as Parameters<typeof createEngine>[0]).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({
    name: "SlicebookError",
    message: expect.stringMatching(message),
    remedy: expect.any(String),
  });
});

describe("half precision", () => {
  const compiledBy = async (engine: Engine, options: CompileOptions) => {
    const square = (x: tf.Tensor2D) => tf.matMul(x, x);
    const compiled = await engine.compile(square, [spec([1, 1])], options);
    const { data } = await compiled.run(float32([1 + 2 ** -12], [1, 1]));
    await compiled.dispose();
    return data[0];
  };

  it("is taken for what asks for it alone", async () => {
    const engine = await createHalfEngine();
    expect(engine).toMatchObject({ precision: "float16", description: expect.stringMatching(/, float16$/) });
    expect(await compiledBy(engine, { mixedPrecision: true })).toBe(1);
    expect(await compiledBy(engine, {})).toBeGreaterThan(1);
    const single = await createEngine({ kind: "onnx", threads: 1 });
    expect(await compiledBy(single, { mixedPrecision: true })).toBeGreaterThan(1);
  });

  it("is refused by a card without it", async () => {
    const { software } = await createEngine({ kind: "webgpu" });
    if (!software) return;
    await expect(
      createEngine({ kind: "onnx", device: "webgpu", precision: "float16" }),
    ).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      message: expect.stringContaining("shader-f16"),
      remedy: expect.stringContaining("engine.precision"),
    });
  });
});
