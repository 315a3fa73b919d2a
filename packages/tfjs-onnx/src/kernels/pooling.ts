import {
  type AvgPoolAttrs,
  type AvgPoolGradAttrs,
  backend_util,
  type LRNAttrs,
  type LRNGradAttrs,
  type MaxPoolAttrs,
  type MaxPoolGradAttrs,
} from "@tensorflow/tfjs-core";
import {
  add,
  div,
  elementwise,
  mul,
  reshape,
  scalarLike,
  sub,
  toChannelsFirst,
  toChannelsLast,
  transpose,
} from "../build.ts";
import { emit, emitOne, type Graph, sidesOf, splat, type Value } from "../graph.ts";
import { sizeOf } from "../spec.ts";
import { convAttributes, convTranspose } from "./convolution.ts";
import { geometryOf } from "./geometry.ts";
import { type KernelRecorder, kernel } from "./kernel.ts";

type PoolInfo = backend_util.Conv2DInfo;

function poolInfo(
  shape: readonly number[],
  attrs: MaxPoolGradAttrs | AvgPoolGradAttrs | MaxPoolAttrs,
): PoolInfo {
  const rounding = "dimRoundingMode" in attrs ? attrs.dimRoundingMode : undefined;
  const shape4D = [...shape] as [number, number, number, number];
  return backend_util.computePool2DInfo(shape4D, attrs.filterSize, attrs.strides, 1, attrs.pad, rounding);
}

function poolAttributes(info: PoolInfo) {
  const geometry = geometryOf(info);
  return { ...convAttributes(geometry), kernel_shape: geometry.kernel };
}

/**
 * The greatest of each window, and where it is among all elements of x (NCHW); who needs only one takes only
 * that.
 */
function maxPool(
  graph: Graph,
  x: Value,
  info: PoolInfo,
): { readonly greatest: Value; readonly places: Value } {
  const shape = [info.batchSize, info.inChannels, info.outHeight, info.outWidth];
  const [greatest, places] = emit(graph, "MaxPool", [x], poolAttributes(info), [
    { type: "float32", shape },
    { type: "int64", shape },
  ]);
  return { greatest: greatest!, places: places! };
}

/** Every gradient goes to the place of its window's (first) maximum. */
function maxPoolGradient(graph: Graph, dy: Value, x: Value, info: PoolInfo): Value {
  const first = transpose(graph, x, toChannelsFirst);
  const { places } = maxPool(graph, first, info);
  const [length, size] = [sizeOf(places.shape), sizeOf(first.shape)];
  const data = splat(graph, 0, "float32", [size]);
  const updates = reshape(graph, transpose(graph, dy, toChannelsFirst), [length]);
  const inputs = [data, reshape(graph, places, [length]), updates];
  const sums = emitOne(graph, "ScatterElements", inputs, { axis: 0, reduction: "add" }, "float32", [size]);
  return transpose(graph, reshape(graph, sums, first.shape), toChannelsLast);
}

/** Every gradient is shared evenly among its window, the part over the border included. */
function avgPoolGradient(graph: Graph, dy: Value, info: PoolInfo): Value {
  const { filterHeight, filterWidth, inChannels } = info;
  const share = mul(graph, dy, scalarLike(graph, dy, 1 / (filterHeight * filterWidth)));
  const ones = splat(graph, 1, "float32", [inChannels, 1, filterHeight, filterWidth]);
  const first = transpose(graph, share, toChannelsFirst);
  return transpose(
    graph,
    convTranspose(graph, first, ones, geometryOf(info), inChannels, inChannels),
    toChannelsLast,
  );
}

/** The sum over each channel and `radius` channels on both sides of it. */
function sumOfNeighbours(graph: Graph, x: Value, radius: number): Value {
  const [batch, height, width, channels] = sidesOf(x, 4);
  const lines = reshape(graph, x, [batch, 1, height * width, channels]);
  const size = 2 * radius + 1;
  const attributes = { kernel_shape: [1, size], pads: [0, radius, 0, radius], count_include_pad: 1 };
  const mean = emitOne(graph, "AveragePool", [lines], attributes, "float32", lines.shape);
  return reshape(graph, mul(graph, mean, scalarLike(graph, mean, size)), x.shape);
}

/** What local response normalisation divides by, before its exponent: bias + α Σ x². */
function responseNorm(graph: Graph, x: Value, { depthRadius, bias, alpha }: LRNAttrs): Value {
  const sums = sumOfNeighbours(graph, mul(graph, x, x), depthRadius);
  return add(graph, scalarLike(graph, sums, bias), mul(graph, sums, scalarLike(graph, sums, alpha)));
}

/** dx = dy · norm^−β − 2αβ · x · Σ dy · y / norm, over the neighbours. */
function responseNormGradient(
  graph: Graph,
  { x, y, dy }: Readonly<Record<"x" | "y" | "dy", Value>>,
  attrs: LRNGradAttrs,
): Value {
  const { depthRadius, alpha, beta } = attrs;
  const norm = responseNorm(graph, x, attrs);
  const direct = mul(graph, dy, elementwise(graph, "Pow", [norm, scalarLike(graph, norm, -beta)]));
  const shared = sumOfNeighbours(graph, div(graph, mul(graph, dy, y), norm), depthRadius);
  return sub(graph, direct, mul(graph, mul(graph, x, shared), scalarLike(graph, x, 2 * alpha * beta)));
}

export const poolingKernels: readonly KernelRecorder[] = [
  kernel("MaxPool", (graph, { x }, attrs: MaxPoolAttrs) => {
    const { greatest } = maxPool(graph, transpose(graph, x, toChannelsFirst), poolInfo(x.shape, attrs));
    return transpose(graph, greatest, toChannelsLast);
  }),
  kernel("AvgPool", (graph, { x }, attrs: AvgPoolAttrs) => {
    const info = poolInfo(x.shape, attrs);
    const shape = [info.batchSize, info.inChannels, info.outHeight, info.outWidth];
    const first = transpose(graph, x, toChannelsFirst);
    const mean = emitOne(graph, "AveragePool", [first], poolAttributes(info), "float32", shape);
    return transpose(graph, mean, toChannelsLast);
  }),
  kernel("MaxPoolGrad", (graph, { dy, input }, attrs: MaxPoolGradAttrs) =>
    maxPoolGradient(graph, dy, input, poolInfo(input.shape, attrs)),
  ),
  kernel("LRN", (graph, { x }, attrs: LRNAttrs) => {
    const norm = responseNorm(graph, x, attrs);
    return mul(graph, x, elementwise(graph, "Pow", [norm, scalarLike(graph, norm, -attrs.beta)]));
  }),
  kernel("LRNGrad", (graph, { x, y, dy }, attrs: LRNGradAttrs) =>
    responseNormGradient(graph, { x, y, dy }, attrs),
  ),
  kernel("AvgPoolGrad", (graph, { dy, input }, attrs: AvgPoolGradAttrs) =>
    avgPoolGradient(graph, dy, poolInfo(input.shape, attrs)),
  ),
];
