import type { FillAttrs, LinSpaceAttrs, OneHotAttrs, RangeAttrs } from "@tensorflow/tfjs-core";
import { cast, compare, reshape, where } from "../build.ts";
import { constant, type ElementType, type Graph, splat, type Value } from "../graph.ts";
import { type KernelRecorder, kernel, UnsupportedError } from "./kernel.ts";

/** 0, 1, … `count` − 1. */
export function iota(graph: Graph, count: number): Value {
  return constant(
    graph,
    Int32Array.from({ length: count }, (_, index) => index),
    "int32",
    [count],
  );
}

export const creationKernels: readonly KernelRecorder[] = [
  kernel("Fill", (graph, _, { shape, value, dtype }: FillAttrs) => {
    if (typeof value === "string")
      throw new UnsupportedError("a tensor filled with text", "Fill it with a number.");
    return splat(graph, value, (dtype ?? "float32") as ElementType, shape);
  }),
  kernel("ZerosLike", (graph, { x }) => splat(graph, 0, x.type, x.shape)),
  kernel("OnesLike", (graph, { x }) => splat(graph, 1, x.type, x.shape)),
  kernel("Range", (graph, _, { start, stop, step, dtype = "float32" }: RangeAttrs) => {
    // A step of 1 is the default, and goes down where it must.
    const stride = stop < start && step === 1 ? -1 : step;
    const length = Math.max(0, Math.ceil((stop - start) / stride));
    const data = dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
    // Summed up as TensorFlow.js does, for the same rounding.
    for (let index = 0; index < length; index++)
      data[index] = index === 0 ? start : data[index - 1]! + stride;
    return constant(graph, data, dtype, [length]);
  }),
  kernel("LinSpace", (graph, _, { start, stop, num }: LinSpaceAttrs) => {
    const step = num === 1 ? 0 : (stop - start) / (num - 1);
    const data = new Float32Array(num);
    for (let index = 0; index < num; index++) data[index] = index === 0 ? start : data[index - 1]! + step;
    return constant(graph, data, "float32", [num]);
  }),
  kernel("OneHot", (graph, { indices }, { depth, onValue, offValue, dtype }: OneHotAttrs) => {
    // Not ONNX's OneHot, which counts a negative index from the back.
    const column = reshape(graph, indices, [...indices.shape, 1]);
    const hit = compare(graph, "Equal", column, iota(graph, depth));
    const type = dtype as ElementType;
    if (onValue === 1 && offValue === 0) return cast(graph, hit, type);
    const [on, off] = [onValue, offValue].map((value) =>
      splat(graph, value, type === "bool" ? "int32" : type),
    );
    return cast(graph, where(graph, hit, on!, off!), type);
  }),
];
