import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type ConstantTensor, type Structure, TraceError } from "../src/index.ts";
import { Dice, difference, integers, numbers, runEager, traceFor } from "./run.ts";

type Call = readonly [fn: (...args: tf.Tensor[]) => Structure<tf.Tensor>, ...args: ConstantTensor[]];

/** Draws shapes and options of which about every second fits. */
class ShapeDice extends Dice {
  shape(rank = this.below(4)): number[] {
    return Array.from({ length: rank }, () => this.of(1, 2, 2, 3));
  }

  /** A shape like another one, with up to one side that is not. */
  like(shape: readonly number[]): number[] {
    const at = this.below(2 * shape.length + 1);
    return shape.map((side, axis) => (axis === at ? this.of(1, 2, 3) : side));
  }

  float(shape = this.shape()): ConstantTensor {
    return numbers(shape, { seed: this.below(1000) });
  }

  axis(rank: number): number {
    return this.below(2 * rank + 2) - rank - 1;
  }
}

const pairwise: Readonly<Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>> = {
  add: tf.add,
  mul: tf.mul,
  sub: tf.sub,
  div: tf.div,
  maximum: tf.maximum,
  squaredDifference: tf.squaredDifference,
  pow: (a, b) => tf.pow(tf.abs(a), b),
  greater: tf.greater,
  prelu: tf.prelu,
};

const alongAxis: Readonly<Record<string, (x: tf.Tensor, axis: number) => Structure<tf.Tensor>>> = {
  sum: tf.sum,
  max: tf.max,
  argMax: tf.argMax,
  logSumExp: tf.logSumExp,
  reverse: tf.reverse,
  softmax: tf.softmax,
  unstack: tf.unstack,
};

/** The ops whose tensors must fit each other or their options. */
const calls: Readonly<Record<string, (dice: ShapeDice) => Call>> = {
  ...Object.fromEntries(
    Object.entries(pairwise).map(([name, op]) => [
      name,
      (dice: ShapeDice): Call => [(a, b) => op(a!, b!), dice.float(), dice.float()],
    ]),
  ),
  where: (dice) => [(a, b) => tf.where(tf.greater(a!, 0), a!, b!), dice.float(), dice.float()],
  addN: (dice) => {
    const shape = dice.shape();
    return [(a, b) => tf.addN([a!, b!]), dice.float(shape), dice.float(dice.like(shape))];
  },
  matMul: (dice) => {
    const [flipA, flipB] = [dice.of(true, false), dice.of(true, false)];
    const rank = dice.of(2, 2, 3);
    return [
      (a, b) => tf.matMul(a!, b!, flipA, flipB),
      dice.float(dice.shape(rank)),
      dice.float(dice.shape(dice.of(rank, rank, 5 - rank))),
    ];
  },
  dot: (dice) => [
    (a, b) => tf.dot(a!, b!),
    dice.float(dice.shape(1 + dice.below(2))),
    dice.float(dice.shape(1 + dice.below(2))),
  ],
  einsum: (dice) => [
    (a, b) => tf.einsum("ij,jk->ik", a!, b!),
    dice.float(dice.shape(2)),
    dice.float(dice.shape(2)),
  ],
  concat: (dice) => {
    const shape = dice.shape(1 + dice.below(3));
    const axis = dice.axis(shape.length);
    return [(a, b) => tf.concat([a!, b!], axis), dice.float(shape), dice.float(dice.like(shape))];
  },
  stack: (dice) => {
    const shape = dice.shape();
    const axis = dice.axis(shape.length);
    return [(a, b) => tf.stack([a!, b!], axis), dice.float(shape), dice.float(dice.like(shape))];
  },
  slice: (dice) => {
    const shape = dice.shape(1 + dice.below(3));
    const begin = shape.map(() => dice.of(0, 0, 1));
    const size = shape.map(() => dice.of(-1, 1, 2));
    return [(x) => tf.slice(x!, begin, size), dice.float(shape)];
  },
  stridedSlice: (dice) => {
    const shape = dice.shape(2);
    const [begin, end] = [shape.map(() => dice.of(0, 1, -1)), shape.map((side) => dice.of(side, 1, 0))];
    const strides = shape.map(() => dice.of(1, 1, 2));
    return [(x) => tf.stridedSlice(x!, begin, end, strides), dice.float(shape)];
  },
  gather: (dice) => {
    const shape = dice.shape(1 + dice.below(3));
    const [axis, batchDims] = [dice.axis(shape.length), dice.of(0, 0, 1)];
    const indices = integers(dice.shape(1 + dice.below(2)), 0, 1);
    return [(x, places) => tf.gather(x!, places as tf.Tensor1D, axis, batchDims), dice.float(shape), indices];
  },
  "gather at constant places": (dice) => {
    const places = [dice.of(0, 1), dice.of(-1, 0, 1, 2)];
    return [(x) => tf.gather(x!, tf.tensor1d(places, "int32")), dice.float(dice.shape(2))];
  },
  gatherND: (dice) => {
    const indices = integers(dice.shape(1 + dice.below(2)), 0, 1);
    return [(x, places) => tf.gatherND(x!, places!), dice.float(dice.shape(1 + dice.below(2))), indices];
  },
  scatterND: (dice) => [
    (places, updates) => tf.scatterND(places!, updates!, [3, 2]),
    integers([2, dice.of(1, 2)], 0, 1),
    dice.float(dice.shape(1 + dice.below(2))),
  ],
  tensorScatterUpdate: (dice) => [
    (x, places, updates) => tf.tensorScatterUpdate(x!, places!, updates!),
    dice.float([3, 2]),
    integers([1, dice.of(1, 2)], 0, 1),
    dice.float(dice.shape(1 + dice.below(2))),
  ],
  unsortedSegmentSum: (dice) => [
    (x, ids) => tf.unsortedSegmentSum(x!, ids as tf.Tensor1D, 2),
    dice.float(dice.shape(1 + dice.below(2))),
    integers([dice.of(1, 2, 3)], 0, 2),
  ],
  reshape: (dice) => {
    const shape = [...dice.shape(), ...dice.of([], [-1])];
    return [(x) => tf.reshape(x!, shape), dice.float()];
  },
  transpose: (dice) => {
    const order = dice.of([0, 1], [1, 0], [0, 2], [1, 2, 0], [2, 1, 0]);
    return [(x) => tf.transpose(x!, order), dice.float()];
  },
  expandDims: (dice) => {
    const axis = dice.below(7) - 3;
    return [(x) => tf.expandDims(x!, axis), dice.float()];
  },
  squeeze: (dice) => {
    const axis = dice.below(3);
    return [(x) => tf.squeeze(x!, [axis]), dice.float()];
  },
  split: (dice) => {
    const shape = dice.shape(2);
    const [parts, axis] = [dice.of<number | number[]>(1, 2, [1, 1], [1, -1]), dice.axis(2)];
    return [(x) => tf.split(x!, parts, axis), dice.float(shape)];
  },
  tile: (dice) => {
    const repeats = dice.shape();
    return [(x) => tf.tile(x!, repeats), dice.float()];
  },
  pad: (dice) => {
    const paddings = dice.shape().map((side): [number, number] => [side - 1, 1]);
    return [(x) => tf.pad(x!, paddings), dice.float()];
  },
  mirrorPad: (dice) => {
    const paddings = dice.shape(2).map((side): [number, number] => [side - 1, 1]);
    const mode = dice.of("reflect", "symmetric");
    return [(x) => tf.mirrorPad(x!, paddings, mode), dice.float(dice.shape(2))];
  },
  broadcastTo: (dice) => {
    const shape = dice.shape();
    return [(x) => tf.broadcastTo(x!, shape as [number]), dice.float()];
  },
  ...Object.fromEntries(
    Object.entries(alongAxis).map(([name, op]) => [
      name,
      (dice: ShapeDice): Call => {
        const shape = dice.shape(1 + dice.below(3));
        const axis = dice.axis(shape.length);
        return [(x) => op(x!, axis), dice.float(shape)];
      },
    ]),
  ),
  cumsum: (dice) => {
    const shape = dice.shape(1 + dice.below(3));
    const axis = dice.below(shape.length);
    return [(x) => tf.cumsum(x!, axis), dice.float(shape)];
  },
  topk: (dice) => {
    const count = dice.of(1, 2, 3);
    return [(x) => tf.topk(x!, count), dice.float()];
  },
  batchNorm: (dice) => {
    const side = dice.of(2, 3);
    const shape = dice.of([side], dice.shape(2));
    return [(x, mean) => tf.batchNorm(x!, mean!, tf.abs(mean!)), dice.float([2, side]), dice.float(shape)];
  },
  conv2d: (dice) => {
    const pad = dice.of("valid", "same");
    return [
      (x, kernel) => tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, pad),
      dice.float([1, 3, 3, dice.of(1, 2)]),
      dice.float([...dice.shape(2), dice.of(1, 2), 2]),
    ];
  },
  "gradients of add and matMul": (dice) => [
    (a, b) =>
      tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(tf.add(tf.matMul(a, b), b))))([a!, b!]),
    dice.float(dice.shape(2)),
    dice.float(dice.shape(2)),
  ],
};

/** Ops of which TensorFlow.js's CPU backend computes something of what does not fit; other backends refuse it. */
const unchecked = ["pad", "batchNorm"];

/** What a call throws, if it does. */
function thrown(body: () => unknown): unknown {
  try {
    body();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("refuses the arguments that TensorFlow.js refuses, names the call, and computes the same of the others:", () => {
  it.each(Object.keys(calls))("%s", async (name) => {
    const wrong: string[] = [];
    const seen = new Set<string>();
    let refused = 0;
    for (let seed = 0; seed < 40; seed++) {
      const [fn, ...args] = calls[name]!(new ShapeDice(seed));
      const text = `seed ${seed}: ${name}(${args.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(", ")})`;
      const [eager, traced] = [thrown(() => runEager(fn, args)), thrown(() => traceFor(fn, args))];
      if (eager !== undefined) {
        refused++;
        if (!(traced instanceof TraceError))
          wrong.push(`${text}: ${traced ?? "traced"}, where tfjs says ${eager}`);
        else if (traced.code !== "TRACE_ARGUMENTS" || !/arguments\.test\.ts:\d+:\d+$/.test(traced.message))
          wrong.push(`${text}: ${traced.code} ${traced.message}`);
      } else if (traced !== undefined) {
        if (unchecked.includes(name) && traced instanceof TraceError && traced.code === "TRACE_ARGUMENTS")
          continue;
        wrong.push(`${text}: ${traced}, where tfjs computes it`);
      } else if (!seen.has(text.replace(/^seed \d+/, "") + fn)) {
        seen.add(text.replace(/^seed \d+/, "") + fn);
        const gap = await difference(fn, args).catch((error: unknown) => error);
        if (!(typeof gap === "number" && gap < 1e-5)) wrong.push(`${text}: ${gap}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeLessThan(40);
  });
});

it("runs each output of tf.topk alone, and with a gradient", async () => {
  const x = numbers([3, 7]);
  for (const fn of [
    (x: tf.Tensor) => tf.topk(x, 2).values,
    (x: tf.Tensor) => tf.topk(x, 2).indices,
    (x: tf.Tensor) => tf.topk(x, 2),
    (x: tf.Tensor) => tf.gather(tf.topk(x, 2).values, tf.tensor1d([0, 2], "int32")),
  ]) {
    expect(await difference(fn as (x: tf.Tensor) => tf.Tensor, [x])).toBe(0);
  }
});

it("says the op, the function and the line of a mistake in a gradient and in nested ops", () => {
  const step = (x: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(tf.concat([y, tf.ones([3, 3])], 1)))(x);
  const error = thrown(() => traceFor(step, [numbers([2, 3])], { name: "step" })) as TraceError;
  expect(error.message).toMatch(
    /^tf\.concat in "step": .*\(3,3\).*\(2,3\).* at .*arguments\.test\.ts:\d+:\d+$/,
  );
  expect(error.remedy).toContain("Check the shapes");
  const conv = (x: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, tf.ones([3, 3, 2, 1]), 1, "same");
  const depth = thrown(() => traceFor(conv, [numbers([1, 4, 4, 3])], { name: "conv" })) as TraceError;
  expect(depth.message).toMatch(
    /^tf\.conv2d in "conv": .*depth of input \(3\).* at .*arguments\.test\.ts:\d+:\d+$/,
  );
});
