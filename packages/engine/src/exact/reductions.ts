import { fixedExp } from "@slicebook/base";
import { inputOf, type Kernel, type KernelNode, listOf, numberOf, numbersOf, outputOf } from "./kernel.ts";
import { axisOf } from "./moves.ts";
import { elementOffsets, stridesOf } from "./values.ts";

/* Sums are of float64 numbers, in the order in which these lie. */

export const reductionKernels: Readonly<Record<string, Kernel>> = {
  ReduceMax: (node) => reduction(node, Number.NEGATIVE_INFINITY, (largest, x) => Math.max(x, largest)),
  ReduceMin: (node) => reduction(node, Number.POSITIVE_INFINITY, (least, x) => Math.min(x, least)),
  ReduceSum: (node) => reduction(node, 0, (sum, x) => sum + x),
  ReduceMean: (node) => reduction(node, 0, (sum, x) => sum + x, true),

  Softmax: (node) => {
    const { values, shape } = inputOf(node, 0);
    const axis = axisOf(numberOf(node, "axis", -1), shape);
    const [side, stride] = [shape[axis]!, stridesOf(shape)[axis]!];
    const first = elementOffsets(
      shape.filter((_, index) => index !== axis),
      stridesOf(shape).filter((_, index) => index !== axis),
    );
    const out = outputOf(node);
    const powers = new Float64Array(side);
    return {
      outputs: [out],
      run: () => {
        for (const start of first) {
          let largest = Number.NEGATIVE_INFINITY;
          for (let index = 0; index < side; index++) {
            const value = values[start + index * stride]!;
            if (value > largest) largest = value;
          }
          let sum = 0;
          for (let index = 0; index < side; index++) {
            powers[index] = fixedExp(values[start + index * stride]! - largest);
            sum += powers[index]!;
          }
          for (let index = 0; index < side; index++) out[start + index * stride] = powers[index]! / sum;
        }
      },
    };
  },
};

function reduction(
  node: KernelNode,
  start: number,
  join: (result: number, value: number) => number,
  isMean = false,
) {
  const { values, shape } = inputOf(node, 0);
  const axes = (numbersOf(node, "axes") ?? listOf(node, 1) ?? shape.map((_, axis) => axis)).map((axis) =>
    axisOf(axis, shape),
  );
  const kept = stridesOf(shape.map((side, axis) => (axes.includes(axis) ? 1 : side)));
  const to = elementOffsets(
    shape,
    kept.map((stride, axis) => (axes.includes(axis) ? 0 : stride)),
  );
  const out = outputOf(node);
  const results = new Float64Array(out.length);
  const count = isMean ? values.length / out.length : 1;
  return {
    outputs: [out],
    run: () => {
      results.fill(start);
      for (let at = 0; at < to.length; at++) results[to[at]!] = join(results[to[at]!]!, values[at]!);
      for (let at = 0; at < out.length; at++) out[at] = results[at]! / count;
    },
  };
}
