import type {
  ResizeBilinearAttrs,
  ResizeBilinearGradAttrs,
  ResizeNearestNeighborAttrs,
  ResizeNearestNeighborGradAttrs,
} from "@tensorflow/tfjs-core";
import {
  cast,
  expand,
  gather,
  int32s,
  reduce,
  reshape,
  toChannelsFirst,
  toChannelsLast,
  transpose,
} from "../build.ts";
import { constant, emitOne, type Graph, sidesOf, type Value } from "../graph.ts";
import { type KernelRecorder, kernel } from "./kernel.ts";

interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** Where along the old side each pixel of the new one lies. */
function coordinates(from: number, to: number, { alignCorners, halfPixelCenters }: Sampling): number[] {
  const ratio = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  return Array.from({ length: to }, (_, index) =>
    halfPixelCenters ? (index + 0.5) * ratio - 0.5 : index * ratio,
  );
}

/** Linear interpolation along one side as a matrix [to, from]. */
function interpolation(graph: Graph, from: number, to: number, sampling: Sampling): Value {
  const weights = new Float32Array(to * from);
  coordinates(from, to, sampling).forEach((coordinate, row) => {
    const low = Math.max(0, Math.floor(coordinate));
    const high = Math.min(from - 1, Math.ceil(coordinate));
    const share = coordinate - low;
    weights[row * from + low]! += 1 - share;
    weights[row * from + high]! += share;
  });
  return constant(graph, weights, "float32", [to, from]);
}

/** The nearest old pixel of each new one. */
function nearest(from: number, to: number, sampling: Sampling): number[] {
  return coordinates(from, to, sampling).map((coordinate) => {
    const shifted = sampling.halfPixelCenters ? coordinate + 0.5 : coordinate;
    return Math.max(0, Math.min(from - 1, sampling.alignCorners ? Math.round(shifted) : Math.floor(shifted)));
  });
}

/** The choice of the nearest along one side as a matrix [to, from]. */
function choice(graph: Graph, from: number, to: number, sampling: Sampling): Value {
  const weights = new Float32Array(to * from);
  nearest(from, to, sampling).forEach((column, row) => {
    weights[row * from + column] = 1;
  });
  return constant(graph, weights, "float32", [to, from]);
}

function product(graph: Graph, a: Value, b: Value, shape: readonly number[]): Value {
  return emitOne(graph, "MatMul", [a, b], {}, "float32", shape);
}

/** rows · x · columnsᵀ of every plane of x [n, c, h, w]. */
function onPlanes(graph: Graph, rows: Value, x: Value, columns: Value): Value {
  const [batch, channels, height] = sidesOf(x, 4);
  const [newHeight] = sidesOf(rows, 2);
  const [newWidth] = sidesOf(columns, 2);
  const wide = product(graph, x, transpose(graph, columns, [1, 0]), [batch, channels, height, newWidth]);
  return product(graph, rows, wide, [batch, channels, newHeight, newWidth]);
}

function bilinear(graph: Graph, images: Value, { size, ...sampling }: ResizeBilinearAttrs): Value {
  const x = transpose(graph, cast(graph, images, "float32"), toChannelsFirst);
  const [, , height, width] = sidesOf(x, 4);
  const rows = interpolation(graph, height, size[0], sampling);
  const columns = interpolation(graph, width, size[1], sampling);
  return transpose(graph, onPlanes(graph, rows, x, columns), toChannelsLast);
}

/** A whole multiple of the old size repeats each pixel; other sizes look theirs up. */
function nearestNeighbor(
  graph: Graph,
  images: Value,
  { size, ...sampling }: ResizeNearestNeighborAttrs,
): Value {
  const [batch, height, width, channels] = sidesOf(images, 4);
  const [rows, columns] = factors([height, width], size, sampling);
  if (rows !== undefined && columns !== undefined) {
    const x = transpose(graph, images, toChannelsFirst);
    const parted = reshape(graph, x, [batch, channels, height, 1, width, 1]);
    const repeated = expand(graph, parted, [batch, channels, height, rows, width, columns]);
    return transpose(graph, reshape(graph, repeated, [batch, channels, ...size]), toChannelsLast);
  }
  const lines = gather(graph, images, int32s(graph, nearest(height, size[0], sampling)), 1);
  return gather(graph, lines, int32s(graph, nearest(width, size[1], sampling)), 2);
}

function factors(
  [height, width]: readonly [number, number],
  [newHeight, newWidth]: readonly [number, number],
  { alignCorners }: Sampling,
): readonly [number | undefined, number | undefined] {
  const factor = (from: number, to: number) =>
    Number.isInteger(to / from) && !alignCorners ? to / from : undefined;
  return [factor(height, newHeight), factor(width, newWidth)];
}

export const resizingKernels: readonly KernelRecorder[] = [
  kernel("ResizeBilinear", (graph, { images }, attrs: ResizeBilinearAttrs) => bilinear(graph, images, attrs)),
  kernel("ResizeBilinearGrad", (graph, { dy, images }, sampling: ResizeBilinearGradAttrs) => {
    const [, height, width] = sidesOf(images, 4);
    const [, newHeight, newWidth] = sidesOf(dy, 4);
    const rows = interpolation(graph, height, newHeight, sampling);
    const columns = interpolation(graph, width, newWidth, sampling);
    return spread(graph, dy, rows, columns);
  }),
  kernel("ResizeNearestNeighbor", (graph, { images }, attrs: ResizeNearestNeighborAttrs) =>
    nearestNeighbor(graph, images, attrs),
  ),
  kernel("ResizeNearestNeighborGrad", (graph, { dy, images }, sampling: ResizeNearestNeighborGradAttrs) => {
    const [batch, height, width, channels] = sidesOf(images, 4);
    const [, newHeight, newWidth] = sidesOf(dy, 4);
    const size = [newHeight, newWidth] as const;
    const [rows, columns] = factors([height, width], size, sampling);
    if (rows !== undefined && columns !== undefined) {
      const x = transpose(graph, dy, toChannelsFirst);
      const parted = reshape(graph, x, [batch, channels, height, rows, width, columns]);
      return transpose(graph, reduce(graph, "ReduceSum", parted, [3, 5], false), toChannelsLast);
    }
    return spread(
      graph,
      dy,
      choice(graph, height, size[0], sampling),
      choice(graph, width, size[1], sampling),
    );
  }),
];

/** The gradient of rows · x · columnsᵀ: each gradient goes back to where its value came from. */
function spread(graph: Graph, dy: Value, rows: Value, columns: Value): Value {
  const first = transpose(graph, dy, toChannelsFirst);
  const gradient = onPlanes(graph, transpose(graph, rows, [1, 0]), first, transpose(graph, columns, [1, 0]));
  return transpose(graph, gradient, toChannelsLast);
}
