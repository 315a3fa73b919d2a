import type { backend_util } from "@tensorflow/tfjs-core";

export type Pair = readonly [number, number];

/** Rows and columns: how far the kernel moves, spreads and reaches over the border. */
export interface Geometry {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Before and after, of rows and of columns. */
  readonly pads: readonly [Pair, Pair];
  readonly input: Pair;
  readonly output: Pair;
}

/** One for rows, one for columns. */
export function pair<T>(of: (axis: 0 | 1) => T): readonly [T, T] {
  return [of(0), of(1)];
}

/**
 * What TensorFlow.js makes of strides and padding, with the padding that ONNX's own formula needs for that
 * size.
 */
export function geometryOf(info: backend_util.Conv2DInfo): Geometry {
  const kernel: Pair = [info.filterHeight, info.filterWidth];
  const strides: Pair = [info.strideHeight, info.strideWidth];
  const dilations: Pair = [info.dilationHeight, info.dilationWidth];
  const input: Pair = [info.inHeight, info.inWidth];
  const output: Pair = [info.outHeight, info.outWidth];
  const { top, bottom, left, right } = info.padInfo;
  const before = [top, left] as const;
  const given = [bottom, right] as const;
  const pads = pair((axis): Pair => {
    const reach = (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1;
    return [before[axis], Math.max(given[axis], reach - input[axis] - before[axis])];
  });
  return { kernel, strides, dilations, pads, input, output };
}
