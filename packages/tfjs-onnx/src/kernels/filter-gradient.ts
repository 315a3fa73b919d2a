import {
  concat,
  pad,
  padNode,
  reduce,
  reshape,
  reshapeNode,
  slice,
  sliceNode,
  toChannelsLast,
  transpose,
  transposeNode,
} from "../build.ts";
import { type Card, type Chunks, chunksOf } from "../chunks.ts";
import { emitOne, type Graph, sidesOf, type Value } from "../graph.ts";
import { type Geometry, type Pair, pair } from "./geometry.ts";

/** Columns that a product has at least, where the kernel has that many: taps of narrow images are put side by side. */
const fewestColumns: Readonly<Record<Card, number>> = { webgpu: 64, cuda: 128 };

/**
 * The gradient of a convolution with respect to its kernel on a graphics card: x [n, in, h, w] and dy [n, out, h', w'] → [h, w,
 * in, out].
 *
 * For a few taps of the kernel at a time it is a product of matrices over all pixels, in chunks that run side by side and are then
 * added up: dy, [chunks, out, pixels], times what these taps see of x, [chunks, pixels, taps · in]. With stride 1 x and dy change
 * places where x has more channels, so that the narrower one is gathered. What is gathered at a time has as many channels as it
 * has itself, or {@link fewestColumns} if that is more.
 */
export function productsFilterGradient(
  graph: Graph,
  card: Card,
  [x, dy]: readonly [Value, Value],
  geometry: Geometry,
): Value {
  const { kernel, strides, dilations, pads, input, output } = geometry;
  const [samples, inChannels] = sidesOf(x, 4);
  const outChannels = sidesOf(dy, 4)[1];
  const turned = inChannels > outChannels && [...strides, ...dilations].every((item) => item === 1);
  const [still, seen] = turned ? [x, dy] : [dy, x];
  const size = turned ? input : output;
  const before = pair((axis) => (turned ? kernel[axis] - 1 - pads[axis][0] : pads[axis][0]));
  const bordered = border(graph, card, seen, { before, size, geometry });

  const taps = kernel[0] * kernel[1];
  const [rows, channels] = turned ? [inChannels, outChannels] : [outChannels, inChannels];
  const together = Math.min(taps, Math.ceil(fewestColumns[card] / channels));
  const chunks = chunksOf(card, samples, size[0] * size[1], rows * together * channels);
  const left = perChannel(graph, card, still, chunks);
  const products: Value[] = [];
  for (let first = 0; first < taps; first += together) {
    const views = Array.from({ length: Math.min(together, taps - first) }, (_, index) => {
      const tap = turned ? taps - 1 - first - index : first + index;
      const position: Pair = [Math.floor(tap / kernel[1]), tap % kernel[1]];
      return bordered(pair((axis) => position[axis] * dilations[axis]));
    });
    const right = perPixel(graph, card, views, chunks);
    const shape = [chunks.count, rows, views.length * channels];
    products.push(emitOne(graph, "MatMul", [left, right], {}, "float32", shape));
  }
  const sums = reduce(graph, "ReduceSum", concat(graph, products, 2), [0], false);
  const gradient = reshape(graph, sums, [rows, taps, channels]);
  return reshape(graph, transpose(graph, gradient, turned ? [1, 0, 2] : [1, 2, 0]), [
    ...kernel,
    inChannels,
    outChannels,
  ]);
}

interface Border {
  /** Rows and columns of zeros before the image; negative: that many of its own are left out. */
  readonly before: Pair;
  /** Rows and columns that each tap sees. */
  readonly size: Pair;
  readonly geometry: Geometry;
}

/** What the tap at an offset sees of an image, in the order of axes that the card's convolutions give. */
function border(
  graph: Graph,
  card: Card,
  image: Value,
  { before, size, geometry: { kernel, strides, dilations } }: Border,
): (offset: Pair) => Value {
  const [samples, channels, ...sides] = sidesOf(image, 4);
  const around = pair((axis): Pair => {
    const reach = (size[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1;
    return [Math.max(0, before[axis]), Math.max(0, reach - sides[axis] - before[axis])];
  });
  const start = (offset: Pair): Pair => pair((axis) => offset[axis] + Math.max(0, -before[axis]));
  if (card === "cuda") {
    const whole = pad(graph, image, [[0, 0], [0, 0], ...around], 0);
    const steps = [1, 1, ...strides];
    return (offset) => slice(graph, whole, [0, 0, ...start(offset)], [samples, channels, ...size], steps);
  }
  const last = transpose(graph, image, toChannelsLast);
  const bordered = around.flat().some((side) => side > 0);
  const whole = bordered ? padNode(graph, last, [[0, 0], ...around, [0, 0]], 0) : last;
  const steps = [1, ...strides, 1];
  return (offset) => sliceNode(graph, whole, [0, ...start(offset), 0], [samples, ...size, channels], steps);
}

/** An image as [chunks, channels, pixels]. */
function perChannel(graph: Graph, card: Card, image: Value, { count, length }: Chunks): Value {
  const [samples, channels, height, width] = sidesOf(image, 4);
  if (card === "webgpu") {
    // Its convolutions give the channels last, and ONNX Runtime takes out the one transpose with the other.
    const last = transpose(graph, image, toChannelsLast);
    return transposeNode(graph, reshapeNode(graph, last, [count, length, channels]), [0, 2, 1]);
  }
  const parts = count > samples ? [samples, channels, count / samples, length] : undefined;
  const split = parts ?? [count, samples / count, channels, height * width];
  return reshape(graph, transpose(graph, reshape(graph, image, split), [0, 2, 1, 3]), [
    count,
    channels,
    length,
  ]);
}

/** Images side by side as [chunks, pixels, channels of all]. */
function perPixel(graph: Graph, card: Card, images: readonly Value[], chunks: Chunks): Value {
  if (card === "cuda") {
    // ONNX Runtime takes this transpose into the product.
    return transposeNode(graph, perChannel(graph, card, concat(graph, images, 1), chunks), [0, 2, 1]);
  }
  const { count, length } = chunks;
  const flat = images.map((image) => reshapeNode(graph, image, [count, length, image.shape[3]!]));
  if (flat.length === 1) return flat[0]!;
  const columns = flat.reduce((sum, { shape }) => sum + shape[2]!, 0);
  return emitOne(graph, "Concat", flat, { axis: 2 }, "float32", [count, length, columns]);
}
