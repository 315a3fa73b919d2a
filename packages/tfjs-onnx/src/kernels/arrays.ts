import {
  type BatchToSpaceNDAttrs,
  backend_util,
  type ConcatAttrs,
  type DepthToSpaceAttrs,
  type ExpandDimsAttrs,
  type MirrorPadAttrs,
  type PackAttrs,
  type PadV2Attrs,
  type ReshapeAttrs,
  type ReverseAttrs,
  type SliceAttrs,
  type SpaceToBatchNDAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  slice_util,
  type Tensor,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
  util,
} from "@tensorflow/tfjs-core";
import {
  cast,
  concat,
  expand,
  gather,
  int32s,
  pad,
  reshape,
  slice,
  toChannelsFirst,
  toChannelsLast,
  transpose,
} from "../build.ts";
import { emitOne, type Graph, int64s, sidesOf, splat, type Value } from "../graph.ts";
import { sizeOf } from "../spec.ts";
import { infoOf, type KernelRecorder, kernel, listed, oneAxis } from "./kernel.ts";

/** Goes backwards along the axes. */
function reverse(graph: Graph, x: Value, axes: readonly number[]): Value {
  const turned = x.shape.map((side, axis) => axes.includes(axis) && side > 1);
  if (!turned.includes(true)) return x;
  const starts = x.shape.map((side, axis) => (turned[axis] ? side - 1 : 0));
  const steps = turned.map((back) => (back ? -1 : 1));
  return slice(graph, x, starts, x.shape, steps);
}

/** Repeats along each axis; an axis of one is broadcast. */
function tile(graph: Graph, x: Value, reps: readonly number[]): Value {
  if (reps.every((count, axis) => count === 1 || x.shape[axis] === 1)) {
    return expand(
      graph,
      x,
      x.shape.map((side, axis) => side * reps[axis]!),
    );
  }
  const shape = x.shape.map((side, axis) => side * reps[axis]!);
  return emitOne(graph, "Tile", [x, int64s(graph, reps)], {}, x.type, shape);
}

/** Mirrors the borders: `reflect` without the outermost element, `symmetric` with it. */
function mirrorPad(graph: Graph, x: Value, { paddings, mode }: MirrorPadAttrs): Value {
  const skip = mode === "reflect" ? 1 : 0;
  return paddings.reduce((padded, [before, after], axis) => {
    const side = x.shape[axis]!;
    const front = Array.from({ length: before }, (_, index) => before - 1 - index + skip);
    const back = Array.from({ length: after }, (_, index) => side - 1 - skip - index);
    if (before + after === 0) return padded;
    const all = [...front, ...Array.from({ length: side }, (_, index) => index), ...back];
    return gather(graph, padded, int32s(graph, all), axis);
  }, x);
}

function reshapeChecked(graph: Graph, x: Value, shape: readonly number[]): Value {
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    throw new RangeError(`[${x.shape.join(", ")}] cannot be reshaped to [${shape.join(", ")}]`);
  }
  return reshape(graph, x, shape);
}

/** Where a slice starts and how long it is along each axis, once TensorFlow.js has checked them. */
function sliceOf(
  x: Value,
  begin: SliceAttrs["begin"],
  size: SliceAttrs["size"],
): { readonly starts: number[]; readonly sizes: number[] } {
  const [starts = [], sizes = []] = slice_util.parseSliceParams(infoOf(x), begin, size);
  slice_util.assertParamsValid(infoOf(x), starts, sizes);
  return { starts, sizes };
}

function unpack(graph: Graph, value: Value, axis: number): Value[] {
  const shape = value.shape.filter((_, at) => at !== axis);
  const sizes = value.shape.map((side, at) => (at === axis ? 1 : side));
  return Array.from({ length: value.shape[axis]! }, (_, index) => {
    const starts = value.shape.map((_, at) => (at === axis ? index : 0));
    return reshape(graph, slice(graph, value, starts, sizes), shape);
  });
}

export const arrayKernels: readonly KernelRecorder[] = [
  kernel("Identity", (_, { x }) => x),
  kernel("Reshape", (graph, { x }, { shape }: ReshapeAttrs) => {
    return reshapeChecked(graph, x, util.inferFromImplicitShape(shape, sizeOf(x.shape)));
  }),
  kernel("ExpandDims", (graph, { input }, { dim }: ExpandDimsAttrs) => {
    const rank = input.shape.length;
    const at = dim < 0 ? dim + rank + 1 : dim;
    if (at < 0 || at > rank) throw new RangeError(`the axis ${dim} is not in [${-rank - 1}, ${rank}]`);
    return reshape(graph, input, [...input.shape.slice(0, at), 1, ...input.shape.slice(at)]);
  }),
  kernel("Transpose", (graph, { x }, { perm }: TransposeAttrs) => {
    if (new Set(perm).size !== x.shape.length) {
      throw new RangeError(`[${perm.join(", ")}] is not an order of the ${x.shape.length} axes`);
    }
    return transpose(graph, x, perm);
  }),
  kernel("Tile", (graph, { x }, { reps }: TileAttrs) => tile(graph, x, reps)),
  kernel("Reverse", (graph, { x }, { dims }: ReverseAttrs) =>
    reverse(graph, x, util.parseAxisParam(dims, [...x.shape])),
  ),
  kernel("FlipLeftRight", (graph, { image }) => reverse(graph, image, [2])),
  kernel("Concat", (graph, inputs, { axis }: ConcatAttrs) => {
    const parts = listed(inputs);
    const at = oneAxis(axis, parts[0]!);
    backend_util.assertParamsConsistent(
      parts.map(({ shape }) => [...shape]),
      at,
    );
    return concat(graph, parts, at);
  }),
  kernel("Pack", (graph, inputs, { axis }: PackAttrs) => {
    const parts = listed(inputs);
    for (const { shape } of parts) {
      util.assertShapesMatch([...parts[0]!.shape], [...shape], "tensors to stack must have equal shapes: ");
    }
    const at = axis < 0 ? axis + parts[0]!.shape.length + 1 : axis;
    const shape = [...parts[0]!.shape.slice(0, at), 1, ...parts[0]!.shape.slice(at)];
    return concat(
      graph,
      parts.map((part) => reshape(graph, part, shape)),
      at,
    );
  }),
  kernel("Unpack", (graph, { value }, { axis }: UnpackAttrs) =>
    unpack(graph, value, axis < 0 ? axis + value.shape.length : axis),
  ),
  kernel("SplitV", (graph, { x }, { numOrSizeSplits, axis }: SplitVAttrs) => {
    const at = oneAxis(axis, x);
    const parts = backend_util.prepareSplitSize(infoOf(x) as Tensor, numOrSizeSplits, at);
    let start = 0;
    return parts.map((length) => {
      const starts = x.shape.map((_, index) => (index === at ? start : 0));
      start += length;
      return slice(
        graph,
        x,
        starts,
        x.shape.map((side, index) => (index === at ? length : side)),
      );
    });
  }),
  kernel("Slice", (graph, { x }, { begin, size }: SliceAttrs) => {
    const { starts, sizes } = sliceOf(x, begin, size);
    return slice(graph, x, starts, sizes);
  }),
  kernel("StridedSlice", (graph, { x }, attrs: StridedSliceAttrs) => {
    const info = slice_util.sliceInfo(
      [...x.shape],
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    );
    if (info.isIdentity) return reshape(graph, x, info.finalShape);
    const sizes = slice_util.computeOutShape(info.begin, info.end, info.strides);
    if (info.sliceDim0 || info.isSimpleSlice) {
      // TensorFlow.js has an error for what is empty here, and a −1 that means the rest.
      const rest = sliceOf(x, info.begin, sizes);
      return reshapeChecked(graph, slice(graph, x, rest.starts, rest.sizes), info.finalShape);
    }
    if (sizeOf(info.finalShape) === 0) return splat(graph, 0, x.type, info.finalShape);
    return reshape(graph, slice(graph, x, info.begin, sizes, info.strides), info.finalShape);
  }),
  kernel("PadV2", (graph, { x }, { paddings, constantValue }: PadV2Attrs) => {
    if (paddings.length !== x.shape.length) {
      throw new RangeError(`${paddings.length} paddings do not fit the shape [${x.shape.join(", ")}]`);
    }
    if (x.type !== "bool") return pad(graph, x, paddings, constantValue);
    return cast(graph, pad(graph, cast(graph, x, "int32"), paddings, Number(Boolean(constantValue))), "bool");
  }),
  kernel("MirrorPad", (graph, { x }, attrs: MirrorPadAttrs) => mirrorPad(graph, x, attrs)),
  kernel("DepthToSpace", (graph, { x }, { blockSize, dataFormat }: DepthToSpaceAttrs) => {
    const first = dataFormat === "NHWC" ? transpose(graph, x, toChannelsFirst) : x;
    const moved = depthToSpace(graph, first, blockSize);
    return dataFormat === "NHWC" ? transpose(graph, moved, toChannelsLast) : moved;
  }),
  kernel("SpaceToBatchND", (graph, { x }, { blockShape, paddings }: SpaceToBatchNDAttrs) => {
    const product = sizeOf(blockShape);
    const rest = x.shape.length - 1 - blockShape.length;
    const all: [number, number][] = [[0, 0], ...(paddings as [number, number][])];
    const padded = pad(
      graph,
      x,
      [...all, ...Array.from({ length: rest }, (): [number, number] => [0, 0])],
      0,
    );
    const split = backend_util.getReshaped([...padded.shape], blockShape, product, false);
    const order = backend_util.getPermuted(split.length, blockShape.length, false);
    const shape = backend_util.getReshapedPermuted([...padded.shape], blockShape, product, false);
    return reshape(graph, transpose(graph, reshape(graph, padded, split), order), shape);
  }),
  kernel("BatchToSpaceND", (graph, { x }, { blockShape, crops }: BatchToSpaceNDAttrs) => {
    const product = sizeOf(blockShape);
    const split = backend_util.getReshaped([...x.shape], blockShape, product);
    const order = backend_util.getPermuted(split.length, blockShape.length);
    const joined = backend_util.getReshapedPermuted([...x.shape], blockShape, product);
    const starts = backend_util.getSliceBeginCoords(crops, blockShape.length);
    const sizes = backend_util.getSliceSize(joined, crops, blockShape.length);
    const wide = reshape(graph, transpose(graph, reshape(graph, x, split), order), joined);
    const rest = joined.slice(starts.length);
    return slice(graph, wide, [...starts, ...rest.map(() => 0)], [...sizes, ...rest]);
  }),
];

/** NCHW: channels become blocks of pixels, the block's row and column above the channel. */
function depthToSpace(graph: Graph, x: Value, blocksize: number): Value {
  if (blocksize === 1) return x;
  const [batch, channels, height, width] = sidesOf(x, 4);
  const shape = [batch, channels / (blocksize * blocksize), height * blocksize, width * blocksize];
  return emitOne(graph, "DepthToSpace", [x], { blocksize, mode: "DCR" }, x.type, shape);
}
