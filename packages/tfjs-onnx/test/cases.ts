import type { ConstantTensor } from "../src/index.ts";
import { bools, integers, numbers } from "./run.ts";

/** One call of a TensorFlow.js kernel, as the ops make it. */
export interface KernelCase {
  readonly inputs: Readonly<Record<string, ConstantTensor>> | readonly ConstantTensor[];
  readonly attrs?: Readonly<Record<string, unknown>> | undefined;
  /** Relative to the largest value; for kernels whose arithmetic differs. */
  readonly tolerance?: number;
}

function float(data: readonly number[], shape: readonly number[] = [data.length]): ConstantTensor {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

function int(data: readonly number[], shape: readonly number[] = [data.length]): ConstantTensor {
  return { dtype: "int32", shape, data: Int32Array.from(data) };
}

const special = float([
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1.5,
  -1e-20,
  3e38,
]);
const halves = float([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, 2.51, -7]);

/** A float op on shapes of several ranks. */
function floats(low: number, high: number, attrs?: Readonly<Record<string, unknown>>): KernelCase[] {
  return [[], [7], [2, 3, 4], [0]].map((shape) => ({ inputs: { x: numbers(shape, { low, high }) }, attrs }));
}

const broadcasts: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3, 4], [4]],
  [
    [3, 1],
    [1, 4],
  ],
  [[], [2, 2]],
  [
    [2, 1, 3, 1],
    [4, 1, 5],
  ],
];

/** A binary op over every way to broadcast, of floats and of integers. */
function binary(
  options: { low?: number; high?: number; ints?: boolean; bools?: boolean } = {},
): KernelCase[] {
  const { low = -2, high = 2, ints = true, bools: withBools = false } = options;
  const cases: KernelCase[] = broadcasts.map(([a, b]) => ({
    inputs: { a: numbers(a, { low, high }), b: numbers(b, { seed: 2, low, high }) },
  }));
  if (ints) cases.push({ inputs: { a: integers([4, 5], -9, 9), b: integers([5], -9, 9, 2) } });
  if (withBools) cases.push({ inputs: { a: bools([3, 5]), b: bools([5], 2) } });
  return cases;
}

const division: KernelCase = {
  inputs: { a: int([7, -7, 7, -7, 0, 5, 6, -6]), b: int([2, 2, -2, -2, 3, 0, 3, 3]) },
};

function reductions(key = "axis", options: { ints?: boolean; boolsOnly?: boolean } = {}): KernelCase[] {
  const { ints = true, boolsOnly = false } = options;
  const cases = [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]].flatMap((axes) =>
    [true, false].map((keepDims) => ({
      inputs: { x: boolsOnly ? bools([2, 3, 4]) : numbers([2, 3, 4]) },
      attrs: { [key]: axes, keepDims },
    })),
  );
  if (ints)
    cases.push({ inputs: { x: integers([3, 4], -9, 9) as never }, attrs: { [key]: [1], keepDims: false } });
  return cases;
}

interface ConvCase {
  readonly x: readonly [number, number, number, number];
  readonly filter: readonly [number, number, number, number];
  readonly strides: readonly [number, number] | number;
  readonly pad: "same" | "valid" | number | readonly (readonly [number, number])[];
  readonly dilations?: readonly [number, number] | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

const explicit = [
  [0, 0],
  [2, 1],
  [0, 3],
  [0, 0],
] as const;

const strided: readonly ConvCase[] = [
  { x: [2, 6, 5, 3], filter: [3, 3, 3, 4], strides: 1, pad: "same" },
  { x: [1, 6, 7, 2], filter: [3, 2, 2, 3], strides: 1, pad: "valid" },
  { x: [2, 8, 8, 3], filter: [4, 4, 3, 5], strides: 2, pad: "same" },
  { x: [1, 9, 7, 2], filter: [4, 4, 2, 3], strides: 2, pad: "same" },
  { x: [1, 9, 8, 2], filter: [3, 3, 2, 2], strides: 2, pad: "valid" },
  { x: [2, 8, 8, 1], filter: [4, 4, 1, 6], strides: 4, pad: "valid" },
  { x: [1, 7, 7, 2], filter: [1, 1, 2, 3], strides: 1, pad: "same" },
  { x: [1, 7, 7, 2], filter: [1, 1, 2, 3], strides: 2, pad: "same" },
  { x: [1, 8, 9, 2], filter: [2, 3, 2, 3], strides: [2, 3], pad: "same" },
  { x: [1, 6, 6, 2], filter: [3, 3, 2, 2], strides: 1, pad: 2 },
  { x: [1, 6, 6, 2], filter: [3, 3, 2, 2], strides: 2, pad: 1, dimRoundingMode: "floor" },
  { x: [1, 5, 6, 2], filter: [3, 3, 2, 2], strides: 1, pad: explicit },
  { x: [1, 7, 6, 2], filter: [3, 3, 2, 2], strides: 2, pad: explicit, dimRoundingMode: "floor" },
  { x: [1, 11, 10, 2], filter: [2, 2, 2, 2], strides: 3, pad: "valid" },
  {
    x: [1, 6, 5, 2],
    filter: [1, 3, 2, 2],
    strides: 1,
    pad: [
      [0, 0],
      [0, 0],
      [2, 0],
      [0, 0],
    ],
  },
  {
    x: [1, 6, 5, 2],
    filter: [2, 3, 2, 2],
    strides: 1,
    pad: [
      [0, 0],
      [2, 0],
      [1, 1],
      [0, 0],
    ],
  },
];
const dilated: readonly ConvCase[] = [
  { x: [1, 9, 9, 2], filter: [3, 3, 2, 3], strides: 1, pad: "same", dilations: 2 },
  { x: [2, 9, 8, 2], filter: [2, 3, 2, 3], strides: 1, pad: "valid", dilations: [3, 2] },
];

function convAttrs({ strides, pad, dilations = 1, dimRoundingMode }: ConvCase) {
  return { strides, pad, dilations, dimRoundingMode, dataFormat: "NHWC" };
}

/** The shape of a convolution's result, by the textbook formula. */
function convOutput({ x, filter, strides, pad, dilations = 1 }: ConvCase, channels: number): number[] {
  const sides = [0, 1].map((axis) => {
    const side = x[axis + 1]!;
    const stride = typeof strides === "number" ? strides : strides[axis]!;
    const dilation = typeof dilations === "number" ? dilations : dilations[axis]!;
    const kernel = (filter[axis]! - 1) * dilation + 1;
    if (pad === "same") return Math.ceil(side / stride);
    const around =
      pad === "valid" ? 0 : typeof pad === "number" ? 2 * pad : pad[axis + 1]![0] + pad[axis + 1]![1];
    return Math.floor((side + around - kernel) / stride) + 1;
  });
  return [x[0], ...sides, channels];
}

const convolutions = [...strided, ...dilated];
const depthwise = convolutions.filter(({ strides }) => typeof strides === "number");

const pools: readonly { x: readonly number[]; attrs: Readonly<Record<string, unknown>> }[] = [
  { x: [2, 6, 6, 3], attrs: { filterSize: 2, strides: 2, pad: "valid" } },
  { x: [1, 7, 5, 2], attrs: { filterSize: 3, strides: 2, pad: "same" } },
  { x: [1, 7, 5, 2], attrs: { filterSize: [2, 3], strides: [1, 2], pad: "valid" } },
  { x: [1, 6, 6, 2], attrs: { filterSize: 3, strides: 1, pad: 1 } },
  { x: [1, 8, 8, 1], attrs: { filterSize: 3, strides: 2, pad: 1, dimRoundingMode: "floor" } },
];

function poolOutput(x: readonly number[], attrs: Readonly<Record<string, unknown>>): number[] {
  const [filter, strides] = [attrs.filterSize, attrs.strides] as [
    number | [number, number],
    number | [number, number],
  ];
  return convOutput(
    {
      x: x as [number, number, number, number],
      filter: [...(typeof filter === "number" ? [filter, filter] : filter), 1, 1] as [
        number,
        number,
        number,
        number,
      ],
      strides,
      pad: attrs.pad as "same",
    },
    x[3]!,
  );
}

const resizes = [
  { from: [4, 5], to: [8, 10] },
  { from: [6, 6], to: [3, 4] },
  { from: [3, 4], to: [7, 5] },
  { from: [4, 4], to: [4, 4] },
];
const samplings = [
  { alignCorners: false, halfPixelCenters: false },
  { alignCorners: true, halfPixelCenters: false },
  { alignCorners: false, halfPixelCenters: true },
];

function resizing(): KernelCase[] {
  return resizes.flatMap(({ from, to }) =>
    samplings.map((sampling) => ({
      inputs: { images: numbers([2, ...from, 3]) },
      attrs: { size: to, ...sampling },
    })),
  );
}

/**
 * TensorFlow.js's CPU gradients leave half-pixel centres out and mix up sides or batches: ours are compared
 * with them where theirs are right, and with the forward kernels in the gradient tests.
 */
function resizingGradient(): KernelCase[] {
  const squares = resizes.filter(({ from }) => from[0] === from[1]);
  return squares.flatMap(({ from, to }) =>
    samplings
      .filter(({ halfPixelCenters }) => !halfPixelCenters)
      .map((sampling) => ({
        inputs: { images: numbers([1, ...from, 3]), dy: numbers([1, ...to, 3], { seed: 2 }) },
        attrs: sampling,
      })),
  );
}

function comparisons(): KernelCase[] {
  return [
    ...binary({ bools: true }),
    { inputs: { a: integers([30], 0, 3), b: integers([30], 0, 3, 2) } },
    { inputs: { a: special, b: float([0]) } },
  ];
}

/** At least one case for every kernel there is. */
/** Local response normalisation along the last axis, written out. */
function responseNormalised(
  x: ConstantTensor,
  { depthRadius, bias, alpha, beta }: Readonly<Record<"depthRadius" | "bias" | "alpha" | "beta", number>>,
): ConstantTensor {
  const channels = x.shape.at(-1)!;
  const data = Float32Array.from(x.data, (value, index) => {
    let sum = 0;
    for (let other = index - depthRadius; other <= index + depthRadius; other++) {
      if (Math.floor(other / channels) === Math.floor(index / channels)) sum += x.data[other]! ** 2;
    }
    return value * (bias + alpha * sum) ** -beta;
  });
  return { ...x, data };
}

export const cases: Readonly<Record<string, readonly KernelCase[]>> = {
  Abs: [...floats(-2, 2), { inputs: { x: integers([9], -5, 5) } }],
  Acos: floats(-1, 1),
  Acosh: floats(1, 4),
  Add: binary(),
  AddN: [{ inputs: [numbers([2, 3]), numbers([2, 3], { seed: 2 }), numbers([2, 3], { seed: 3 })] }],
  All: reductions("axis", { ints: false, boolsOnly: true }),
  Any: reductions("axis", { ints: false, boolsOnly: true }),
  ArgMax: [
    { inputs: { x: numbers([3, 4, 5]) }, attrs: { axis: 0 } },
    { inputs: { x: numbers([3, 4, 5]) }, attrs: { axis: 2 } },
    { inputs: { x: int([2, 5, 5, 1]) }, attrs: { axis: 0 } },
  ],
  ArgMin: [
    { inputs: { x: numbers([3, 4, 5]) }, attrs: { axis: 1 } },
    { inputs: { x: int([2, 1, 5, 1]) }, attrs: { axis: 0 } },
  ],
  Asin: floats(-1, 1),
  Asinh: floats(-3, 3),
  Atan: floats(-3, 3),
  Atan2: [
    ...binary({ ints: false }),
    { inputs: { a: float([0, 1, -1, 1, -1, 0, 2]), b: float([1, 0, 0, -1, -1, 2, -0.5]) } },
  ],
  Atanh: floats(-0.9, 0.9),
  AvgPool: pools.map(({ x, attrs }) => ({ inputs: { x: numbers(x) }, attrs })),
  AvgPoolGrad: pools.map(({ x, attrs }) => ({
    inputs: { dy: numbers(poolOutput(x, attrs)), input: numbers(x, { seed: 2 }) },
    attrs,
  })),
  BatchMatMul: [
    { a: [3, 4], b: [4, 5], transposeA: false, transposeB: false },
    { a: [4, 3], b: [5, 4], transposeA: true, transposeB: true },
    { a: [1, 3, 4], b: [1, 5, 4], transposeA: false, transposeB: true },
    { a: [2, 3, 4], b: [1, 4, 5], transposeA: false, transposeB: false },
    { a: [2, 4, 3], b: [1, 4, 5], transposeA: true, transposeB: false },
    { a: [2, 4, 3], b: [2, 5, 4], transposeA: true, transposeB: true },
  ].map(({ a, b, ...attrs }) => ({ inputs: { a: numbers(a), b: numbers(b, { seed: 2 }) }, attrs })),
  BatchToSpaceND: [
    {
      inputs: { x: numbers([8, 2, 3, 2]) },
      attrs: {
        blockShape: [2, 2],
        crops: [
          [0, 0],
          [1, 2],
        ],
      },
    },
  ],
  Cast: [
    { inputs: { x: float([-1.7, -0.2, 0, 0.9, 2.5]) }, attrs: { dtype: "int32" } },
    { inputs: { x: float([-1.7, -0.2, 0, 0.9, 2.5]) }, attrs: { dtype: "bool" } },
    { inputs: { x: int([-1, 0, 3]) }, attrs: { dtype: "float32" } },
    { inputs: { x: bools([5]) }, attrs: { dtype: "float32" } },
    { inputs: { x: bools([5]) }, attrs: { dtype: "int32" } },
  ],
  Ceil: [{ inputs: { x: halves } }, { inputs: { x: int([1, -2]) } }],
  ClipByValue: [
    ...floats(-2, 2, { clipValueMin: -0.5, clipValueMax: 1 }),
    { inputs: { x: integers([9], -5, 5) }, attrs: { clipValueMin: -2, clipValueMax: 3 } },
  ],
  Concat: [0, 1, 2].map((axis) => ({
    inputs: [numbers([2, 3, 4]), numbers([2, 3, 4], { seed: 2 })],
    attrs: { axis },
  })),
  Conv2D: convolutions.map((conv) => ({
    inputs: { x: numbers(conv.x), filter: numbers(conv.filter, { seed: 2 }) },
    attrs: convAttrs(conv),
  })),
  Conv2DBackpropFilter: strided.map((conv) => ({
    inputs: { x: numbers(conv.x), dy: numbers(convOutput(conv, conv.filter[3]), { seed: 2 }) },
    attrs: { ...convAttrs(conv), filterShape: conv.filter },
  })),
  Conv2DBackpropInput: strided.map((conv) => ({
    inputs: { dy: numbers(convOutput(conv, conv.filter[3])), filter: numbers(conv.filter, { seed: 2 }) },
    attrs: { ...convAttrs(conv), inputShape: conv.x },
  })),
  Cos: floats(-3, 3),
  Cosh: floats(-3, 3),
  Cumsum: [
    { axis: 0, exclusive: false, reverse: false },
    { axis: 1, exclusive: true, reverse: false },
    { axis: 1, exclusive: false, reverse: true },
    { axis: 1, exclusive: true, reverse: true },
  ].map((attrs) => ({ inputs: { x: numbers([3, 4]) }, attrs })),
  DenseBincount: [
    { inputs: { x: integers([20], 0, 5), weights: numbers([20]) }, attrs: { size: 6, binaryOutput: false } },
    { inputs: { x: integers([20], 0, 5), weights: float([], [0]) }, attrs: { size: 6, binaryOutput: false } },
    {
      inputs: { x: integers([2, 9], 0, 5), weights: float([], [0]) },
      attrs: { size: 6, binaryOutput: true },
    },
  ],
  DepthToSpace: [{ inputs: { x: numbers([2, 3, 2, 12]) }, attrs: { blockSize: 2, dataFormat: "NHWC" } }],
  DepthwiseConv2dNative: depthwise.map((conv) => ({
    inputs: { x: numbers(conv.x), filter: numbers(conv.filter, { seed: 2 }) },
    attrs: convAttrs(conv),
  })),
  DepthwiseConv2dNativeBackpropFilter: depthwise
    // TensorFlow.js's own kernels for the gradients leave the dilation out.
    .filter(({ dilations }) => dilations === undefined)
    .map((conv) => ({
      inputs: {
        x: numbers(conv.x),
        dy: numbers(convOutput(conv, conv.filter[2] * conv.filter[3]), { seed: 2 }),
      },
      attrs: { ...convAttrs(conv), filterShape: conv.filter },
    })),
  DepthwiseConv2dNativeBackpropInput: depthwise
    .filter(({ dilations }) => dilations === undefined)
    .map((conv) => ({
      inputs: {
        dy: numbers(convOutput(conv, conv.filter[2] * conv.filter[3])),
        filter: numbers(conv.filter),
      },
      attrs: { ...convAttrs(conv), inputShape: conv.x },
    })),
  Einsum: [
    { inputs: [numbers([2, 3]), numbers([4, 3], { seed: 2 })], attrs: { equation: "nd,kd->nk" } },
    { inputs: [numbers([2, 3, 4]), numbers([2, 4, 5], { seed: 2 })], attrs: { equation: "bij,bjk->bik" } },
    { inputs: [numbers([3, 4])], attrs: { equation: "ij->ji" } },
    { inputs: [numbers([3, 4]), numbers([3, 4], { seed: 2 })], attrs: { equation: "ij,ij->" } },
  ],
  Elu: floats(-3, 3),
  EluGrad: [{ inputs: { dy: numbers([9]), y: numbers([9], { seed: 2 }) } }],
  Equal: comparisons(),
  Erf: floats(-2, 2),
  Exp: floats(-3, 3),
  ExpandDims: [
    { inputs: { input: numbers([2, 3]) }, attrs: { dim: 1 } },
    { inputs: { input: numbers([2, 3]) }, attrs: { dim: -1 } },
  ],
  Expm1: [...floats(-3, 3), { inputs: { x: float([1e-7, -1e-4, 0.0999, 0.1001]) } }],
  Fill: [
    { inputs: {}, attrs: { shape: [2, 3], value: 1.5, dtype: "float32" } },
    { inputs: {}, attrs: { shape: [50, 40], value: 2, dtype: "int32" } },
  ],
  FlipLeftRight: [{ inputs: { image: numbers([2, 3, 4, 2]) } }],
  Floor: [{ inputs: { x: halves } }, { inputs: { x: int([1, -2]) } }],
  FloorDiv: [...binary({ low: 0.5, high: 3, ints: false }), division],
  FusedBatchNorm: [
    {
      inputs: {
        x: numbers([2, 3, 4, 5]),
        mean: numbers([5]),
        variance: numbers([5], { low: 0.1 }),
        offset: numbers([5]),
        scale: numbers([5]),
      },
      attrs: { varianceEpsilon: 1e-3 },
    },
    {
      inputs: { x: numbers([4, 5]), mean: numbers([5]), variance: numbers([5], { low: 0.1 }) },
      attrs: { varianceEpsilon: 1e-3 },
    },
  ],
  FusedConv2D: ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"].map((activation) => ({
    inputs: {
      x: numbers([1, 5, 5, 2]),
      filter: numbers([3, 3, 2, 4]),
      bias: numbers([4]),
      ...(activation === "prelu" ? { preluActivationWeights: numbers([4], { seed: 4 }) } : {}),
    },
    attrs: { strides: 1, pad: "same", dilations: 1, dataFormat: "NHWC", activation, leakyreluAlpha: 0.1 },
  })),
  FusedDepthwiseConv2D: [
    {
      inputs: { x: numbers([1, 5, 5, 2]), filter: numbers([3, 3, 2, 2]), bias: numbers([4]) },
      attrs: { strides: 1, pad: "same", dilations: 1, dataFormat: "NHWC", activation: "relu" },
    },
  ],
  GatherNd: [
    { inputs: { params: numbers([3, 4, 2]), indices: int([0, 1, 2, 3, 1, 0], [3, 2]) } },
    { inputs: { params: numbers([3, 4]), indices: int([2, 0], [2, 1]) } },
  ],
  GatherV2: [
    { inputs: { x: numbers([5, 3]), indices: int([4, 0, 0, 2]) }, attrs: { axis: 0, batchDims: 0 } },
    {
      inputs: { x: numbers([2, 5, 3]), indices: int([4, 0, 1, 2], [2, 2]) },
      attrs: { axis: 1, batchDims: 0 },
    },
    {
      inputs: { x: numbers([2, 5, 3]), indices: int([4, 0, 1, 2], [2, 2]) },
      attrs: { axis: 1, batchDims: 1 },
    },
    {
      inputs: { x: numbers([2, 3, 5]), indices: int([4, 0, 1, 2], [2, 2]) },
      attrs: { axis: 2, batchDims: 1 },
    },
  ],
  Greater: comparisons(),
  GreaterEqual: comparisons(),
  Identity: [{ inputs: { x: numbers([3]) } }],
  IsFinite: [{ inputs: { x: special } }],
  IsInf: [{ inputs: { x: special } }],
  IsNan: [{ inputs: { x: special } }],
  LeakyRelu: floats(-2, 2, { alpha: 0.3 }),
  Less: comparisons(),
  LessEqual: comparisons(),
  LRN: [1, 2].map((depthRadius) => ({
    inputs: { x: numbers([2, 3, 2, 6]) },
    attrs: { depthRadius, bias: 1.5, alpha: 0.7, beta: 0.6 },
  })),
  LRNGrad: [1, 2].map((depthRadius) => ({
    inputs: {
      x: numbers([2, 3, 2, 6]),
      // Of the same x: y = x · (bias + α Σ x²)^−β is what the kernel is given.
      y: responseNormalised(numbers([2, 3, 2, 6]), { depthRadius, bias: 1.5, alpha: 0.7, beta: 0.6 }),
      dy: numbers([2, 3, 2, 6], { seed: 3 }),
    },
    attrs: { depthRadius, bias: 1.5, alpha: 0.7, beta: 0.6 },
  })),
  LinSpace: [{ inputs: {}, attrs: { start: -1, stop: 2, num: 7 } }],
  Log: floats(0.1, 4),
  Log1p: [...floats(-0.5, 3), { inputs: { x: float([1e-8, -1e-6, 1e-4, Number.POSITIVE_INFINITY]) } }],
  LogicalAnd: [{ inputs: { a: bools([9]), b: bools([9], 2) } }],
  LogicalNot: [{ inputs: { x: bools([9]) } }],
  LogicalOr: [{ inputs: { a: bools([3, 3]), b: bools([3], 2) } }],
  Max: reductions("reductionIndices"),
  MaxPool: pools.map(({ x, attrs }) => ({ inputs: { x: numbers(x) }, attrs })),
  MaxPoolGrad: pools.map(({ x, attrs }) => ({
    inputs: {
      dy: numbers(poolOutput(x, attrs)),
      input: numbers(x, { seed: 2 }),
      output: numbers(poolOutput(x, attrs)),
    },
    attrs,
  })),
  Maximum: binary({ bools: true }),
  Mean: reductions("axis", { ints: false }),
  Min: reductions(),
  Minimum: binary(),
  MirrorPad: ["reflect", "symmetric"].map((mode) => ({
    inputs: { x: numbers([3, 4]) },
    attrs: {
      paddings: [
        [1, 2],
        [0, 2],
      ],
      mode,
    },
  })),
  Mod: [
    ...binary({ low: -3, high: 3, ints: false }),
    { inputs: { a: int([7, -7, 7, -7]), b: int([3, 3, -3, -3]) } },
  ],
  Multiply: binary(),
  Neg: floats(-2, 2),
  NotEqual: comparisons(),
  OneHot: [
    { indices: int([0, 3, -1, 7, 2]), attrs: { depth: 4, onValue: 1, offValue: 0, dtype: "float32" } },
    { indices: int([0, 3, 1, 2], [2, 2]), attrs: { depth: 4, onValue: 1, offValue: 0, dtype: "int32" } },
    { indices: int([0, 3, 2]), attrs: { depth: 4, onValue: 5, offValue: -2, dtype: "float32" } },
  ].map(({ indices, attrs }) => ({ inputs: { indices }, attrs })),
  OnesLike: [{ inputs: { x: numbers([2, 3]) } }],
  Pack: [0, 1, 2].map((axis) => ({
    inputs: [numbers([2, 3]), numbers([2, 3], { seed: 2 })],
    attrs: { axis },
  })),
  PadV2: [
    {
      inputs: { x: numbers([2, 3]) },
      attrs: {
        paddings: [
          [1, 0],
          [2, 3],
        ],
        constantValue: 0,
      },
    },
    {
      inputs: { x: numbers([2, 3]) },
      attrs: {
        paddings: [
          [1, 0],
          [2, 3],
        ],
        constantValue: -1.5,
      },
    },
    { inputs: { x: int([1, 2]) }, attrs: { paddings: [[1, 1]], constantValue: 7 } },
    { inputs: { x: bools([4]) }, attrs: { paddings: [[1, 1]], constantValue: 1 } },
  ],
  Pow: [...binary({ low: 0.2, high: 3, ints: false }), { inputs: { a: int([2, 3, -2]), b: int([3, 2, 3]) } }],
  Prelu: [
    { inputs: { x: numbers([2, 3, 4]), alpha: numbers([4], { seed: 2 }) } },
    { inputs: { x: numbers([4]), alpha: numbers([2, 3, 4], { seed: 2 }) } },
    { inputs: { x: numbers([3, 1]), alpha: numbers([1, 4], { seed: 2 }) } },
  ],
  Prod: reductions(),
  Range: [
    { start: 0, stop: 5, step: 1, dtype: "int32" },
    { start: 1, stop: 0, step: -0.3, dtype: "float32" },
    { start: 5, stop: 2, step: 1, dtype: "float32" },
    { start: 2, stop: 2, step: 1, dtype: "float32" },
  ].map((attrs) => ({ inputs: {}, attrs })),
  RealDiv: [...binary({ low: 0.5, high: 2, ints: false }), division],
  Reciprocal: floats(0.5, 2),
  Relu: [...floats(-2, 2), { inputs: { x: int([-1, 2]) } }],
  Relu6: floats(-2, 9),
  Reshape: [
    { inputs: { x: numbers([2, 6]) }, attrs: { shape: [3, 4] } },
    { inputs: { x: numbers([2, 6]) }, attrs: { shape: [-1, 3] } },
    { inputs: { x: numbers([0, 6]) }, attrs: { shape: [2, 0] } },
  ],
  ResizeBilinear: resizing(),
  ResizeBilinearGrad: resizingGradient(),
  ResizeNearestNeighbor: resizing(),
  ResizeNearestNeighborGrad: resizingGradient(),
  Reverse: [
    { inputs: { x: numbers([3, 4]) }, attrs: { dims: [0] } },
    { inputs: { x: numbers([3, 4, 2]) }, attrs: { dims: [0, 2] } },
  ],
  Round: [{ inputs: { x: halves } }, { inputs: { x: int([1, -2]) } }],
  Rsqrt: floats(0.3, 4),
  ScatterNd: [
    { inputs: { indices: int([4, 1, 1, 0], [4, 1]), updates: numbers([4]) }, attrs: { shape: [6] } },
    { inputs: { indices: int([4, 1, 1, 0], [4, 1]), updates: numbers([4, 9]) }, attrs: { shape: [6, 9] } },
    {
      inputs: { indices: int([0, 1, 2, 3, 0, 1], [3, 2]), updates: numbers([3, 2]) },
      attrs: { shape: [3, 4, 2] },
    },
    { inputs: { indices: int([4, 1, 1, 0], [4, 1]), updates: int([1, 2, 3, 4]) }, attrs: { shape: [6] } },
  ],
  Select: [
    { inputs: { condition: bools([3, 4]), t: numbers([3, 4]), e: numbers([3, 4], { seed: 2 }) } },
    { inputs: { condition: bools([7]), t: bools([7], 5), e: bools([7], 6) } },
    { inputs: { condition: bools([7]), t: int([1, 2, 3, 4, 5, 6, 7]), e: numbers([7]) } },
    { inputs: { condition: bools([7]), t: numbers([7]), e: int([1, 2, 3, 4, 5, 6, 7]) } },
    { inputs: { condition: bools([7]), t: bools([7], 5), e: int([1, 2, 3, 4, 5, 6, 7]) } },
  ],
  Selu: floats(-2, 2),
  Sigmoid: floats(-6, 6),
  Sign: [...floats(-2, 2), { inputs: { x: int([-3, 0, 4]) } }],
  Sin: floats(-3, 3),
  Sinh: floats(-3, 3),
  Slice: [
    { inputs: { x: numbers([4, 5]) }, attrs: { begin: [1, 2], size: [2, 3] } },
    { inputs: { x: numbers([4, 5]) }, attrs: { begin: [1, 0], size: [-1, 1] } },
    { inputs: { x: bools([4, 5]) }, attrs: { begin: [0, 0], size: [4, 5] } },
  ],
  Softmax: [{ inputs: { logits: numbers([2, 3, 5], { low: -4, high: 4 }) }, attrs: { dim: 2 } }],
  Softplus: floats(-4, 4),
  SpaceToBatchND: [
    {
      inputs: { x: numbers([2, 3, 4, 2]) },
      attrs: {
        blockShape: [2, 2],
        paddings: [
          [1, 0],
          [0, 2],
        ],
      },
    },
  ],
  SparseToDense: [
    {
      inputs: { sparseIndices: int([1, 3]), sparseValues: float([5, 6]), defaultValue: float([-1], []) },
      attrs: { outputShape: [5] },
    },
    {
      inputs: {
        sparseIndices: int([0, 1, 2, 0], [2, 2]),
        sparseValues: float([5], []),
        defaultValue: float([0], []),
      },
      attrs: { outputShape: [3, 2] },
    },
  ],
  SplitV: [
    { inputs: { x: numbers([4, 6]) }, attrs: { numOrSizeSplits: 3, axis: 1 } },
    { inputs: { x: numbers([4, 6]) }, attrs: { numOrSizeSplits: [1, 3], axis: 0 } },
    { inputs: { x: numbers([4, 6]) }, attrs: { numOrSizeSplits: [1, -1, 2], axis: -1 } },
  ],
  Sqrt: floats(0, 4),
  Square: [...floats(-2, 2), { inputs: { x: int([-3, 4]) } }],
  SquaredDifference: binary(),
  Step: [...floats(-2, 2, { alpha: 0 }), ...floats(-2, 2, { alpha: 0.3 })],
  StridedSlice: [
    { begin: [0, 1], end: [4, 5], strides: [2, 3] },
    { begin: [3, 4], end: [0, 0], strides: [-1, -2] },
    { begin: [-1, 0], end: [0, 5], strides: [-1, 1], endMask: 1 },
    { begin: [1, 0], end: [2, 3], strides: [1, 1], shrinkAxisMask: 1 },
    { begin: [0, 0], end: [4, 3], strides: [1, 1], newAxisMask: 1 },
  ].map((given) => ({
    inputs: { x: numbers([4, 5]) },
    attrs: { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0, ...given },
  })),
  Sub: binary(),
  Sum: reductions(),
  Tan: floats(-1, 1),
  Tanh: floats(-3, 3),
  TensorScatterUpdate: [
    {
      inputs: {
        tensor: numbers([5, 2]),
        indices: int([3, 0], [2, 1]),
        updates: numbers([2, 2], { seed: 2 }),
      },
    },
  ],
  Tile: [
    { inputs: { x: numbers([2, 3]) }, attrs: { reps: [2, 1] } },
    { inputs: { x: numbers([1, 3]) }, attrs: { reps: [4, 1] } },
  ],
  TopK: [
    { inputs: { x: numbers([3, 7]) }, attrs: { k: 3, sorted: true } },
    { inputs: { x: float([2, 5, 5, 1, 2]) }, attrs: { k: 4, sorted: true } },
  ],
  Transpose: [
    { inputs: { x: numbers([2, 3, 4]) }, attrs: { perm: [2, 0, 1] } },
    { inputs: { x: numbers([2, 1, 4]) }, attrs: { perm: [1, 0, 2] } },
  ],
  Unpack: [0, 1].map((axis) => ({ inputs: { value: numbers([3, 4]) }, attrs: { axis } })),
  UnsortedSegmentSum: [
    { inputs: { x: numbers([6, 9]), segmentIds: integers([6], 0, 4) }, attrs: { numSegments: 5 } },
    { inputs: { x: numbers([6]), segmentIds: integers([6], 0, 4) }, attrs: { numSegments: 5 } },
    { inputs: { x: numbers([40, 8]), segmentIds: integers([40], 0, 99) }, attrs: { numSegments: 100 } },
    { inputs: { x: numbers([6, 2, 2]), segmentIds: integers([6], 0, 4) }, attrs: { numSegments: 5 } },
  ],
  ZerosLike: [{ inputs: { x: numbers([2, 3]) } }],
  _FusedMatMul: ["linear", "relu", "elu"].map((activation) => ({
    inputs: { a: numbers([1, 3, 4]), b: numbers([1, 4, 5], { seed: 2 }), bias: numbers([5], { seed: 3 }) },
    attrs: { transposeA: false, transposeB: false, activation },
  })),
};
