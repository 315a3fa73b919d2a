import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { toHalf } from "../src/half.ts";
import { type Structure, TraceError } from "../src/index.ts";
import { examples } from "./functions.ts";
import { parse } from "./model.ts";
import { difference, integers, numbers, traceFor } from "./run.ts";

const FLOAT16 = 10;

/** An encoder, its nearest codes, and a decoder: what is exported of a VQ-VAE. */
function reconstruct(
  { down, codes, up }: { down: tf.Tensor4D; codes: tf.Tensor2D; up: tf.Tensor4D },
  x: tf.Tensor4D,
) {
  const encoded = tf.relu(tf.conv2d(x, down, 2, "same"));
  const [batch, rows, columns, width] = encoded.shape;
  const vectors = tf.reshape(encoded, [-1, width]);
  const distances = tf.sub(tf.sum(tf.square(codes), 1), tf.mul(2, tf.matMul(vectors, codes, false, true)));
  const indices = tf.reshape(tf.argMin(distances, 1), [batch, rows, columns]);
  const quantized = tf.gather(codes, tf.reshape(tf.cast(indices, "int32"), [-1]));
  const side: [number, number, number, number] = [batch, 2 * rows, 2 * columns, 1];
  const images = tf.conv2dTranspose(tf.reshape(quantized, encoded.shape) as tf.Tensor4D, up, side, 2, "same");
  return { images, indices, padded: tf.concat([tf.zeros([batch, 1]), tf.mean(images, [1, 2])], 1) };
}

const weights = {
  down: numbers([4, 4, 1, 6]),
  codes: numbers([5, 6], { seed: 2 }),
  up: numbers([4, 4, 1, 6], { seed: 3 }),
};
const images = (batch: number) => numbers([batch, 8, 4, 1], { seed: 4 });

describe("with a symbolic batch", () => {
  const options = { symbolicBatch: { name: "count", inputs: ["1"] } };
  const traced = traceFor(reconstruct, [weights, images(2)], options);

  it("one model takes batches of every size, and computes what TensorFlow.js does", async () => {
    for (const batch of [1, 2, 5, 16]) {
      expect(await difference(reconstruct, [weights, images(batch)], traced)).toBeLessThan(1e-5);
    }
  });

  it("names the axis of inputs and outputs, and no other", () => {
    const { input = [], output = [] } = parse(traced).graph ?? {};
    const shapes = Object.fromEntries(
      [...input, ...output].map(({ name, type }) => {
        const value = type?.value.case === "tensorType" ? type.value.value : undefined;
        return [
          name,
          value?.shape?.dim.map(({ value: { value } }) =>
            typeof value === "bigint" ? Number(value) : value,
          ),
        ];
      }),
    );
    expect(shapes).toEqual({
      "0.down": [4, 4, 1, 6],
      "0.codes": [5, 6],
      "0.up": [4, 4, 1, 6],
      "1": ["count", 8, 4, 1],
      "output.images": ["count", 8, 4, 1],
      "output.indices": ["count", 4, 2],
      "output.padded": ["count", 2],
    });
  });

  it("sides that are multiples of the batch are so in the model", async () => {
    const fn = (x: tf.Tensor) => tf.reshape(x, [(x.shape[0] as number) * 2, 3]);
    const flat = traceFor(fn, [numbers([4, 6])], { symbolicBatch: {} });
    for (const batch of [1, 3]) expect(await difference(fn, [numbers([batch, 6])], flat)).toBe(0);
  });

  const rows = (x: tf.Tensor) => x.shape[0] as number;
  const network = tfl.sequential({ layers: [tfl.layers.dense({ units: 4, inputShape: [3] })] });
  const refused: readonly [what: string, fn: (x: tf.Tensor) => Structure<tf.Tensor>, message: RegExp][] = [
    ["a mean over the batch", (x) => tf.div(tf.sum(x), rows(x)), /tf\.div in "open".* depends on the size/],
    [
      "a range of its size",
      (x) => tf.mul(x, tf.expandDims(tf.range(0, rows(x)), 1)),
      /Range in "open".* makes a constant of the size/,
    ],
    [
      "a gather by a range of its size",
      (x) => tf.gather(x, tf.range(0, rows(x), 1, "int32")),
      /Range in "open".* makes a constant of the size/,
    ],
    ["as many pieces", (x) => tf.unstack(x), /a batch of 1 its result has other parts/],
    [
      "a slice of the example's size",
      (x) => tf.slice(x, [0, 0], [2, -1]),
      /a batch of 1, tf\.slice in "open"/,
    ],
    [
      "a strided slice of the example's size",
      (x) => tf.stridedSlice(tf.concat([x, x]), [0, 0], [2, 3], [1, 1]),
      /tf\.slice|tf\.stridedSlice in "open".* picks 2 rows whatever the size is/,
    ],
    [
      "a gather of the example's size",
      (x) => tf.gather(tf.concat([x, x]), tf.tensor1d([1, 0], "int32")),
      /tf\.gather in "open".* picks 2 rows whatever the size is/,
    ],
    [
      "a gather beyond small batches",
      (x) => tf.gather(x, [1]),
      /a batch of 1, tf\.gather in "open".*index 1 is not/,
    ],
    [
      "a sum with a constant of the example's size",
      (x) => tf.add(x, tf.ones([2, 3])),
      /a batch of 3, tf\.add in/,
    ],
    [
      "a product with one",
      (x) => tf.matMul(tf.ones([2, 2]), x as tf.Tensor2D),
      /a batch of 1, tf\.matMul in "open": the inner sides, 2 and 1/,
    ],
    [
      "a concatenation with one",
      (x) => tf.concat([x, tf.zeros([2, 1])], 1),
      /a batch of 1, tf\.concat in "open"/,
    ],
    ["a reshape to the example's size", (x) => tf.reshape(x, [2, -1]), /a batch of 1, tf\.reshape in "open"/],
    [
      "rows before the first",
      (x) => tf.slice(x, [rows(x) - 2, 0], [2, 3]),
      /a batch of 1, tf\.slice in "open"/,
    ],
    [
      "other ops for small batches",
      (x) => (rows(x) < 4 ? tf.exp(x) : tf.neg(x)),
      /a batch of 1, tf\.exp in "open" at .* is not what it is for larger ones/,
    ],
    [
      "other ops for one sample",
      (x) => (rows(x) === 1 ? x : tf.sub(x, tf.mean(x, 0))),
      /a batch of 1, .* is not what it is for larger ones/,
    ],
    ["another rank for one sample", (x) => tf.squeeze(tf.exp(x)), /a batch of 1, .* is not what it is/],
    ["other results for small batches", (x) => (rows(x) < 3 ? [x] : [x, tf.exp(x)]), /other parts/],
    [
      "half the batch",
      (x) => tf.slice(x, [0, 0], [Math.ceil(rows(x) / 2), -1]),
      /tf\.slice.* depends on the size/,
    ],
    [
      "model.predict()",
      (x) => network.predict(x) as tf.Tensor,
      /tf\.slice.* in "open".* depends on the size/,
    ],
  ];
  it.each(refused)("refuses %s", (_, fn, message) => {
    const open = () => traceFor(fn, [numbers([2, 3])], { symbolicBatch: {}, name: "open" });
    expect(open).toThrow(TraceError);
    expect(open).toThrow(/^"open" cannot be traced for any batch size: /);
    expect(open).toThrow(message);
  });

  const taken: Readonly<Record<string, (x: tf.Tensor) => Structure<tf.Tensor>>> = {
    "the last row, and all but the last": (x) => [
      tf.slice(x, [rows(x) - 1, 0], [1, 3]),
      tf.slice(x, [0, 0], [rows(x) - 1, 3]),
    ],
    "constants of its size that are one number": (x) => tf.concat([x, tf.zeros([rows(x), 1])], 1),
    "places found in it": (x) => tf.gather(x, tf.argMax(x, 0)),
    "a sum over it, and the gradient of one": (x) => [
      tf.sum(x, 0),
      tf.grad((y: tf.Tensor) => tf.sum(tf.square(tf.sub(y, tf.tensor1d([1, 2, 3])))))(x),
    ],
    "a mean over it": (x) => tf.sub(x, tf.mean(x, 0)),
    "the order of its rows": (x) => [tf.reverse(x, 0), tf.topk(x, 2).values, tf.cumsum(x, 0)],
    "twice as many rows, and a pad of them": (x) => [
      tf.tile(x, [2, 1]),
      tf.pad(x, [
        [1, 2],
        [0, 0],
      ]),
    ],
    "columns apart": (x) => tf.unstack(x, 1),
    "a layer": (x) => network.apply(x) as tf.Tensor,
    "model.predictOnBatch()": (x) => network.predictOnBatch(x) as tf.Tensor,
    "what no result needs": (x) => {
      tf.mul(x, tf.expandDims(tf.range(0, rows(x)), 1));
      return tf.exp(x);
    },
    "a large constant": (x) => tf.matMul(x as tf.Tensor2D, tf.tensor2d(numbers([3, 2000]).data, [3, 2000])),
  };
  it.each(Object.keys(taken))("takes %s", async (what) => {
    const open = traceFor(taken[what]!, [numbers([2, 3])], { symbolicBatch: {} });
    for (const batch of [1, 2, 5, 40]) {
      expect(await difference(taken[what]!, [numbers([batch, 3])], open)).toBeLessThan(1e-5);
    }
  });

  it("refuses inputs that there are not", () => {
    const wrong = () =>
      traceFor((x: tf.Tensor) => tf.exp(x), [numbers([2])], { symbolicBatch: { inputs: ["1"] } });
    expect(wrong).toThrow('has no such input: "1"');
  });
});

describe("in half precision", () => {
  it("halves the file, keeps float32 at the borders, and computes nearly the same", async () => {
    const constant = (x: tf.Tensor) =>
      reconstruct(
        {
          down: tf.tensor4d(weights.down.data, [4, 4, 1, 6]),
          codes: tf.tensor2d(weights.codes.data, [5, 6]),
          up: tf.tensor4d(weights.up.data, [4, 4, 1, 6]),
        },
        x as tf.Tensor4D,
      ).images;
    const [whole, half] = [
      traceFor(constant, [images(2)]),
      traceFor(constant, [images(2)], { float16: true }),
    ];
    const { initializer = [], input = [], output = [] } = parse(half).graph ?? {};
    const bytes = (traced: typeof half) =>
      parse(traced).graph!.initializer.reduce(
        (sum, { rawData = new Uint8Array() }) => sum + rawData.length,
        0,
      );
    expect(bytes(half)).toBeLessThan(0.7 * bytes(whole));
    expect(initializer.filter(({ dataType }) => dataType === FLOAT16).length).toBeGreaterThan(2);
    for (const { type } of [...input, ...output])
      expect(type?.value).toMatchObject({ value: { elemType: 1 } });
    expect(await difference(constant, [images(2)], half)).toBeLessThan(5e-3);
  });

  it.each(Object.entries(examples))("runs %s", async (_, { fn, args }) => {
    expect(await difference(fn, args, traceFor(fn, args, { float16: true }))).toBeLessThan(0.05);
  });

  it("asks for infinities, casts and whole numbers", async () => {
    const fn = (x: tf.Tensor, index: tf.Tensor) => [
      tf.isInf(x),
      tf.cast(index, "float32"),
      tf.gather(x, index as tf.Tensor1D),
    ];
    const args = [numbers([4]), integers([3], 0, 4)];
    expect(await difference(fn, args, traceFor(fn, args, { float16: true }))).toBeLessThan(1e-3);
  });

  it("rounds to the nearest, ties to even, into subnormals and over the top", () => {
    const cases: [number, number][] = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [65504, 0x7bff],
      [65519, 0x7bff],
      [65520, 0x7c00],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [1.5 * 2 ** -24, 0x0002],
      [2 ** -14 - 2 ** -26, 0x0400],
      [Number.NEGATIVE_INFINITY, 0xfc00],
    ];
    expect([...toHalf(Float32Array.from(cases, ([value]) => value))]).toEqual(cases.map(([, bits]) => bits));
    expect(toHalf(Float32Array.of(Number.NaN))[0]! & 0x7e00).toBe(0x7e00);
  });
});
