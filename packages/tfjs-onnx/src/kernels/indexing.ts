import {
  backend_util,
  type DenseBincountAttrs,
  type GatherV2Attrs,
  gather_util,
  type ScatterNdAttrs,
  type SparseToDenseAttrs,
  type Tensor,
  type UnsortedSegmentSumAttrs,
} from "@tensorflow/tfjs-core";
import {
  add,
  broadcastShape,
  cast,
  compare,
  expand,
  gather,
  gemm,
  mul,
  reduce,
  reshape,
  transpose,
} from "../build.ts";
import { constant, emitOne, type Graph, sidesOf, splat, splatOf, type Value } from "../graph.ts";
import { sizeOf } from "../spec.ts";
import { iota } from "./creation.ts";
import { infoOf, type KernelRecorder, kernel, oneAxis, UnsupportedError } from "./kernel.ts";

/** For each index its row in `x`; with `batchDims`, each batch looks into its own. */
function gatherBatched(graph: Graph, x: Value, indices: Value, axis: number, batchDims: number): Value {
  backend_util.segment_util.collectGatherOpShapeInfo(
    infoOf(x) as Tensor,
    infoOf(indices) as Tensor,
    axis,
    batchDims,
  );
  const side = x.shape[axis]!;
  checkRange(indices, side);
  if (batchDims === 0) return gather(graph, x, indices, axis);
  const batchShape = x.shape.slice(0, batchDims);
  const batch = sizeOf(batchShape);
  const outer = sizeOf(x.shape.slice(batchDims, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const count = sizeOf(indices.shape.slice(batchDims));

  const parted = reshape(graph, x, [batch, outer, side, inner]);
  const rows = reshape(graph, transpose(graph, parted, [0, 2, 1, 3]), [batch * side, outer, inner]);
  const first = mul(graph, reshape(graph, iota(graph, batch), [batch, 1]), splat(graph, side, "int32"));
  const rowNumbers = add(graph, reshape(graph, indices, [batch, count]), first);
  const gathered = transpose(graph, gather(graph, rows, rowNumbers, 0), [0, 2, 1, 3]);
  return reshape(graph, gathered, [
    ...x.shape.slice(0, axis),
    ...indices.shape.slice(batchDims),
    ...x.shape.slice(axis + 1),
  ]);
}

/** Refuses constant indices outside [0, side): ONNX would count negative ones from the back. */
function checkRange({ source }: Value, side: number): void {
  const known = source.kind === "splat" ? [source.value] : source.kind === "dense" ? source.data : [];
  const outside = known.find((index: number | bigint) => index < 0 || index >= side);
  if (outside !== undefined) throw new RangeError(`the index ${outside} is not in [0, ${side - 1}]`);
}

/** Row numbers in a tensor whose leading axes are `shape`, of indices [n, shape.length]. */
function rowNumbers(graph: Graph, indices: Value, shape: readonly number[]): Value {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const weights = constant(graph, Int32Array.from(strides), "int32", [strides.length]);
  return reduce(graph, "ReduceSum", mul(graph, indices, weights), [indices.shape.length - 1], false);
}

/**
 * Sums rows [n, inner] into [count, inner] by row number [n].
 *
 * ONNX Runtime's ScatterND adds duplicates in any order on several threads, and sums differ from run to run; its
 * ScatterElements adds them in turn. Where there are few sums, a product with one-hot rows is faster.
 */
function sumByRow(graph: Graph, rows: Value, numbers: Value, count: number): Value {
  const [length, inner] = sidesOf(rows, 2);
  // Measured: a scattered element takes as long as 500 multiplications, a one-hot element as 50.
  if (rows.type === "float32" && count * (1 + 50 / inner) < 500) {
    const column = reshape(graph, numbers, [length, 1]);
    const hot = cast(graph, compare(graph, "Equal", column, iota(graph, count)), "float32");
    return gemm(graph, hot, rows, true, false);
  }
  const data = splat(graph, 0, rows.type, [count, inner]);
  const places = expand(graph, reshape(graph, numbers, [length, 1]), [length, inner]);
  const attributes = { axis: 0, reduction: "add" };
  return emitOne(graph, "ScatterElements", [data, places, rows], attributes, rows.type, [count, inner]);
}

function scatterUpdate(graph: Graph, data: Value, indices: Value, updates: Value): Value {
  const places = cast(graph, indices, "int64");
  return emitOne(graph, "ScatterND", [data, places, updates], {}, data.type, data.shape);
}

export const indexingKernels: readonly KernelRecorder[] = [
  kernel("GatherV2", (graph, { x, indices }, { axis, batchDims }: GatherV2Attrs) =>
    gatherBatched(
      graph,
      x,
      cast(graph, indices, "int32"),
      oneAxis(axis, x),
      batchDims < 0 ? batchDims + indices.shape.length : batchDims,
    ),
  ),
  kernel("GatherNd", (graph, { params, indices }) => {
    gather_util.prepareAndValidate(infoOf(params) as Tensor, infoOf(indices) as Tensor);
    const depth = indices.shape.at(-1)!;
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
    return emitOne(graph, "GatherND", [params, cast(graph, indices, "int64")], {}, params.type, shape);
  }),
  kernel("ScatterNd", (graph, { indices, updates }, { shape }: ScatterNdAttrs) => {
    const depth = indices.shape.length < 1 ? 1 : indices.shape.at(-1)!;
    const leading = shape.slice(0, depth);
    const inner = sizeOf(shape.slice(depth));
    const count = sizeOf(indices.shape) / depth;
    const numbers = rowNumbers(graph, reshape(graph, cast(graph, indices, "int32"), [count, depth]), leading);
    const rows = reshape(graph, updates, [count, inner]);
    return reshape(graph, sumByRow(graph, rows, numbers, sizeOf(leading)), shape);
  }),
  kernel("TensorScatterUpdate", (graph, { tensor, indices, updates }) =>
    scatterUpdate(graph, tensor, indices, updates),
  ),
  kernel(
    "SparseToDense",
    (graph, { sparseIndices, sparseValues, defaultValue }, { outputShape }: SparseToDenseAttrs) => {
      const rank = outputShape.length;
      const count = sizeOf(sparseIndices.shape) / (sparseIndices.shape.length === 2 ? rank : 1);
      const values = expand(graph, sparseValues, [count]);
      const known = splatOf(defaultValue);
      const data =
        known === undefined
          ? expand(graph, defaultValue, outputShape)
          : splat(graph, known, values.type, outputShape);
      return scatterUpdate(graph, data, reshape(graph, sparseIndices, [count, rank]), values);
    },
  ),
  kernel("UnsortedSegmentSum", (graph, { x, segmentIds }, { numSegments }: UnsortedSegmentSumAttrs) => {
    const rank = segmentIds.shape.length;
    if (rank !== 1) {
      throw new UnsupportedError(`segments by ids of rank ${rank}`, "Give the segment ids as a list.");
    }
    const inner = x.shape.slice(1);
    // One row for all ids and one id for all rows, as TensorFlow.js broadcasts them.
    const count = x.shape[0]!;
    const length = broadcastShape([[count], segmentIds.shape]);
    const rows = expand(graph, reshape(graph, x, [count, sizeOf(inner)]), [...length, sizeOf(inner)]);
    const sums = sumByRow(graph, rows, expand(graph, cast(graph, segmentIds, "int32"), length), numSegments);
    return reshape(graph, sums, [numSegments, ...inner]);
  }),
  kernel("DenseBincount", (graph, { x, weights }, { size, binaryOutput }: DenseBincountAttrs) => {
    const hit = compare(graph, "Equal", reshape(graph, x, [...x.shape, 1]), iota(graph, size));
    const axis = x.shape.length - 1;
    if (binaryOutput) {
      return cast(graph, reduce(graph, "ReduceMax", cast(graph, hit, "int32"), [axis], false), weights.type);
    }
    const counted = cast(graph, hit, weights.type);
    const weighted =
      sizeOf(weights.shape) === 0 ? counted : mul(graph, counted, reshape(graph, weights, [...x.shape, 1]));
    return reduce(graph, "ReduceSum", weighted, [axis], false);
  }),
];
