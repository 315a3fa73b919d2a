import * as tf from "@tensorflow/tfjs-core";
import type { ConstantTensor, Structure } from "../src/index.ts";
import { Dice, generator, integers, numbers } from "./run.ts";

/** A function drawn at random, as text that runs anywhere, and arguments for it. */
export interface RandomGraph {
  readonly seed: number;
  /** An arrow function of `tf`. */
  readonly text: string;
  readonly fn: (...args: tf.Tensor[]) => Structure<tf.Tensor>;
  readonly args: readonly ConstantTensor[];
  /** Whether it gives gradients. */
  readonly hasGradients: boolean;
}

/** A side that no other has: what is written of it in a graph's text is the batch. */
export const BATCH = 7;

interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Writes a call of an op on some of the variables, or nothing where none fits. */
type Template = (draw: Draw) => string | undefined;

class Draw extends Dice {
  readonly variables: Variable[] = [];

  flag(): boolean {
    return this.next() < 0.5;
  }

  /** A number of two digits. */
  number(low: number, high: number): number {
    return Math.round((low + (high - low) * this.next()) * 100) / 100;
  }

  /** A variable of floats, the latest ones more often than others. */
  float(fits: (variable: Variable) => boolean = () => true): Variable {
    const found = this.variables.filter((variable) => variable.dtype === "float32" && fits(variable));
    if (found.length === 0) throw new Unfit();
    return found[Math.max(0, found.length - 1 - Math.floor(this.next() ** 2 * found.length))]!;
  }

  axis({ shape }: Variable): number {
    if (shape.length === 0) throw new Unfit();
    return this.below(shape.length);
  }

  /** Whole numbers that point into a side. */
  places(side: number, count: number): string {
    if (side === 0) throw new Unfit();
    return `tf.tensor1d([${Array.from({ length: count }, () => this.below(side))}], "int32")`;
  }
}

/** There is nothing to draw the op on. */
class Unfit extends Error {}

const rank = (count: number) => (variable: Variable) => variable.shape.length === count;
const atLeast = (count: number) => (variable: Variable) => variable.shape.length >= count;
const list = (items: readonly unknown[]) => `[${items.join(", ")}]`;
const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

const unary = [
  ...[
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "softplus",
    "elu",
    "selu",
    "square",
    "erf",
    "atan",
    "asinh",
    "neg",
    "abs",
  ],
  ...[
    "relu",
    "relu6",
    "sign",
    "floor",
    "round",
    "ceil",
    "step",
    "softmax",
    "logSoftmax",
    "zerosLike",
    "onesLike",
  ],
];
const guarded: readonly ((x: string) => string)[] = [
  (x) => `tf.leakyRelu(${x}, 0.1)`,
  (x) => `tf.exp(tf.clipByValue(${x}, -3, 2))`,
  (x) => `tf.expm1(tf.clipByValue(${x}, -3, 2))`,
  (x) => `tf.sqrt(tf.add(tf.abs(${x}), 0.5))`,
  (x) => `tf.rsqrt(tf.add(tf.square(${x}), 1))`,
  (x) => `tf.log(tf.add(tf.abs(${x}), 0.5))`,
  (x) => `tf.log1p(tf.abs(${x}))`,
  (x) => `tf.reciprocal(tf.add(tf.abs(${x}), 1))`,
  (x) => `tf.clipByValue(${x}, -0.5, 0.7)`,
  (x) => `tf.sinh(tf.clipByValue(${x}, -2, 2))`,
  (x) => `tf.cosh(tf.clipByValue(${x}, -2, 2))`,
  (x) => `tf.asin(tf.clipByValue(${x}, -0.9, 0.9))`,
  (x) => `tf.acosh(tf.add(tf.abs(${x}), 1.1))`,
  (x) => `tf.atanh(tf.clipByValue(${x}, -0.9, 0.9))`,
  (x) => `tf.tan(tf.clipByValue(${x}, -1, 1))`,
  (x) => `tf.cast(tf.cast(tf.mul(${x}, 3), "int32"), "float32")`,
  (x) => `tf.cast(tf.mod(tf.cast(tf.mul(${x}, 9), "int32"), tf.scalar(3, "int32")), "float32")`,
  (x) => `tf.cast(tf.logicalNot(tf.cast(tf.step(${x}), "bool")), "float32")`,
  (x) => `tf.cast(tf.isFinite(tf.log(${x})), "float32")`,
];
const binary: readonly ((a: string, b: string) => string)[] = [
  (a, b) => `tf.add(${a}, ${b})`,
  (a, b) => `tf.sub(${a}, ${b})`,
  (a, b) => `tf.mul(${a}, ${b})`,
  (a, b) => `tf.div(${a}, tf.add(tf.abs(${b}), 1))`,
  (a, b) => `tf.maximum(${a}, ${b})`,
  (a, b) => `tf.minimum(${a}, ${b})`,
  (a, b) => `tf.squaredDifference(${a}, ${b})`,
  (a, b) => `tf.pow(tf.add(tf.abs(${a}), 0.5), tf.clipByValue(${b}, -2, 2))`,
  (a, b) => `tf.atan2(${a}, tf.add(tf.abs(${b}), 0.3))`,
  (a, b) => `tf.where(tf.greater(${a}, ${b}), ${a}, ${b})`,
  (a, b) => `tf.cast(tf.lessEqual(${a}, ${b}), "float32")`,
  (a, b) => `tf.cast(tf.logicalAnd(tf.greater(${a}, 0), tf.less(${b}, 0.2)), "float32")`,
  (a, b) => `tf.prelu(${a}, ${b})`,
  (a, b) =>
    `tf.cast(tf.floorDiv(tf.cast(tf.mul(${a}, 9), "int32"), tf.cast(tf.mul(${b}, 5), "int32")), "float32")`,
];

const templates: readonly Template[] = [
  ...Array.from({ length: 5 }, (): Template => (draw) => `tf.${draw.of(...unary)}(${draw.float().name})`),
  ...Array.from({ length: 3 }, (): Template => (draw) => draw.of(...guarded)(draw.float().name)),
  ...Array.from(
    { length: 5 },
    (): Template => (draw) => draw.of(...binary)(draw.float().name, draw.float().name),
  ),
  (draw) => draw.of(...binary)(draw.float().name, String(draw.number(-1, 1))),
  ...Array.from(
    { length: 2 },
    (): Template => (draw) => {
      const x = draw.float(atLeast(1));
      const axes = x.shape.map((_, axis) => axis).filter(() => draw.flag());
      const keep = draw.flag();
      const op = draw.of("sum", "mean", "max", "min", "logSumExp", "prod");
      return `tf.${op}(${x.name}, ${list(axes.length > 0 ? axes : [0])}, ${keep})`;
    },
  ),
  (draw) => {
    const x = draw.float(atLeast(1));
    return `tf.cast(tf.${draw.of("argMax", "argMin")}(${x.name}, ${draw.axis(x)}), "float32")`;
  },
  (draw) => {
    const x = draw.float();
    const sides: number[] = [];
    let left = sizeOf(x.shape);
    while (left > 1 && sides.length < 4) {
      const divisors = Array.from({ length: left }, (_, at) => at + 1).filter((side) => left % side === 0);
      const side = sides.length === 3 ? left : draw.of(...divisors);
      sides.push(side);
      left /= side;
    }
    if (left > 1 || (x.shape.includes(BATCH) && !sides.some((side) => side % BATCH === 0))) throw new Unfit();
    return `tf.reshape(${x.name}, ${list(sides)})`;
  },
  ...Array.from(
    { length: 2 },
    (): Template => (draw) => {
      const x = draw.float(atLeast(2));
      const order = x.shape.map((_, axis) => axis);
      for (let at = order.length - 1; at > 0; at--) {
        const other = draw.below(at + 1);
        [order[at], order[other]] = [order[other]!, order[at]!];
      }
      return `tf.transpose(${x.name}, ${list(order)})`;
    },
  ),
  (draw) => {
    const x = draw.float(({ shape }) => shape.length < 4);
    return `tf.expandDims(${x.name}, ${draw.below(x.shape.length + 1)})`;
  },
  (draw) => `tf.squeeze(${draw.float(({ shape }) => shape.includes(1)).name})`,
  (draw) => {
    const x = draw.float(atLeast(1));
    const axis = draw.axis(x);
    const y = draw.float(
      ({ shape }) =>
        shape.length === x.shape.length && shape.every((side, at) => at === axis || side === x.shape[at]),
    );
    return `tf.concat([${x.name}, ${y.name}], ${axis})`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length < 4);
    const y = draw.float(({ shape }) => shape.join() === x.shape.join());
    return `tf.stack([${x.name}, ${y.name}], ${draw.below(x.shape.length + 1)})`;
  },
  (draw) => {
    const x = draw.float(atLeast(1));
    const starts = x.shape.map((side) => draw.below(side));
    const sizes = x.shape.map((side, axis) => (draw.flag() ? -1 : 1 + draw.below(side - starts[axis]!)));
    return `tf.slice(${x.name}, ${list(starts)}, ${list(sizes)})`;
  },
  (draw) => {
    const x = draw.float(atLeast(1));
    const steps = x.shape.map(() => draw.of(1, 1, 2, -1));
    const begin = x.shape.map((side, axis) => (steps[axis]! < 0 ? side - 1 : 0));
    const end = x.shape.map((side, axis) => (steps[axis]! < 0 ? -side - 1 : side));
    return `tf.stridedSlice(${x.name}, ${list(begin)}, ${list(end)}, ${list(steps)})`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length > 0 && shape.length < 5);
    const paddings = x.shape.map(() => list([draw.below(2), draw.below(3)]));
    if (draw.flag()) return `tf.pad(${x.name}, ${list(paddings)}, ${draw.of(0, 0, -0.5)})`;
    return `tf.mirrorPad(${x.name}, ${list(x.shape.map(() => "[1, 0]"))}, "symmetric")`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length > 0 && sizeOf(shape) < 40);
    return `tf.tile(${x.name}, ${list(x.shape.map(() => draw.of(1, 1, 2)))})`;
  },
  (draw) => {
    const x = draw.float(atLeast(1));
    return `tf.reverse(${x.name}, ${draw.axis(x)})`;
  },
  (draw) => {
    const x = draw.float(atLeast(1));
    return `tf.cumsum(${x.name}, ${draw.axis(x)}, ${draw.flag()}, ${draw.flag()})`;
  },
  (draw) => {
    const x = draw.float(atLeast(1));
    const axis = draw.axis(x);
    return `tf.gather(${x.name}, ${draw.places(x.shape[axis]!, 1 + draw.below(3))}, ${axis})`;
  },
  (draw) => {
    const x = draw.float(atLeast(2));
    return `tf.gather(${x.name}, tf.argMax(${x.name}, 0), 0)`;
  },
  (draw) => {
    const x = draw.float(atLeast(1));
    const axis = draw.axis(x);
    if (x.shape[axis]! % 2 !== 0) throw new Unfit();
    return `tf.split(${x.name}, 2, ${axis})[${draw.below(2)}]`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length > 0 && !shape.includes(BATCH, 0));
    const axis = draw.axis(x);
    return `tf.unstack(${x.name}, ${axis})[${draw.below(x.shape[axis]!)}]`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length > 0 && shape.at(-1)! > 1);
    return `tf.topk(${x.name}, ${1 + draw.below(x.shape.at(-1)! - 1)}).values`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length > 0 && shape.length < 4);
    return `tf.oneHot(tf.cast(tf.abs(tf.mul(${x.name}, 3)), "int32"), 3, 1, ${draw.of(0, 0.5)}, "float32")`;
  },
  (draw) => {
    const a = draw.float(atLeast(2));
    const [flipA, flipB] = [draw.flag(), draw.flag()];
    const inner = a.shape.at(flipA ? -2 : -1);
    const b = draw.float(
      ({ shape }) =>
        shape.length >= 2 && shape.at(flipB ? -1 : -2) === inner && shape.length <= a.shape.length,
    );
    return `tf.matMul(${a.name}, ${b.name}, ${flipA}, ${flipB})`;
  },
  (draw) => {
    const a = draw.float(rank(2));
    return `tf.matMul(${a.name}, ${a.name}, ${draw.flag() ? "true, false" : "false, true"})`;
  },
  (draw) => {
    const [a, b] = [draw.float(rank(2)), draw.float(rank(2))];
    return `tf.einsum("${draw.of("ij,jk->ik", "ij,kj->ki", "ij,ij->j")}", ${a.name}, ${b.name})`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length >= 2 && shape.length <= 4);
    const { mean, variance } = { mean: `tf.mean(${x.name}, 0)`, variance: `tf.abs(tf.mean(${x.name}, 0))` };
    if (x.shape.length !== 2) throw new Unfit();
    return `tf.batchNorm(${x.name}, ${mean}, ${variance}, undefined, undefined, 0.1)`;
  },
  ...Array.from(
    { length: 3 },
    (): Template => (draw) => {
      const x = draw.float(rank(4));
      const [rows, columns, channels] = x.shape.slice(1) as [number, number, number];
      const kernel = [1 + draw.below(Math.min(3, rows)), 1 + draw.below(Math.min(3, columns))];
      const [stride, pad] = [draw.of(1, 1, 2), draw.of('"same"', '"valid"')];
      const filter = (shape: number[]) => `tf.reshape(tf.sin(tf.range(0, ${sizeOf(shape)})), ${list(shape)})`;
      switch (draw.below(5)) {
        case 0:
          return `tf.conv2d(${x.name}, ${filter([...kernel, channels, draw.of(1, 2)])}, ${stride}, ${pad})`;
        case 1:
          return `tf.depthwiseConv2d(${x.name}, ${filter([...kernel, channels, draw.of(1, 2)])}, ${stride}, ${pad})`;
        case 2:
          return `tf.${draw.of("maxPool", "avgPool")}(${x.name}, ${list(kernel)}, ${stride}, ${pad})`;
        case 3: {
          const shape = [x.shape[0], 2 * rows, 2 * columns, 2];
          return `tf.conv2dTranspose(${x.name}, ${filter([...kernel, 2, channels])}, ${list(shape)}, 2, "same")`;
        }
        default: {
          // TensorFlow.js's own gradients mix up sides and batches.
          if (x.shape[0] !== 1 || rows !== columns) throw new Unfit();
          const align = draw.flag();
          const op = draw.of("resizeNearestNeighbor", "resizeBilinear");
          return `tf.image.${op}(${x.name}, [${2 * rows}, ${2 * rows}], ${align})`;
        }
      }
    },
  ),
  (draw) => {
    const x = draw.float(atLeast(1));
    if (x.shape.includes(BATCH)) throw new Unfit();
    return `tf.unsortedSegmentSum(${x.name}, ${draw.places(3, x.shape[0]!)}, 3)`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length >= 1 && !shape.includes(BATCH));
    return `tf.gatherND(${x.name}, tf.reshape(${draw.places(x.shape[0]!, 2)}, [2, 1]))`;
  },
  (draw) => {
    const x = draw.float(({ shape }) => shape.length >= 1 && !shape.includes(BATCH));
    const places = `tf.reshape(${draw.places(4, x.shape[0]!)}, [${x.shape[0]}, 1])`;
    return `tf.scatterND(${places}, ${x.name}, ${list([4, ...x.shape.slice(1)])})`;
  },
];

/** Sides that are a multiple of the batch, written as such. */
function written(code: string): string {
  return code.replace(/(?<![\w.])(?:7|14|21|28|42|56)(?![\w.])/g, (side) =>
    side === "7" ? "B" : `${Number(side) / BATCH} * B`,
  );
}

/**
 * Draws a function of 3 to 12 ops, with the gradients of the sum of its squared result where there are any. Every op is run as
 * it is drawn, and drawn again where TensorFlow.js refuses it or the numbers grow out of hand.
 *
 * With `batched`, the first axis of the first input is the batch, and what is made of it is written as such.
 */
export function randomGraph(
  seed: number,
  { batched = false }: { readonly batched?: boolean } = {},
): RandomGraph {
  const draw = new Draw(seed);
  const first = batched ? [BATCH] : [];
  const args = [
    numbers([...first, ...draw.of([3], [2, 3], [4, 4, 2], [3, 2])], { seed, low: -1.5, high: 1.5 }),
    ...(draw.flag() ? [numbers(draw.of([3], [], [2, 3], [2, 4, 3, 2], [4, 1]), { seed: seed + 1 })] : []),
    ...(draw.below(4) === 0 ? [integers([3], 0, 3, seed)] : []),
  ];
  const count = 3 + draw.below(10);
  const lines: string[] = [];
  tf.tidy(() => {
    const values = new Map<string, tf.Tensor>();
    const keep = (name: string, tensor: tf.Tensor): void => {
      values.set(name, tensor);
      draw.variables.push({ name, shape: tensor.shape, dtype: tensor.dtype });
    };
    args.forEach(({ data, shape, dtype }, index) => {
      keep(`x${index}`, tf.tensor(data, [...shape], dtype));
    });
    for (let attempt = 0; lines.length < count && attempt < 300; attempt++) {
      try {
        const code = draw.of(...templates)(draw);
        if (code === undefined) continue;
        const result = compile([...values.keys()], code)(...values.values()) as tf.Tensor;
        const data = result.dataSync();
        if (data.length === 0 || data.length > 400 || !data.every((value) => Math.abs(value) < 50)) continue;
        const name = `v${lines.length}`;
        lines.push(`const ${name} = ${batched ? written(code) : code};`);
        keep(name, result);
      } catch {
        // Drawn again.
      }
    }
  });
  const inputs = args.map((_, index) => `x${index}`);
  const floats = inputs.filter((_, index) => args[index]!.dtype === "float32");
  const ints = inputs.filter((name) => !floats.includes(name));
  const last = draw.variables.filter(({ dtype }) => dtype === "float32").slice(-2);
  // TensorFlow.js has no gradient for an input that the result does not depend on.
  const terms = [...last.map(({ name }) => `tf.square(${name})`), ...floats.map((name) => `tf.sin(${name})`)];
  const joined = terms.map((term) => `tf.sum(${term})`).reduce((a, b) => `tf.add(${a}, ${b})`);
  const batch = batched ? ["const B = x0.shape[0];"] : [];
  const body = (result: string) => [...batch, ...lines, `return ${result};`].join("\n    ");
  const plain = `(${inputs}) => {\n    ${body(list(last.map(({ name }) => name)))}\n}`;
  const withGradients = `(${inputs}) => {
    const loss = (${floats}) => {\n    ${body(joined)}\n    };
    const { value, grads } = tf.valueAndGrads(loss)(${list(floats)});
    return [value, ...grads, ...(${plain})(${inputs})];
}`;
  const hasGradients = runs(withGradients, args) && ints.length < inputs.length;
  const text = hasGradients ? withGradients : plain;
  return { seed, text, fn: functionOf(text), args, hasGradients };
}

function compile(names: readonly string[], code: string): (...values: tf.Tensor[]) => unknown {
  const compiled = new Function("tf", ...names, `return ${code};`);
  return (...values) => compiled(tf, ...values);
}

function functionOf(text: string, ops: unknown = tf): RandomGraph["fn"] {
  return new Function("tf", `return ${text};`)(ops);
}

/** The function with results of every op that are off by some 1e-6 of them, as another machine's are. */
export function jittered({ text, seed }: RandomGraph): RandomGraph["fn"] {
  const next = generator(seed);
  const jitter = (result: unknown): unknown => {
    if (Array.isArray(result)) return result.map(jitter);
    if (!(result instanceof tf.Tensor) || result.dtype !== "float32") return result;
    const noise = Float32Array.from({ length: result.size }, () => 1 + 2e-6 * (next() - 0.5));
    return tf.mul(result, tf.tensor(noise, result.shape));
  };
  const wrap = (ops: object): object =>
    Object.fromEntries(
      Object.entries(ops).map(([name, op]) => {
        if (name === "image") return [name, wrap(op)];
        if (typeof op !== "function" || name === "valueAndGrads") return [name, op];
        return [name, (...args: unknown[]) => jitter(op(...args))];
      }),
    );
  return functionOf(text, wrap(tf));
}

/** Whether TensorFlow.js computes it, to numbers of an ordinary size. */
function runs(text: string, args: readonly ConstantTensor[]): boolean {
  try {
    return tf.tidy(() => {
      const tensors = args.map(({ data, shape, dtype }) => tf.tensor(data, [...shape], dtype));
      const results = functionOf(text)(...tensors) as tf.Tensor[];
      return results.every((result) => result.dataSync().every((value) => Math.abs(value) < 1e4));
    });
  } catch {
    return false;
  }
}
