import {
  type ArgMaxAttrs,
  type CumsumAttrs,
  type MaxAttrs,
  type SumAttrs,
  type TopKAttrs,
  util,
} from "@tensorflow/tfjs-core";
import { cast, compare, type Reduction, reduce, reshape, transpose, transposed, where } from "../build.ts";
import { constant, emit, emitOne, type Graph, int64s, splat, type Value } from "../graph.ts";
import { asNumber } from "./elementwise.ts";
import { type KernelRecorder, kernel, oneAxis } from "./kernel.ts";

type Axes = number | number[];

function reduction(name: string, op: Reduction): KernelRecorder {
  return kernel(name, (graph, { x }, { axis, keepDims }: SumAttrs) => reduced(graph, op, x, axis, keepDims));
}

function reduced(graph: Graph, op: Reduction, x: Value, axis: Axes, keepDims = false): Value {
  const axes = util.parseAxisParam(axis, [...x.shape]);
  const number = asNumber(graph, x);
  return reduce(graph, op, number, axes, keepDims);
}

/** All as the least, any as the greatest, of zeros and ones. */
function test(name: string, op: "ReduceMin" | "ReduceMax"): KernelRecorder {
  return kernel(name, (graph, { x }, { axis, keepDims }: SumAttrs) =>
    cast(graph, reduced(graph, op, cast(graph, x, "bool"), axis, keepDims), "bool"),
  );
}

function argument(name: "ArgMax" | "ArgMin"): KernelRecorder {
  return kernel(name, (graph, { x }, { axis }: ArgMaxAttrs) => {
    const at = oneAxis(axis, x);
    const number = asNumber(graph, x);
    if (graph.target === "webgpu")
      return firstIndex(graph, name === "ArgMax" ? "ReduceMax" : "ReduceMin", number, at);
    const { source, order } = transposed(number) ?? {
      source: number,
      order: number.shape.map((_, index) => index),
    };
    const along = order[at]!;
    const kept = source.shape.map((side, index) => (index === along ? 1 : side));
    const indices = emitOne(graph, name, [source], { axis: along, keepdims: 1 }, "int64", kept);
    const shape = x.shape.filter((_, index) => index !== at);
    return cast(graph, reshape(graph, transpose(graph, indices, order), shape), "int32");
  });
}

/**
 * The first index of the greatest or least value along an axis, for a provider that would take the int64 of `ArgMax` back to the
 * CPU; the last index where there are only NaNs.
 */
function firstIndex(graph: Graph, op: "ReduceMax" | "ReduceMin", x: Value, axis: number): Value {
  const count = x.shape[axis]!;
  const hits = compare(graph, "Equal", x, reduce(graph, op, x, [axis], true));
  const sides = x.shape.map((_, at) => (at === axis ? count : 1));
  const indices = constant(
    graph,
    Float32Array.from({ length: count }, (_, index) => index),
    "float32",
    sides,
  );
  const first = reduce(
    graph,
    "ReduceMin",
    where(graph, hits, indices, splat(graph, count - 1, "float32")),
    [axis],
    false,
  );
  return cast(graph, first, "int32");
}

export const reductionKernels: readonly KernelRecorder[] = [
  reduction("Sum", "ReduceSum"),
  reduction("Min", "ReduceMin"),
  reduction("Prod", "ReduceProd"),
  kernel("Max", (graph, { x }, { reductionIndices, keepDims }: MaxAttrs) =>
    reduced(graph, "ReduceMax", x, reductionIndices, keepDims),
  ),
  kernel("Mean", (graph, { x }, { axis, keepDims }: SumAttrs) =>
    reduced(graph, "ReduceMean", cast(graph, x, "float32"), axis, keepDims),
  ),
  test("All", "ReduceMin"),
  test("Any", "ReduceMax"),
  argument("ArgMax"),
  argument("ArgMin"),
  kernel("Softmax", (graph, { logits }, { dim }: { dim: number }) => {
    const axis = dim < 0 ? dim + logits.shape.length : dim;
    return emitOne(graph, "Softmax", [cast(graph, logits, "float32")], { axis }, "float32", logits.shape);
  }),
  kernel("Cumsum", (graph, { x }, { axis, exclusive, reverse }: CumsumAttrs) => {
    const number = asNumber(graph, x);
    const attributes = { ...(exclusive ? { exclusive: 1 } : {}), ...(reverse ? { reverse: 1 } : {}) };
    const at = oneAxis(axis, x);
    return emitOne(graph, "CumSum", [number, splat(graph, at, "int64")], attributes, number.type, x.shape);
  }),
  kernel("TopK", (graph, { x }, { k }: TopKAttrs) => {
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = emit(
      graph,
      "TopK",
      [x, int64s(graph, [k])],
      { axis: -1, largest: 1, sorted: 1 },
      [
        { type: x.type, shape },
        { type: "int64", shape },
      ],
    );
    return [values!, cast(graph, indices!, "int32")];
  }),
];
