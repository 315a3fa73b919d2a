import { fixedExp, fixedSigmoid, fixedTanh } from "@slicebook/base";
import { inputOf, type Kernel, outputOf } from "./kernel.ts";
import { broadcastStrides, elementOffsets, type Operand, type Values } from "./values.ts";

/*
 * Each result is computed in float64 and rounded as it is stored. For a sum, product, quotient or square root of
 * float32 numbers that is the float32 operation of IEEE 754, bit for bit.
 */

const ONE: Readonly<Record<string, (x: number) => number>> = {
  Abs: (x) => Math.abs(x),
  Cast: (x) => x,
  Ceil: (x) => Math.ceil(x),
  Exp: fixedExp,
  Floor: (x) => Math.floor(x),
  Neg: (x) => -x,
  Not: (x) => (x === 0 ? 1 : 0),
  Reciprocal: (x) => 1 / x,
  Relu: (x) => Math.max(x, 0),
  Sigmoid: fixedSigmoid,
  Sign: (x) => Math.sign(x),
  Sqrt: (x) => Math.sqrt(x),
  Tanh: fixedTanh,
};

const TWO: Readonly<Record<string, (x: number, y: number) => number>> = {
  And: (x, y) => x & y,
  Div: (x, y) => x / y,
  Equal: (x, y) => (x === y ? 1 : 0),
  Greater: (x, y) => (x > y ? 1 : 0),
  GreaterOrEqual: (x, y) => (x >= y ? 1 : 0),
  Less: (x, y) => (x < y ? 1 : 0),
  LessOrEqual: (x, y) => (x <= y ? 1 : 0),
  Max: (x, y) => Math.max(x, y),
  Min: (x, y) => Math.min(x, y),
  Or: (x, y) => x | y,
  Sub: (x, y) => x - y,
  Xor: (x, y) => x ^ y,
};

export const elementwiseKernels: Readonly<Record<string, Kernel>> = {
  ...Object.fromEntries(Object.entries(ONE).map(([op, compute]) => [op, ofOne(compute)])),
  ...Object.fromEntries(
    Object.entries(TWO).map(([op, compute]) => [op, ofTwo((x, y, out) => broadcast(x, y, out, compute))]),
  ),
  // These two are most of what there is: in loops of their own, which a compiler makes fast.
  Add: ofTwo((x, y, out) => {
    for (let at = 0; at < out.length; at++) out[at] = x.values[x.at[at]!]! + y.values[y.at[at]!]!;
  }),
  Mul: ofTwo((x, y, out) => {
    for (let at = 0; at < out.length; at++) out[at] = x.values[x.at[at]!]! * y.values[y.at[at]!]!;
  }),
  Mod: (node) =>
    // With `fmod` the sign is that of the dividend, else that of the divisor.
    ofTwo((x, y, out) =>
      broadcast(
        x,
        y,
        out,
        node.attributes.fmod === 1
          ? (a, b) => a % b
          : (a, b) => (a % b !== 0 && a < 0 !== b < 0 ? (a % b) + b : a % b),
      ),
    )(node),
  Where: (node) => {
    const out = outputOf(node);
    const { shape } = node.outputs[0]!;
    const [condition, yes, no] = [0, 1, 2].map((index) => spread(inputOf(node, index), shape)) as [
      Spread,
      Spread,
      Spread,
    ];
    return {
      outputs: [out],
      run: () => {
        for (let at = 0; at < out.length; at++) {
          const chosen = condition.values[condition.at[at]!] === 0 ? no : yes;
          out[at] = chosen.values[chosen.at[at]!]!;
        }
      },
    };
  },
};

/** Values that broadcast: for each element of the result the place of its own. */
interface Spread {
  readonly values: Values;
  readonly at: Int32Array;
}

function spread({ values, shape }: Operand, to: readonly number[]): Spread {
  return { values, at: elementOffsets(to, broadcastStrides(shape, to)) };
}

function ofOne(compute: (x: number) => number): Kernel {
  return (node) => {
    const { values } = inputOf(node, 0);
    const out = outputOf(node);
    // A number becomes a bool by not being 0.
    const isBool = node.op === "Cast" && node.outputs[0]!.type === "bool";
    const run = () => {
      for (let at = 0; at < out.length; at++) out[at] = compute(values[at]!);
    };
    const runToBool = () => {
      for (let at = 0; at < out.length; at++) out[at] = values[at] === 0 ? 0 : 1;
    };
    return { outputs: [out], run: isBool ? runToBool : run };
  };
}

function ofTwo(compute: (x: Spread, y: Spread, out: Values) => void): Kernel {
  return (node) => {
    const out = outputOf(node);
    const { shape } = node.outputs[0]!;
    const [x, y] = [spread(inputOf(node, 0), shape), spread(inputOf(node, 1), shape)];
    return { outputs: [out], run: () => compute(x, y, out) };
  };
}

function broadcast(x: Spread, y: Spread, out: Values, compute: (x: number, y: number) => number): void {
  for (let at = 0; at < out.length; at++) out[at] = compute(x.values[x.at[at]!]!, y.values[y.at[at]!]!);
}
