import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type DepthwiseConv2dNativeAttrs,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type FusedConv2DAttrs,
  type FusedDepthwiseConv2DAttrs,
} from "@tensorflow/tfjs-core";
import {
  add,
  concat,
  gather,
  int32s,
  pad,
  reduce,
  reshape,
  slice,
  toChannelsFirst,
  toChannelsLast,
  transpose,
} from "../build.ts";
import { type Attributes, emitOne, type Graph, sidesOf, type Value } from "../graph.ts";
import { activate } from "./elementwise.ts";
import { productsFilterGradient } from "./filter-gradient.ts";
import { type Geometry, geometryOf, type Pair, pair } from "./geometry.ts";
import { type KernelRecorder, kernel, UnsupportedError } from "./kernel.ts";

type Shape4D = [number, number, number, number];
type DataFormat = "NHWC" | "NCHW";

interface ConvAttrs {
  readonly strides: Conv2DAttrs["strides"];
  readonly pad: Conv2DAttrs["pad"];
  readonly dimRoundingMode?: Conv2DAttrs["dimRoundingMode"];
  readonly dilations?: Conv2DAttrs["dilations"] | number;
}

function convInfo(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvAttrs,
  format: DataFormat,
  depthwise = false,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    [...inputShape] as Shape4D,
    [...filterShape] as Shape4D,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
    format === "NHWC" ? "channelsLast" : "channelsFirst",
  );
}

/** ONNX's order: all the befores, then all the afters. */
function padAttribute(pads: readonly Pair[]): number[] {
  return [...pads.map(([before]) => before), ...pads.map(([, after]) => after)];
}

/** Leaves out what says nothing, so that equal convolutions are equal nodes. */
export function convAttributes({
  strides,
  dilations,
  pads,
}: Omit<Geometry, "kernel" | "input" | "output">): Attributes {
  return {
    ...(dilations.some((item) => item !== 1) ? { dilations } : {}),
    ...(padAttribute(pads).some((item) => item !== 0) ? { pads: padAttribute(pads) } : {}),
    ...(strides.some((item) => item !== 1) ? { strides } : {}),
  };
}

function channelsFirst(graph: Graph, x: Value, format: DataFormat): Value {
  return format === "NHWC" ? transpose(graph, x, toChannelsFirst) : x;
}

function asGiven(graph: Graph, x: Value, format: DataFormat): Value {
  return format === "NHWC" ? transpose(graph, x, toChannelsLast) : x;
}

function conv2D(graph: Graph, x: Value, filter: Value, attrs: ConvAttrs, dataFormat: DataFormat): Value {
  const info = convInfo(x.shape, filter.shape, attrs, dataFormat);
  const geometry = geometryOf(info);
  const weights = transpose(graph, filter, [3, 2, 0, 1]);
  const shape = [info.batchSize, info.outChannels, ...geometry.output];
  return asGiven(
    graph,
    conv(graph, channelsFirst(graph, x, dataFormat), weights, geometry, shape),
    dataFormat,
  );
}

/** A convolution of x [n, in, h, w] with weights [out, in, h, w]. */
function conv(
  graph: Graph,
  x: Value,
  weights: Value,
  { strides, dilations, pads }: Pick<Geometry, "strides" | "dilations" | "pads">,
  shape: readonly number[],
): Value {
  const [, , height, width] = weights.shape;
  // ONNX Runtime 1.30's WebGPU provider forgets the border after an image, where a kernel of one tap has none before it.
  const forgotten = graph.target === "webgpu" && height === 1 && width === 1;
  const whole = forgotten ? pad(graph, x, [[0, 0], [0, 0], ...pads], 0) : x;
  const none: Pair = [0, 0];
  const attributes = convAttributes({ strides, dilations, pads: forgotten ? [none, none] : pads });
  return emitOne(graph, "Conv", [whole, weights], attributes, "float32", shape);
}

/** [h, w, in, multiplier] → [in · multiplier, 1, h, w]: each input channel is a group of its own. */
function depthwiseWeights(graph: Graph, filter: Value): Value {
  const [height, width, channels, multiplier] = sidesOf(filter, 4);
  return reshape(graph, transpose(graph, filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

function depthwiseConv2D(graph: Graph, x: Value, filter: Value, attrs: ConvAttrs): Value {
  const info = convInfo(x.shape, filter.shape, attrs, "NHWC", true);
  const geometry = geometryOf(info);
  const inputs = [channelsFirst(graph, x, "NHWC"), depthwiseWeights(graph, filter)];
  const attributes = { ...convAttributes(geometry), group: info.inChannels };
  const shape = [info.batchSize, info.outChannels, ...geometry.output];
  return asGiven(graph, emitOne(graph, "Conv", inputs, attributes, "float32", shape), "NHWC");
}

/**
 * The gradient of a convolution with respect to its input, which is a transposed convolution.
 *
 * With stride s the kernel is cut into s·s kernels of ⌈k/s⌉ taps, one for each place in a block of s × s
 * pixels. One plain convolution computes them all as channels, they are laid out, and what lies over the
 * border is cut off: no multiplication with the zeros between the strides, and ONNX Runtime's Conv is faster
 * than its ConvTranspose.
 */
function convInputGradient(graph: Graph, dy: Value, filter: Value, geometry: Geometry): Value {
  const { kernel, strides, dilations, pads, input } = geometry;
  const [height, width, channels, outChannels] = sidesOf(filter, 4);
  const [stride, other] = strides;
  if (stride !== other || dilations.some((dilation) => dilation !== 1)) {
    return convTranspose(graph, dy, transpose(graph, filter, [3, 2, 0, 1]), geometry, 1, channels);
  }

  const taps = pair((axis) => Math.ceil(kernel[axis] / stride));
  const fill = pair((axis) => taps[axis] * stride - kernel[axis]);
  const whole = pad(
    graph,
    filter,
    [
      [0, fill[0]],
      [0, fill[1]],
      [0, 0],
      [0, 0],
    ],
    0,
  );
  // Tap t of phase p sits at row t·s + p of the kernel; the convolution runs through the taps backwards.
  const [rows, columns] = taps;
  const order: number[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      for (let down = 0; down < stride; down++) {
        for (let right = 0; right < stride; right++) {
          order.push((row * stride + down) * (columns * stride) + column * stride + right);
        }
      }
    }
  }
  const area = (height + fill[0]) * (width + fill[1]);
  const listed = reshape(graph, whole, [area, channels, outChannels]);
  const sorted = gather(graph, listed, int32s(graph, order), 0);
  const parted = reshape(graph, sorted, [rows, columns, stride * stride, channels, outChannels]);
  const weights = reshape(graph, transpose(graph, parted, [3, 2, 4, 0, 1]), [
    stride * stride * channels,
    outChannels,
    rows,
    columns,
  ]);

  const [batch, , ...sides] = sidesOf(dy, 4);
  // Whole blocks that would be cut off are not computed, missing ones computed of zeros.
  const before = pair((axis) => Math.floor(pads[axis][0] / stride));
  const cut = pair((axis) => pads[axis][0] - before[axis] * stride);
  const blocks = pair((axis) => Math.ceil((cut[axis] + input[axis]) / stride));
  const convPads = pair((axis): Pair => {
    const first = taps[axis] - 1 - before[axis];
    return [first, blocks[axis] - 1 + taps[axis] - sides[axis] - first];
  });
  const [trimmed, left] = trim(graph, dy, convPads);
  const shape = [batch, stride * stride * channels, ...blocks];
  const single = { strides: [1, 1], dilations: [1, 1], pads: left } as const;
  const laid = spreadBlocks(graph, conv(graph, trimmed, weights, single, shape), stride);
  return slice(graph, laid, [0, 0, ...cut], [batch, channels, ...input]);
}

/**
 * Channels (c, row, column) to blocks of pixels: on the CPU in two steps, the columns and then the rows, each of which ONNX
 * Runtime copies faster than both at once.
 */
function spreadBlocks(graph: Graph, x: Value, stride: number): Value {
  if (stride === 1) return x;
  const [batch, blocks, height, width] = sidesOf(x, 4);
  const channels = blocks / (stride * stride);
  if (graph.target !== "cpu") {
    const shape = [batch, channels, height * stride, width * stride];
    return emitOne(graph, "DepthToSpace", [x], { blocksize: stride, mode: "CRD" }, x.type, shape);
  }
  const rows = batch * channels;
  const columns = transpose(graph, reshape(graph, x, [rows * stride, stride, height * width]), [0, 2, 1]);
  const lines = transpose(
    graph,
    reshape(graph, columns, [rows, stride, height, width * stride]),
    [0, 2, 1, 3],
  );
  return reshape(graph, lines, [batch, channels, height * stride, width * stride]);
}

/** Negative padding is a cut. */
function trim(graph: Graph, x: Value, pads: readonly [Pair, Pair]): [Value, readonly [Pair, Pair]] {
  const starts = [0, 0, ...pads.map(([before]) => Math.max(0, -before))];
  const sizes = x.shape.map((side, axis) =>
    axis < 2 ? side : side - starts[axis]! - Math.max(0, -pads[axis - 2]![1]),
  );
  const left = pair((axis): Pair => [Math.max(0, pads[axis][0]), Math.max(0, pads[axis][1])]);
  return [slice(graph, x, starts, sizes), left];
}

/** The general transposed convolution, of weights [in, out / group, h, w]. */
export function convTranspose(
  graph: Graph,
  dy: Value,
  weights: Value,
  geometry: Geometry,
  group: number,
  channels: number,
): Value {
  const { kernel, strides, dilations, pads, input, output } = geometry;
  // What the forward convolution did not reach, or only padded, is left over here.
  const full = pair((axis) => (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1);
  const after = pair((axis) => full[axis] - pads[axis][0] - input[axis]);
  const convPads = pair((axis): Pair => [pads[axis][0], Math.max(0, after[axis])]);
  const missing = pair((axis) => Math.max(0, -after[axis]));
  const attributes = {
    ...convAttributes({ strides, dilations, pads: convPads }),
    ...(group === 1 ? {} : { group }),
  };
  const reached = pair((axis) => input[axis] - missing[axis]);
  const shape = [sidesOf(dy, 4)[0], channels, ...reached];
  const gradient = emitOne(graph, "ConvTranspose", [dy, weights], attributes, "float32", shape);
  return pad(
    graph,
    gradient,
    [
      [0, 0],
      [0, 0],
      [0, missing[0]],
      [0, missing[1]],
    ],
    0,
  );
}

/**
 * The gradient of a convolution with respect to its kernel: x [n, in, h, w] and dy [n, out, h', w'] → [h, w,
 * in, out].
 *
 * It is a convolution itself, of x with dy as the kernel, each sample a channel. The signal is laid out with
 * its channels along the columns, [h, w · in], and the kernel's taps are that far apart: ONNX Runtime then
 * gathers whole runs of channels, and the gradient costs what the forward convolution does. The more channels
 * the kernel has, the less is gathered, so with stride 1 x and dy change places where x has more; the result
 * is then back to front.
 */
function convFilterGradient(graph: Graph, x: Value, dy: Value, geometry: Geometry): Value {
  if (graph.target !== "cpu") return productsFilterGradient(graph, graph.target, [x, dy], geometry);
  const { kernel, strides, dilations, pads, input, output } = geometry;
  const [inChannels, outChannels] = [sidesOf(x, 4)[1], sidesOf(dy, 4)[1]];
  const dense = [...strides, ...dilations].every((item) => item === 1);
  if (dense && inChannels > outChannels) {
    const turnedPads = pair((axis): Pair => {
      const before = kernel[axis] - 1 - pads[axis][0];
      return [before, kernel[axis] - 1 + input[axis] - output[axis] - before];
    });
    const gradient = correlate(graph, dy, x, turnedPads, geometry);
    const taps = kernel[0] * kernel[1];
    const listed = reshape(graph, transpose(graph, gradient, [1, 2, 0, 3]), [taps, inChannels, outChannels]);
    const backwards = Array.from({ length: taps }, (_, tap) => taps - 1 - tap);
    return reshape(graph, gather(graph, listed, int32s(graph, backwards), 0), [
      ...kernel,
      inChannels,
      outChannels,
    ]);
  }
  const convPads = pair((axis): Pair => {
    const reach = (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1;
    return [pads[axis][0], reach - input[axis] - pads[axis][0]];
  });
  return transpose(graph, correlate(graph, x, dy, convPads, geometry), [1, 2, 3, 0]);
}

/**
 * Slides the pattern [n, p, h', w'] over the signal [n, s, h, w], and sums over the samples → [p, kh, kw, s].
 */
function correlate(
  graph: Graph,
  signal: Value,
  pattern: Value,
  pads: readonly [Pair, Pair],
  { kernel, strides, dilations }: Geometry,
): Value {
  const [trimmed, [rowPads, columnPads]] = trim(graph, signal, pads);
  const [batch, channels, height, width] = sidesOf(trimmed, 4);
  const [, patterns, patternHeight, patternWidth] = sidesOf(pattern, 4);
  const lines = reshape(graph, transpose(graph, trimmed, toChannelsLast), [
    1,
    batch,
    height,
    width * channels,
  ]);

  // Each sample in a group of its own saves reordering the pattern, but its gradient is written out before
  // the sum.
  const apart = kernel[0] * kernel[1] * channels <= patternHeight * patternWidth;
  const weights = apart
    ? reshape(graph, pattern, [batch * patterns, 1, patternHeight, patternWidth])
    : transpose(graph, pattern, [1, 0, 2, 3]);
  const attributes: Attributes = {
    // Strides and dilations change places.
    ...convAttributes({
      strides: [dilations[0], dilations[1]],
      dilations: [strides[0], strides[1] * channels],
      pads: [rowPads, [columnPads[0] * channels, columnPads[1] * channels]],
    }),
    ...(apart && batch > 1 ? { group: batch } : {}),
  };
  const sums = apart ? batch : 1;
  const shape = [1, sums * patterns, kernel[0], kernel[1] * channels];
  const gradient = emitOne(graph, "Conv", [lines, weights], attributes, "float32", shape);
  return reduce(
    graph,
    "ReduceSum",
    reshape(graph, gradient, [sums, patterns, ...kernel, channels]),
    [0],
    false,
  );
}

/** The same for a depthwise convolution → [h, w, in, multiplier], by one product of sums for each tap. */
function depthwiseFilterGradient(graph: Graph, x: Value, dy: Value, geometry: Geometry): Value {
  const { kernel, strides, dilations, pads, output } = geometry;
  const [batch, channels] = sidesOf(x, 4);
  const multiplier = sidesOf(dy, 4)[1] / channels;
  const padded = pad(graph, x, [[0, 0], [0, 0], ...pads], 0);
  const area = output[0] * output[1];
  // Channels as the batch: [in, multiplier, n·h'·w'] × [in, n·h'·w', 1].
  const rows = reshape(
    graph,
    transpose(graph, reshape(graph, dy, [batch, channels, multiplier, area]), [1, 2, 0, 3]),
    [channels, multiplier, batch * area],
  );
  const taps: Value[] = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const starts = [0, 0, row * dilations[0], column * dilations[1]];
      const seen = slice(graph, padded, starts, [batch, channels, ...output], [1, 1, ...strides]);
      const columns = reshape(
        graph,
        transpose(graph, reshape(graph, seen, [batch, channels, area]), [1, 0, 2]),
        [channels, batch * area, 1],
      );
      const sums = emitOne(graph, "MatMul", [rows, columns], {}, "float32", [channels, multiplier, 1]);
      taps.push(reshape(graph, sums, [1, channels, multiplier]));
    }
  }
  return reshape(graph, concat(graph, taps, 0), [...kernel, channels, multiplier]);
}

function bias(graph: Graph, x: Value, offset: Value | undefined, format: DataFormat): Value {
  if (offset === undefined) return x;
  const perChannel = format === "NCHW" && offset.shape.length === 1;
  return add(graph, x, perChannel ? reshape(graph, offset, [...offset.shape, 1, 1]) : offset);
}

function needsNhwc(format: string | undefined, name: string): void {
  if (format === undefined || format === "NHWC") return;
  throw new UnsupportedError(`${name} of ${format} tensors`, "Use the NHWC layout.");
}

export const convolutionKernels: readonly KernelRecorder[] = [
  kernel("Conv2D", (graph, { x, filter }, attrs: Conv2DAttrs) =>
    conv2D(graph, x, filter, attrs, attrs.dataFormat),
  ),
  kernel("FusedConv2D", (graph, inputs, attrs: FusedConv2DAttrs) => {
    const conv = conv2D(graph, inputs.x, inputs.filter, attrs, attrs.dataFormat);
    const shifted = bias(graph, conv, inputs.bias, attrs.dataFormat);
    return activate(graph, shifted, attrs.activation, inputs.preluActivationWeights, attrs.leakyreluAlpha);
  }),
  kernel("Conv2DBackpropInput", (graph, { dy, filter }, attrs: Conv2DBackpropInputAttrs) => {
    const info = convInfo(attrs.inputShape, filter.shape, attrs, attrs.dataFormat);
    const gradient = convInputGradient(
      graph,
      channelsFirst(graph, dy, attrs.dataFormat),
      filter,
      geometryOf(info),
    );
    return asGiven(graph, gradient, attrs.dataFormat);
  }),
  kernel("Conv2DBackpropFilter", (graph, { x, dy }, attrs: Conv2DBackpropFilterAttrs) => {
    const info = convInfo(x.shape, attrs.filterShape, attrs, attrs.dataFormat);
    return convFilterGradient(
      graph,
      channelsFirst(graph, x, attrs.dataFormat),
      channelsFirst(graph, dy, attrs.dataFormat),
      geometryOf(info),
    );
  }),
  kernel("DepthwiseConv2dNative", (graph, { x, filter }, attrs: DepthwiseConv2dNativeAttrs) => {
    needsNhwc(attrs.dataFormat, "a depthwise convolution");
    return depthwiseConv2D(graph, x, filter, attrs);
  }),
  kernel("FusedDepthwiseConv2D", (graph, inputs, attrs: FusedDepthwiseConv2DAttrs) => {
    needsNhwc(attrs.dataFormat, "a depthwise convolution");
    const shifted = bias(graph, depthwiseConv2D(graph, inputs.x, inputs.filter, attrs), inputs.bias, "NHWC");
    return activate(graph, shifted, attrs.activation, inputs.preluActivationWeights);
  }),
  kernel(
    "DepthwiseConv2dNativeBackpropInput",
    (graph, { dy, filter }, attrs: DepthwiseConv2dNativeBackpropInputAttrs) => {
      const info = convInfo(attrs.inputShape, filter.shape, attrs, "NHWC", true);
      const weights = depthwiseWeights(graph, filter);
      const groups = info.inChannels;
      const gradient = convTranspose(
        graph,
        channelsFirst(graph, dy, "NHWC"),
        weights,
        geometryOf(info),
        groups,
        groups,
      );
      return asGiven(graph, gradient, "NHWC");
    },
  ),
  kernel(
    "DepthwiseConv2dNativeBackpropFilter",
    (graph, { x, dy }, attrs: DepthwiseConv2dNativeBackpropFilterAttrs) => {
      const info = convInfo(x.shape, attrs.filterShape, attrs, "NHWC", true);
      return depthwiseFilterGradient(
        graph,
        channelsFirst(graph, x, "NHWC"),
        channelsFirst(graph, dy, "NHWC"),
        geometryOf(info),
      );
    },
  ),
];
