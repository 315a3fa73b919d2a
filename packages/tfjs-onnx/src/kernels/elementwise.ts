import type { CastAttrs, ClipByValueAttrs, LeakyReluAttrs, StepAttrs } from "@tensorflow/tfjs-core";
import {
  add,
  broadcastShape,
  cast,
  compare,
  div,
  elementwise,
  mul,
  sameShape,
  scalarLike,
  sub,
  where,
} from "../build.ts";
import {
  type Attributes,
  type ElementType,
  type Graph,
  nodeOf,
  splat,
  splatOf,
  type Value,
} from "../graph.ts";
import { type KernelRecorder, kernel, listed } from "./kernel.ts";

/** One ONNX op on floats; integers are converted, as TensorFlow.js does. */
function unaryFloat(name: string, op: string, attributes: Attributes = {}): KernelRecorder {
  return kernel(name, (graph, { x }) =>
    elementwise(graph, op, [cast(graph, x, "float32")], "float32", attributes),
  );
}

/** One ONNX op on numbers of any type; a bool counts as 0 or 1. */
function unary(name: string, op: string): KernelRecorder {
  return kernel(name, (graph, { x }) => onNumber(graph, x, (number) => elementwise(graph, op, [number])));
}

/** Rounding leaves integers alone. */
function rounding(name: string, op: string): KernelRecorder {
  return kernel(name, (graph, { x }) => (x.type === "float32" ? elementwise(graph, op, [x]) : x));
}

function binary(name: string, op: string): KernelRecorder {
  return kernel(name, (graph, { a, b }) =>
    onNumbers(graph, a, b, (left, right) => elementwise(graph, op, [left, right])),
  );
}

function comparison(name: string, op: string): KernelRecorder {
  return kernel(name, (graph, { a, b }) =>
    elementwise(graph, op, [asNumber(graph, a), asNumber(graph, b)], "bool"),
  );
}

function logical(name: string, op: string): KernelRecorder {
  return kernel(name, (graph, { a, b }) =>
    elementwise(
      graph,
      op,
      [a, b].map((side) => cast(graph, side, "bool")),
      "bool",
    ),
  );
}

/** What is not a number is asked of floats only. */
function classify(name: string, test: (graph: Graph, x: Value) => Value): KernelRecorder {
  return kernel(name, (graph, { x }) => test(graph, cast(graph, x, "float32")));
}

function isNan(graph: Graph, x: Value): Value {
  return elementwise(graph, "IsNaN", [x], "bool");
}

function isInf(graph: Graph, x: Value): Value {
  return elementwise(graph, "IsInf", [x], "bool");
}

function not(graph: Graph, x: Value): Value {
  return elementwise(graph, "Not", [x], "bool");
}

/** A bool as an integer: ONNX does no arithmetic on bools. */
export function asNumber(graph: Graph, x: Value): Value {
  return x.type === "bool" ? cast(graph, x, "int32") : x;
}

function onNumber(graph: Graph, x: Value, compute: (number: Value) => Value): Value {
  const result = compute(asNumber(graph, x));
  return x.type === "bool" ? cast(graph, result, "bool") : result;
}

function onNumbers(graph: Graph, a: Value, b: Value, compute: (left: Value, right: Value) => Value): Value {
  return onNumber(graph, a, (left) => compute(left, asNumber(graph, b)));
}

/** A divisor that no integer division stumbles over: 0 becomes 1, and the quotient is to be put right. */
function safeDivisor(graph: Graph, b: Value): { divisor: Value; isZero: Value | undefined } {
  const known = splatOf(b);
  if (known !== undefined && known !== 0) return { divisor: b, isZero: undefined };
  const isZero = compare(graph, "Equal", b, scalarLike(graph, b, 0));
  return { divisor: where(graph, isZero, scalarLike(graph, b, 1), b), isZero };
}

function zeroWhere(graph: Graph, condition: Value | undefined, x: Value): Value {
  return condition === undefined ? x : where(graph, condition, scalarLike(graph, x, 0), x);
}

/** a / b; of integers, towards zero, and 0 where b is 0. */
function divide(graph: Graph, a: Value, b: Value): Value {
  if (a.type === "float32") return div(graph, a, b);
  const { divisor, isZero } = safeDivisor(graph, b);
  return zeroWhere(graph, isZero, div(graph, a, divisor));
}

/** ⌊a / b⌋, always an integer; of integers, 0 where b is 0. */
function floorDivide(graph: Graph, a: Value, b: Value): Value {
  if (a.type === "float32") return cast(graph, elementwise(graph, "Floor", [div(graph, a, b)]), "int32");
  const { divisor, isZero } = safeDivisor(graph, b);
  const quotient = div(graph, a, divisor);
  const rest = sub(graph, a, mul(graph, quotient, divisor));
  const zero = scalarLike(graph, rest, 0);
  const signsDiffer = elementwise(
    graph,
    "Xor",
    [compare(graph, "Less", rest, zero), compare(graph, "Less", divisor, zero)],
    "bool",
  );
  const hasRest = not(graph, compare(graph, "Equal", rest, zero));
  const down = elementwise(graph, "And", [hasRest, signsDiffer], "bool");
  return zeroWhere(graph, isZero, sub(graph, quotient, cast(graph, down, a.type)));
}

/** a modulo b, of the sign of b. */
function modulo(graph: Graph, a: Value, b: Value): Value {
  if (a.type !== "float32") {
    const { divisor, isZero } = safeDivisor(graph, b);
    return zeroWhere(graph, isZero, elementwise(graph, "Mod", [a, divisor]));
  }
  const rest = elementwise(graph, "Mod", [a, b], a.type, { fmod: 1 });
  const zero = scalarLike(graph, a, 0);
  const signsDiffer = elementwise(
    graph,
    "Xor",
    [compare(graph, "Less", a, zero), compare(graph, "Less", b, zero)],
    "bool",
  );
  const wrapped = elementwise(graph, "Mod", [add(graph, rest, b), b], a.type, { fmod: 1 });
  return where(graph, signsDiffer, wrapped, rest);
}

/** eˣ − 1, by its series near 0, where the difference would lose digits. */
function expm1(graph: Graph, x: Value): Value {
  const one = scalarLike(graph, x, 1);
  const series = [1 / 24, 1 / 6, 1 / 2].reduce(
    (sum, coefficient) => add(graph, mul(graph, sum, x), scalarLike(graph, x, coefficient)),
    scalarLike(graph, x, 1 / 120),
  );
  const near = mul(graph, x, add(graph, mul(graph, series, x), one));
  const isNear = compare(graph, "Less", elementwise(graph, "Abs", [x]), scalarLike(graph, x, 0.1));
  return where(graph, isNear, near, sub(graph, elementwise(graph, "Exp", [x]), one));
}

/**
 * log(1 + x), where 1 + x is rounded put right by the factor x / ((1 + x) − 1) (Goldberg 1991, theorem 4).
 */
function log1p(graph: Graph, x: Value): Value {
  const one = scalarLike(graph, x, 1);
  const shifted = add(graph, x, one);
  const log = elementwise(graph, "Log", [shifted]);
  const lost = compare(graph, "Equal", shifted, one);
  const infinite = isInf(graph, shifted);
  const exact = mul(graph, log, div(graph, x, sub(graph, shifted, one)));
  return where(graph, lost, x, where(graph, infinite, log, exact));
}

/** The angle of (b, a), in (−π, π]. */
function atan2(graph: Graph, a: Value, b: Value): Value {
  const zero = scalarLike(graph, a, 0);
  const angle = elementwise(graph, "Atan", [div(graph, a, b)]);
  const up = compare(graph, "Less", a, zero);
  const half = where(graph, up, splat(graph, -Math.PI, "float32"), splat(graph, Math.PI, "float32"));
  const left = add(graph, angle, half);
  const quarter = mul(graph, elementwise(graph, "Sign", [a]), splat(graph, Math.PI / 2, "float32"));
  const offAxis = where(graph, compare(graph, "Less", b, zero), left, angle);
  return where(graph, compare(graph, "Equal", b, zero), quarter, offAxis);
}

/** An activation that TensorFlow.js fuses with the op before it. */
export function activate(
  graph: Graph,
  x: Value,
  activation: string | null | undefined,
  slope: Value | undefined,
  alpha = 0.2,
): Value {
  switch (activation ?? "linear") {
    case "linear":
      return x;
    case "relu":
      return elementwise(graph, "Relu", [x]);
    case "relu6":
      return clip(graph, x, 0, 6);
    case "elu":
      return elementwise(graph, "Elu", [x]);
    case "sigmoid":
      return elementwise(graph, "Sigmoid", [x]);
    case "leakyrelu":
      return elementwise(graph, "LeakyRelu", [x], x.type, { alpha: { float: alpha } });
    case "prelu":
      if (slope !== undefined) return prelu(graph, x, slope);
      break;
  }
  throw new TypeError(`Unknown activation ${activation}`);
}

/** ONNX's slope broadcasts to x, and not x to it. */
function prelu(graph: Graph, x: Value, slope: Value): Value {
  const isWhole = sameShape(x.shape, broadcastShape([x.shape, slope.shape]));
  if (isWhole && splatOf(x) === undefined && nodeOf(x, "Expand") === undefined) {
    return elementwise(graph, "PRelu", [x, slope]);
  }
  const negative = compare(graph, "Less", x, scalarLike(graph, x, 0));
  return where(graph, negative, mul(graph, x, slope), x);
}

function clip(graph: Graph, x: Value, low: number, high: number): Value {
  return elementwise(graph, "Clip", [x, scalarLike(graph, x, low), scalarLike(graph, x, high)]);
}

/** Chooses by element, of two types the wider; ONNX's Where takes two of one type, and has no bools. */
function select(graph: Graph, condition: Value, yes: Value, no: Value): Value {
  const type = wider(yes.type, no.type);
  const number = type === "bool" ? "int32" : type;
  const [first, second] = [
    cast(graph, asNumber(graph, yes), number),
    cast(graph, asNumber(graph, no), number),
  ];
  return cast(graph, where(graph, cast(graph, condition, "bool"), first, second), type);
}

/** The type that holds what is of either, as TensorFlow.js has it. */
function wider(left: ElementType, right: ElementType): ElementType {
  return (["float32", "int32"] as const).find((type) => left === type || right === type) ?? left;
}

export const elementwiseKernels: readonly KernelRecorder[] = [
  unary("Abs", "Abs"),
  unary("Neg", "Neg"),
  unary("Sign", "Sign"),
  rounding("Ceil", "Ceil"),
  rounding("Floor", "Floor"),
  rounding("Round", "Round"),
  unaryFloat("Acos", "Acos"),
  unaryFloat("Acosh", "Acosh"),
  unaryFloat("Asin", "Asin"),
  unaryFloat("Asinh", "Asinh"),
  unaryFloat("Atan", "Atan"),
  unaryFloat("Atanh", "Atanh"),
  unaryFloat("Cos", "Cos"),
  unaryFloat("Cosh", "Cosh"),
  unaryFloat("Elu", "Elu"),
  unaryFloat("Erf", "Erf"),
  unaryFloat("Exp", "Exp"),
  unaryFloat("Log", "Log"),
  unaryFloat("Reciprocal", "Reciprocal"),
  unaryFloat("Selu", "Selu"),
  unaryFloat("Sigmoid", "Sigmoid"),
  unaryFloat("Sin", "Sin"),
  unaryFloat("Sinh", "Sinh"),
  unaryFloat("Softplus", "Softplus"),
  unaryFloat("Sqrt", "Sqrt"),
  unaryFloat("Tan", "Tan"),
  unaryFloat("Tanh", "Tanh"),
  kernel("Expm1", (graph, { x }) => expm1(graph, cast(graph, x, "float32"))),
  kernel("Log1p", (graph, { x }) => log1p(graph, cast(graph, x, "float32"))),
  kernel("Relu", (graph, { x }) => onNumber(graph, x, (number) => elementwise(graph, "Relu", [number]))),
  kernel("Relu6", (graph, { x }) => onNumber(graph, x, (number) => clip(graph, number, 0, 6))),
  kernel("Rsqrt", (graph, { x }) =>
    elementwise(graph, "Reciprocal", [elementwise(graph, "Sqrt", [cast(graph, x, "float32")])]),
  ),
  kernel("Square", (graph, { x }) => onNumber(graph, x, (number) => mul(graph, number, number))),
  kernel("LeakyRelu", (graph, { x }, { alpha }: LeakyReluAttrs) =>
    activate(graph, cast(graph, x, "float32"), "leakyrelu", undefined, alpha),
  ),
  kernel("Prelu", (graph, { x, alpha }) => prelu(graph, x, alpha)),
  kernel("Step", (graph, { x }, { alpha }: StepAttrs) => {
    const positive = compare(graph, "Greater", x, scalarLike(graph, x, 0));
    const one = scalarLike(graph, x, 1);
    return alpha === 0
      ? cast(graph, positive, x.type)
      : where(graph, positive, one, scalarLike(graph, x, alpha));
  }),
  kernel("EluGrad", (graph, { dy, y }) => {
    const zero = scalarLike(graph, y, 0);
    const slope = add(graph, elementwise(graph, "Min", [y, zero]), scalarLike(graph, y, 1));
    return mul(graph, dy, slope);
  }),
  kernel("ClipByValue", (graph, { x }, { clipValueMin, clipValueMax }: ClipByValueAttrs) =>
    clip(graph, x, clipValueMin, clipValueMax),
  ),
  classify("IsNan", isNan),
  classify("IsInf", isInf),
  classify("IsFinite", (graph, x) =>
    not(graph, elementwise(graph, "Or", [isNan(graph, x), isInf(graph, x)], "bool")),
  ),
  kernel("Cast", (graph, { x }, { dtype }: CastAttrs) => cast(graph, x, dtype as ElementType)),

  binary("Add", "Add"),
  binary("Sub", "Sub"),
  binary("Multiply", "Mul"),
  binary("Maximum", "Max"),
  binary("Minimum", "Min"),
  binary("Pow", "Pow"),
  kernel("AddN", (graph, inputs) => {
    const [first, ...rest] = listed(inputs);
    return rest.reduce((sum, part) => add(graph, sum, part), first!);
  }),
  kernel("RealDiv", (graph, { a, b }) => onNumbers(graph, a, b, (left, right) => divide(graph, left, right))),
  kernel("FloorDiv", (graph, { a, b }) =>
    onNumbers(graph, a, b, (left, right) => floorDivide(graph, left, right)),
  ),
  kernel("Mod", (graph, { a, b }) => onNumbers(graph, a, b, (left, right) => modulo(graph, left, right))),
  kernel("SquaredDifference", (graph, { a, b }) =>
    onNumbers(graph, a, b, (left, right) => {
      const difference = sub(graph, left, right);
      return mul(graph, difference, difference);
    }),
  ),
  kernel("Atan2", (graph, { a, b }) => atan2(graph, cast(graph, a, "float32"), cast(graph, b, "float32"))),

  comparison("Equal", "Equal"),
  comparison("Greater", "Greater"),
  comparison("GreaterEqual", "GreaterOrEqual"),
  comparison("Less", "Less"),
  comparison("LessEqual", "LessOrEqual"),
  kernel("NotEqual", (graph, { a, b }) =>
    not(graph, elementwise(graph, "Equal", [asNumber(graph, a), asNumber(graph, b)], "bool")),
  ),
  logical("LogicalAnd", "And"),
  logical("LogicalOr", "Or"),
  kernel("LogicalNot", (graph, { x }) => not(graph, cast(graph, x, "bool"))),
  kernel("Select", (graph, { condition, t, e }) => select(graph, condition, t, e)),
];
