import { chunksOf } from "./chunks.ts";
import {
  type Attributes,
  constant,
  type ElementType,
  emitOne,
  type Graph,
  int64s,
  known,
  nodeOf,
  sidesOf,
  sizeOfValue,
  splat,
  splatOf,
  type Value,
} from "./graph.ts";
import { sizeOf } from "./spec.ts";

/*
 * Constructors that keep the graph small as it grows. TensorFlow.js is NHWC and ONNX's convolutions NCHW, so
 * every convolution is wrapped in transposes; these constructors push each transpose (and each broadcast)
 * towards the outputs, through whatever commutes with it, until it meets its inverse and both vanish.
 */

/** The axis order that makes NCHW of NHWC. */
export const toChannelsFirst: readonly number[] = [0, 3, 1, 2];
/** The axis order that makes NHWC of NCHW. */
export const toChannelsLast: readonly number[] = [0, 2, 3, 1];

type Fold = (...operands: number[]) => number;

const folds: Readonly<Record<string, Fold>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Neg: (a) => -a,
  Max: Math.max,
  Min: Math.min,
};
const floatFolds: Readonly<Record<string, Fold>> = {
  ...folds,
  Div: (a, b) => a / b,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
};
// The operand, from the left, that leaves the other one as it is.
const neutral: Readonly<Record<string, readonly (number | undefined)[]>> = {
  Add: [0, 0],
  Sub: [undefined, 0],
  Mul: [1, 1],
  Div: [undefined, 1],
};

/** The shape that NumPy's rules give to operands of these shapes; throws if they give none. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((side, axis) => {
      const at = rank - shape.length + axis;
      if (side !== 1 && out[at] !== 1 && out[at] !== side) {
        const listed = shapes.map((sides) => `[${sides.join(", ")}]`).join(" and ");
        throw new RangeError(`operands of shapes ${listed} do not broadcast`);
      }
      if (side !== 1) out[at] = side;
    });
  }
  return out;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

/** An op that acts on each element alone and broadcasts its operands. */
export function elementwise(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType = operands[0]!.type,
  attributes: Attributes = {},
): Value {
  const shape = broadcastShape(operands.map((operand) => operand.shape));

  const folded = fold(graph, op, operands, type, shape);
  if (folded !== undefined) return folded;

  const narrow = operands.map((operand) => unbroadcast(graph, operand));
  const narrowShape = broadcastShape(narrow.map((operand) => operand.shape));
  if (!sameShape(narrowShape, shape)) {
    // Every operand of full shape is a broadcast: computed before it, the op touches fewer elements.
    return expand(graph, elementwise(graph, op, narrow, type, attributes), shape);
  }

  return (
    sinkTranspose(graph, op, narrow, type, attributes, shape) ??
    combine(graph, op, narrow, type, attributes, shape)
  );
}

/** The node itself, or what already is its result. */
function combine(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType,
  attributes: Attributes,
  shape: readonly number[],
): Value {
  const same = neutral[op]?.findIndex(
    (item, index) => item !== undefined && splatOf(operands[index]!) === item,
  );
  if (same !== undefined && same >= 0) {
    const other = operands[1 - same]!;
    if (sameShape(other.shape, shape) && other.type === type) return other;
  }

  // x > 0 where relu(x) > 0, and then nothing but its Relu needs x: one tensor less, and ONNX Runtime fuses
  // the two.
  const rectified =
    op === "Greater" && splatOf(operands[1]!) === 0 ? known(graph, "Relu", operands[0]!) : undefined;
  const inputs = rectified === undefined ? operands : [rectified, operands[1]];
  return emitOne(graph, op, inputs, attributes, type, shape);
}

export function cast(graph: Graph, x: Value, type: ElementType): Value {
  if (x.type === type) return x;
  const value = splatOf(x);
  if (value !== undefined && Number.isFinite(value)) {
    return splat(graph, type === "float32" || type === "bool" ? value : Math.trunc(value), type, x.shape);
  }
  return elementwise(graph, "Cast", [x], type, { to: onnxType(type) });
}

/** ONNX's number for an element type (`TensorProto.DataType`). */
export function onnxType(type: ElementType): number {
  return { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 }[type];
}

export function add(graph: Graph, a: Value, b: Value): Value {
  return elementwise(graph, "Add", [a, b]);
}

export function sub(graph: Graph, a: Value, b: Value): Value {
  return elementwise(graph, "Sub", [a, b]);
}

export function mul(graph: Graph, a: Value, b: Value): Value {
  return elementwise(graph, "Mul", [a, b]);
}

export function div(graph: Graph, a: Value, b: Value): Value {
  return elementwise(graph, "Div", [a, b]);
}

export function compare(graph: Graph, op: "Equal" | "Greater" | "Less", a: Value, b: Value): Value {
  return elementwise(graph, op, [a, b], "bool");
}

export function where(graph: Graph, condition: Value, yes: Value, no: Value): Value {
  return elementwise(graph, "Where", [condition, yes, no], yes.type);
}

/** A scalar of the same type as `like`. */
export function scalarLike(graph: Graph, like: Value, value: number): Value {
  return splat(graph, value, like.type);
}

export function expand(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  const value = splatOf(x);
  if (value !== undefined) return splat(graph, value, x.type, shape);
  const source = beneath(x, "Expand") ?? x;
  if (sizeOfValue(source) === sizeOf(shape)) return reshape(graph, source, shape);
  return emitOne(graph, "Expand", [source, int64s(graph, shape)], {}, x.type, shape);
}

export function transpose(graph: Graph, x: Value, order: readonly number[]): Value {
  if (order.every((axis, index) => axis === index)) return x;
  const shape = order.map((axis) => x.shape[axis]!);

  const value = splatOf(x);
  if (value !== undefined) return splat(graph, value, x.type, shape);

  const before = transposed(x);
  if (before !== undefined) {
    return transpose(
      graph,
      before.source,
      order.map((axis) => before.order[axis]!),
    );
  }

  const broadcast = beneath(x, "Expand");
  if (broadcast !== undefined) {
    const small = padRank(graph, broadcast, x.shape.length);
    return expand(graph, transpose(graph, small, order), shape);
  }

  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, index) => index === 0 || axis > moved[index - 1]!)) return reshape(graph, x, shape);

  return transposeNode(graph, x, order);
}

/** A transpose that stays where it is. */
export function transposeNode(graph: Graph, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis]!);
  return emitOne(graph, "Transpose", [x], { perm: order }, x.type, shape);
}

export function reshape(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;

  const value = splatOf(x);
  if (value !== undefined) return splat(graph, value, x.type, shape);

  const before = beneath(x, "Reshape");
  if (before !== undefined) return reshape(graph, before, shape);

  const broadcast = beneath(x, "Expand");
  if (broadcast !== undefined && sizeOfValue(broadcast) === 1) {
    return expand(graph, reshape(graph, broadcast, []), shape);
  }

  const sunk = sinkTransposeThroughReshape(graph, x, shape);
  if (sunk !== undefined) return sunk;

  return reshapeNode(graph, x, shape);
}

/** A reshape that no transpose is pushed through. */
export function reshapeNode(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  // Without `allowzero` a 0 would mean "as before".
  const attributes: Attributes = shape.includes(0) ? { allowzero: 1 } : {};
  return emitOne(graph, "Reshape", [x, int64s(graph, shape)], attributes, x.type, shape);
}

/** Reshapes to a higher rank by ones in front. */
function padRank(graph: Graph, x: Value, rank: number): Value {
  return reshape(graph, x, [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
}

export type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd";

export function reduce(
  graph: Graph,
  op: Reduction,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  const sorted = [...new Set(axes)].sort((a, b) => a - b);
  if (sorted.length === 0) return x;
  const kept = x.shape.map((side, axis) => (sorted.includes(axis) ? 1 : side));
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !sorted.includes(axis));

  if (sizeOfValue(x) > 0 && sorted.every((axis) => x.shape[axis] === 1)) return reshape(graph, x, shape);

  const narrow = unbroadcast(graph, x);
  if (narrow !== x && sizeOfValue(x) > 0 && op !== "ReduceProd") {
    const small = padRank(graph, narrow, x.shape.length);
    const longAxes = sorted.filter((axis) => small.shape[axis] !== 1);
    const times = sizeOf(sorted.filter((axis) => small.shape[axis] === 1).map((axis) => x.shape[axis]!));
    const once = reduce(graph, op, small, longAxes, true);
    const total = op === "ReduceSum" ? mul(graph, once, scalarLike(graph, once, times)) : once;
    return reshape(graph, expand(graph, total, kept), shape);
  }

  const before = transposed(x);
  if (before !== undefined) {
    const { source, order } = before;
    const reduced = reduce(
      graph,
      op,
      source,
      sorted.map((axis) => order[axis]!),
      true,
    );
    return reshape(graph, transpose(graph, reduced, order), shape);
  }

  const staged = graph.target === "webgpu" ? stages(graph, op, x, sorted) : undefined;
  if (staged !== undefined) return reshape(graph, staged, shape);

  const keepdims = Number(keepDims);
  return op === "ReduceSum"
    ? emitOne(graph, op, [x, int64s(graph, sorted)], { keepdims }, x.type, shape)
    : emitOne(graph, op, [x], { axes: sorted, keepdims }, x.type, shape);
}

/** What one thread of ONNX Runtime's WebGPU reductions takes in a row, and 64 of them share a result. */
const longReduction = 8192;
/** With this many results the card is busy all the same. */
const manyResults = 1024;

/**
 * A large reduction to few numbers in two steps: in one, a group of threads has each result, and most of the card nothing to do.
 * Undefined where that does not matter, or nothing can be split.
 */
function stages(graph: Graph, op: Reduction, x: Value, axes: readonly number[]): Value | undefined {
  const reduced = sizeOf(axes.map((axis) => x.shape[axis]!));
  if (reduced < longReduction || sizeOfValue(x) / reduced >= manyResults) return undefined;
  const whole = axes.length === x.shape.length;
  const flat = whole ? reshape(graph, x, [reduced]) : x;
  const [first, ...rest] = whole ? [0] : axes;
  if (first === undefined) return undefined;
  if (rest.length > 0) return reduce(graph, op, reduce(graph, op, flat, rest, true), [first], true);
  const side = flat.shape[first]!;
  const groups = chunksOf("webgpu", 1, side, 2 ** 10).count;
  if (groups === 1) return undefined;
  const split = [...flat.shape.slice(0, first), groups, side / groups, ...flat.shape.slice(first + 1)];
  const parts = reduce(graph, op, reshape(graph, flat, split), [first + 1], false);
  return reduce(graph, op, parts, [first], true);
}

/**
 * `x[start:end:step]` for each axis, with JavaScript's idea of them: 0 ≤ start, and end may be −1 going down.
 */
export function slice(
  graph: Graph,
  x: Value,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Value {
  const value = splatOf(x);
  if (value !== undefined) return splat(graph, value, x.type, sizes);

  const before = transposed(x);
  if (before !== undefined) {
    const { source, order } = before;
    const back = inverse(order);
    const pick = (items: readonly number[]) => back.map((axis) => items[axis]!);
    return transpose(graph, slice(graph, source, pick(starts), pick(sizes), pick(steps)), order);
  }
  return sliceNode(graph, x, starts, sizes, steps);
}

/** A slice that no transpose is pushed through. */
export function sliceNode(
  graph: Graph,
  x: Value,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): Value {
  if (sameShape(x.shape, sizes) && steps.every((step) => step === 1)) return x;
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => sizes[axis] !== x.shape[axis] || steps[axis] !== 1);
  const ends = axes.map((axis) => {
    const end = starts[axis]! + sizes[axis]! * steps[axis]!;
    // A negative end would count from the back.
    return end < 0 ? -(x.shape[axis]! + 1) : end;
  });
  const inputs = [
    x,
    int64s(
      graph,
      axes.map((axis) => starts[axis]!),
    ),
    int64s(graph, ends),
    int64s(graph, axes),
  ];
  const strided = axes.map((axis) => steps[axis]!);
  if (strided.some((step) => step !== 1)) inputs.push(int64s(graph, strided));
  return emitOne(graph, "Slice", inputs, {}, x.type, sizes);
}

/** Constant padding: `[before, after]` for each axis. */
export function pad(
  graph: Graph,
  x: Value,
  paddings: readonly (readonly [number, number])[],
  value: number,
): Value {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((side, axis) => side + paddings[axis]![0] + paddings[axis]![1]);
  if (splatOf(x) === value) return splat(graph, value, x.type, shape);

  const before = transposed(x);
  if (before !== undefined) {
    const { source, order } = before;
    const padded = pad(
      graph,
      source,
      inverse(order).map((axis) => paddings[axis]!),
      value,
    );
    return transpose(graph, padded, order);
  }
  return padNode(graph, x, paddings, value);
}

/** A border that no transpose is pushed through. */
export function padNode(
  graph: Graph,
  x: Value,
  paddings: readonly (readonly [number, number])[],
  value: number,
): Value {
  const shape = x.shape.map((side, axis) => side + paddings[axis]![0] + paddings[axis]![1]);
  const pads = int64s(graph, [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
  return emitOne(graph, "Pad", [x, pads, scalarLike(graph, x, value)], {}, x.type, shape);
}

export function concat(graph: Graph, parts: readonly Value[], axis: number): Value {
  const full = parts.filter((part) => part.shape[axis] !== 0);
  const [first] = full;
  if (first === undefined) return parts[0]!;
  if (full.length === 1) return first;
  const shape = first.shape.map((side, at) =>
    at === axis ? full.reduce((sum, part) => sum + part.shape[axis]!, 0) : side,
  );
  const value = splatOf(first);
  if (value !== undefined && full.every((part) => splatOf(part) === value)) {
    return splat(graph, value, first.type, shape);
  }

  const order = full.map(transposed).find((before) => before !== undefined)?.order;
  if (order !== undefined) {
    const back = inverse(order);
    const moved = full.map((part) => transpose(graph, part, back));
    if (isActivationOrder(order) || moved.every((part) => transposed(part) === undefined)) {
      // Not through concat again: parts in two different orders would take turns for ever.
      const movedShape = back.map((at) => shape[at]!);
      return transpose(
        graph,
        emitOne(graph, "Concat", moved, { axis: order[axis]! }, first.type, movedShape),
        order,
      );
    }
  }
  return emitOne(graph, "Concat", full, { axis }, first.type, shape);
}

export function gather(graph: Graph, x: Value, indices: Value, axis: number): Value {
  // One row, and that is taken.
  if (x.shape[axis] === 1 && splatOf(indices) === 0 && sizeOfValue(indices) === 1) {
    return reshape(graph, x, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
  }
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return emitOne(graph, "Gather", [x, indices], { axis }, x.type, shape);
}

/** A constant list of int32, for `Gather`. */
export function int32s(graph: Graph, items: readonly number[]): Value {
  return constant(graph, Int32Array.from(items), "int32", [items.length]);
}

/** The product of matrices `[m, k] × [k, n]`, either one given transposed. */
export function gemm(graph: Graph, a: Value, b: Value, transA: boolean, transB: boolean): Value {
  let [left, right, flipA, flipB] = [a, b, transA, transB];
  // Gemm transposes as it reads.
  const beforeA = beneath(left, "Transpose");
  if (beforeA !== undefined) [left, flipA] = [beforeA, !flipA];
  const beforeB = beneath(right, "Transpose");
  if (beforeB !== undefined) [right, flipB] = [beforeB, !flipB];
  const rows = sidesOf(left, 2)[flipA ? 1 : 0];
  const columns = sidesOf(right, 2)[flipB ? 0 : 1];
  if (a.type !== "float32") {
    const product = [
      flipA ? transpose(graph, left, [1, 0]) : left,
      flipB ? transpose(graph, right, [1, 0]) : right,
    ];
    return emitOne(graph, "MatMul", product, {}, a.type, [rows, columns]);
  }
  const terms = sidesOf(left, 2)[flipA ? 0 : 1];
  const chunks = graph.target === "cpu" ? undefined : chunksOf(graph.target, 1, terms, rows * columns);
  if (chunks !== undefined && chunks.count > 1) {
    const { count, length } = chunks;
    const parts = [
      flipA
        ? transpose(graph, reshape(graph, left, [count, length, rows]), [0, 2, 1])
        : transpose(graph, reshape(graph, left, [rows, count, length]), [1, 0, 2]),
      flipB
        ? transpose(graph, reshape(graph, right, [columns, count, length]), [1, 2, 0])
        : reshape(graph, right, [count, length, columns]),
    ];
    const products = emitOne(graph, "MatMul", parts, {}, a.type, [count, rows, columns]);
    return reduce(graph, "ReduceSum", products, [0], false);
  }
  const attributes: Attributes = { ...(flipA ? { transA: 1 } : {}), ...(flipB ? { transB: 1 } : {}) };
  return emitOne(graph, "Gemm", [left, right], attributes, a.type, [rows, columns]);
}

function inverse(order: readonly number[]): number[] {
  const back = new Array<number>(order.length);
  order.forEach((axis, index) => {
    back[axis] = index;
  });
  return back;
}

/** The first input of the node that makes `x`, if it is one of this op. */
function beneath(x: Value, op: string): Value | undefined {
  return nodeOf(x, op)?.inputs[0];
}

/** What `x` is a transpose of, and how. */
export function transposed(x: Value): { source: Value; order: readonly number[] } | undefined {
  const source = beneath(x, "Transpose");
  const order = nodeOf(x, "Transpose")?.attributes.perm;
  return source !== undefined && Array.isArray(order) ? { source, order } : undefined;
}

/** Transposes that leave the batch in front are of activations: large, and on their way to a convolution. */
function isActivationOrder(order: readonly number[]): boolean {
  return order.length > 2 && order[0] === 0;
}

function unbroadcast(graph: Graph, x: Value): Value {
  const value = splatOf(x);
  if (value !== undefined) return splat(graph, value, x.type);
  return beneath(x, "Expand") ?? x;
}

function fold(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType,
  shape: readonly number[],
): Value | undefined {
  const compute = type === "float32" ? floatFolds[op] : type === "int32" ? folds[op] : undefined;
  if (compute === undefined) return undefined;
  const numbers = operands.map(splatOf);
  if (!numbers.every((number) => number !== undefined)) return undefined;
  const result = compute(...numbers);
  if (type === "int32" && !Number.isSafeInteger(result)) return undefined;
  return splat(graph, type === "int32" ? result | 0 : result, type, shape);
}

function sinkTranspose(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType,
  attributes: Attributes,
  shape: readonly number[],
): Value | undefined {
  const order = operands
    .filter((operand) => sameShape(operand.shape, shape))
    .map(transposed)
    .find((before) => before !== undefined)?.order;
  if (order === undefined) return undefined;
  // Gradients of weights meet weights in the model's own order: they are turned once, and stay.
  const large = operands.filter((operand) => sizeOfValue(operand) > 1);
  if (large.length > 1 && !isActivationOrder(order)) return undefined;
  const back = inverse(order);
  const moved: Value[] = [];
  for (const operand of operands) {
    if (sizeOfValue(operand) === 1) {
      moved.push(operand);
      continue;
    }
    moved.push(transpose(graph, padRank(graph, operand, shape.length), back));
  }
  // Not through elementwise again: operands in two different orders would take turns for ever.
  const movedShape = broadcastShape(moved.map((operand) => operand.shape));
  return transpose(graph, combine(graph, op, moved, type, attributes, movedShape), order);
}

/**
 * `reshape(transpose(y))` as `transpose(reshape(y))`, where the reshape splits axes or joins ones that y has
 * in a row.
 */
function sinkTransposeThroughReshape(graph: Graph, x: Value, shape: readonly number[]): Value | undefined {
  const before = transposed(x);
  if (before === undefined || shape.includes(0)) return undefined;
  const { source: y, order } = before;

  // Axes of one say nothing about the order of elements: the old ones are set aside.
  const from = order.filter((axis) => y.shape[axis] !== 1);
  const to = shape.filter((side) => side !== 1);
  // For each axis of y, which of the sides in `to` it becomes; joined axes leave theirs to the first of them.
  const becomes = new Map<number, number[]>();
  let [i, j] = [0, 0];
  while (i < from.length) {
    const first = from[i]!;
    const group = [first];
    const parts = [j];
    let [left, right] = [y.shape[first]!, to[j]!];
    i++;
    j++;
    while (left !== right) {
      if (left < right) {
        const axis = from[i++]!;
        group.push(axis);
        left *= y.shape[axis]!;
      } else {
        parts.push(j);
        right *= to[j++]!;
      }
    }
    if (!inARow(group, y.shape)) return undefined;
    becomes.set(first, parts);
  }

  // The new axes of one move with the axis they stand before.
  const ones: number[] = [0];
  for (const side of shape) {
    if (side === 1) ones[ones.length - 1]!++;
    else ones.push(0);
  }
  const sides: number[] = [];
  const axesOfPart: number[][] = ones.map(() => []);
  const addPart = (part: number): void => {
    for (let one = 0; one < ones[part]!; one++) axesOfPart[part]!.push(sides.push(1) - 1);
    if (part < to.length) axesOfPart[part]!.push(sides.push(to[part]!) - 1);
  };
  y.shape.forEach((_, axis) => {
    becomes.get(axis)?.forEach(addPart);
  });
  addPart(to.length);
  return transpose(graph, reshape(graph, y, sides), axesOfPart.flat());
}

function inARow(axes: readonly number[], shape: readonly number[]): boolean {
  return axes.every((axis, index) => {
    if (index === 0) return true;
    const previous = axes[index - 1]!;
    return axis > previous && shape.slice(previous + 1, axis).every((side) => side === 1);
  });
}
