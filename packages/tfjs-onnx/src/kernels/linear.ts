import {
  type _FusedMatMulAttrs,
  type BatchMatMulAttrs,
  backend_util,
  type EinsumAttrs,
  type FusedBatchNormAttrs,
  type Tensor,
} from "@tensorflow/tfjs-core";
import {
  add,
  broadcastShape,
  elementwise,
  gemm,
  mul,
  reshape,
  sameShape,
  scalarLike,
  sub,
  transpose,
} from "../build.ts";
import { emitOne, type Graph, type Value } from "../graph.ts";
import { sizeOf } from "../spec.ts";
import { activate } from "./elementwise.ts";
import { infoOf, type KernelRecorder, kernel, listed } from "./kernel.ts";

/** Swaps the last two axes. */
function flip(graph: Graph, x: Value): Value {
  const rank = x.shape.length;
  const order = x.shape.map((_, axis) => axis);
  [order[rank - 2], order[rank - 1]] = [rank - 1, rank - 2];
  return transpose(graph, x, order);
}

/** The rows and columns of matrices in the last two axes. */
function matrixSides({ shape }: Value, transposed: boolean): readonly [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Products of matrices in the last two axes; the axes before them broadcast. */
function matMul(graph: Graph, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  const [rows, inner] = matrixSides(a, transposeA);
  const [innerB, columns] = matrixSides(b, transposeB);
  if (inner !== innerB) {
    const [left, right] = [a, b].map(({ shape }) => `[${shape.join(", ")}]`);
    const turned = `transposeA=${transposeA} and transposeB=${transposeB}`;
    throw new RangeError(
      `the inner sides, ${inner} and ${innerB}, of ${left} and ${right} differ (${turned})`,
    );
  }
  const batch = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const shape = [...batch, rows, columns];

  const batchA = sizeOf(a.shape.slice(0, -2));
  const batchB = sizeOf(b.shape.slice(0, -2));
  if (batchB === 1 && (batchA === 1 || !transposeA)) {
    // One matrix for all: the batch is just more rows.
    const left = reshape(graph, a, transposeA ? [inner, rows] : [batchA * rows, inner]);
    const right = reshape(graph, b, b.shape.slice(-2));
    return reshape(graph, gemm(graph, left, right, transposeA, transposeB), shape);
  }
  const left = transposeA ? flip(graph, a) : a;
  const right = transposeB ? flip(graph, b) : b;
  return emitOne(graph, "MatMul", [left, right], {}, a.type, shape);
}

/** The shape that an equation such as `"bij,bjk->bik"` gives. */
function einsumShape(tensors: readonly Value[], equation: string): number[] {
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
  const sides = new Map<number, number>();
  idDims.forEach((dims, term) => {
    dims.forEach((dim, axis) => {
      sides.set(dim, tensors[term]!.shape[axis]!);
    });
  });
  const output = equation.slice(equation.indexOf("->") + 2).trim();
  return [...output].map((letter) => sides.get(allDims.indexOf(letter)) ?? 1);
}

export const linearKernels: readonly KernelRecorder[] = [
  kernel("BatchMatMul", (graph, { a, b }, { transposeA, transposeB }: BatchMatMulAttrs) =>
    matMul(graph, a, b, transposeA, transposeB),
  ),
  kernel("_FusedMatMul", (graph, { a, b, bias, preluActivationWeights }, attrs: _FusedMatMulAttrs) => {
    const product = matMul(graph, a, b, attrs.transposeA, attrs.transposeB);
    const shifted = bias === undefined ? product : add(graph, product, bias);
    return activate(graph, shifted, attrs.activation, preluActivationWeights, attrs.leakyreluAlpha);
  }),
  kernel("Einsum", (graph, inputs, { equation }: EinsumAttrs) => {
    const tensors = listed(inputs);
    const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors.map(infoOf) as Tensor[]);
    return emitOne(graph, "Einsum", tensors, { equation }, tensors[0]!.type, einsumShape(tensors, equation));
  }),
  kernel("FusedBatchNorm", (graph, inputs, { varianceEpsilon }: FusedBatchNormAttrs) => {
    const { x, mean, variance, scale, offset } = inputs;
    const operands = Object.values(inputs).filter((value) => value !== undefined);
    if (!sameShape(broadcastShape(operands.map(({ shape }) => shape)), x.shape)) {
      const shapes = operands.map(({ shape }) => `[${shape.join(", ")}]`);
      throw new RangeError(`statistics of shapes ${shapes.join(", ")} do not fit [${x.shape.join(", ")}]`);
    }
    const spread = elementwise(graph, "Sqrt", [
      add(graph, variance, scalarLike(graph, variance, varianceEpsilon)),
    ]);
    const narrow = elementwise(graph, "Reciprocal", [spread]);
    const scaled = mul(graph, sub(graph, x, mean), scale === undefined ? narrow : mul(graph, narrow, scale));
    return offset === undefined ? scaled : add(graph, scaled, offset);
  }),
];
