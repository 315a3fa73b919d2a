import { sizeOf } from "@slicebook/base";
import {
  inputOf,
  type Kernel,
  type KernelNode,
  listOf,
  numberOf,
  numbersOf,
  outputOf,
  refused,
  type Step,
} from "./kernel.ts";
import { broadcastStrides, elementOffsets, type Operand, stridesOf, type Values } from "./values.ts";

/* What only brings values to other places. */

const same: Kernel = (node) => ({ outputs: [inputOf(node, 0).values], run: undefined });

export const moveKernels: Readonly<Record<string, Kernel>> = {
  Identity: same,
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,

  Transpose: (node) => {
    const input = inputOf(node, 0);
    const strides = stridesOf(input.shape);
    const { shape } = node.outputs[0]!;
    const order = numbersOf(node, "perm") ?? shape.map((_, axis) => shape.length - 1 - axis);
    return moved(
      node,
      input,
      elementOffsets(
        shape,
        order.map((axis) => strides[axis]!),
      ),
    );
  },

  Expand: (node) => {
    const input = inputOf(node, 0);
    const { shape } = node.outputs[0]!;
    return moved(node, input, elementOffsets(shape, broadcastStrides(input.shape, shape)));
  },

  Slice: (node) => {
    const input = inputOf(node, 0);
    const { shape } = node.outputs[0]!;
    const starts = listOf(node, 1)!;
    const axes = listOf(node, 3) ?? starts.map((_, axis) => axis);
    const steps = listOf(node, 4) ?? starts.map(() => 1);
    const strides = stridesOf(input.shape);
    let first = 0;
    for (const [index, axis] of axes.entries()) {
      const [side, start, step] = [input.shape[axis]!, starts[index]!, steps[index]!];
      const within = start < 0 ? start + side : start;
      first += strides[axis]! * Math.min(Math.max(within, 0), step < 0 ? side - 1 : side);
      strides[axis]! *= step;
    }
    return moved(node, input, elementOffsets(shape, strides, first));
  },

  Split: (node) => {
    const input = inputOf(node, 0);
    const axis = axisOf(numberOf(node, "axis", 0), input.shape);
    const strides = stridesOf(input.shape);
    let start = 0;
    const parts = node.outputs.map(({ shape }) => {
      const part = moved(node, input, elementOffsets(shape, strides, start * strides[axis]!));
      start += shape[axis]!;
      return part;
    });
    return { outputs: parts.flatMap(({ outputs }) => outputs), run: inTurn(parts) };
  },

  Pad: (node) => {
    const input = inputOf(node, 0);
    const { type, shape } = node.outputs[0]!;
    const mode = node.attributes.mode ?? "constant";
    if (mode !== "constant") throw refused(node, `in the mode ${String(mode)}`);
    const out = node.room.allocate(type, sizeOf(shape));
    const before = listOf(node, 1)!.slice(0, shape.length);
    const strides = stridesOf(shape);
    const to = elementOffsets(
      input.shape,
      strides,
      before.reduce((sum, count, axis) => sum + count * strides[axis]!, 0),
    );
    out.fill(listOf(node, 2)?.[0] ?? 0);
    return { outputs: [out], run: () => scatter(input.values, out, to) };
  },

  Concat: (node) => {
    const { type, shape } = node.outputs[0]!;
    const axis = axisOf(numberOf(node, "axis", 0), shape);
    const out = node.room.allocate(type, sizeOf(shape));
    const strides = stridesOf(shape);
    let start = 0;
    const parts = node.inputs.map((_, index) => {
      const part = inputOf(node, index);
      const to = elementOffsets(part.shape, strides, start * strides[axis]!);
      start += part.shape[axis]!;
      return () => scatter(part.values, out, to);
    });
    return {
      outputs: [out],
      run: () => {
        for (const part of parts) part();
      },
    };
  },

  Gather: (node) => {
    const [data, indices] = [inputOf(node, 0), inputOf(node, 1)];
    const axis = axisOf(numberOf(node, "axis", 0), data.shape);
    const out = outputOf(node);
    const side = data.shape[axis]!;
    const inner = sizeOf(data.shape.slice(axis + 1));
    const outer = sizeOf(data.shape.slice(0, axis));
    return {
      outputs: [out],
      run: () => {
        let at = 0;
        for (let block = 0; block < outer; block++) {
          for (const index of indices.values) {
            const within = index < 0 ? index + side : index;
            if (!(within >= 0 && within < side))
              throw new RangeError(`the index ${index} is not among ${side}`);
            const from = (block * side + within) * inner;
            for (let element = from; element < from + inner; element++) out[at++] = data.values[element]!;
          }
        }
      },
    };
  },
};

export function axisOf(axis: number, shape: readonly number[]): number {
  return axis < 0 ? axis + shape.length : axis;
}

/** The values of a tensor at these offsets: a part of it where they lie one after the other. */
export function moved({ room }: KernelNode, { type, values }: Operand, from: Int32Array): Step {
  const first = from[0] ?? 0;
  if (from.every((offset, at) => offset === first + at)) {
    return { outputs: [values.subarray(first, first + from.length)], run: undefined };
  }
  const out = room.allocate(type, from.length);
  return {
    outputs: [out],
    run: () => {
      for (let at = 0; at < from.length; at++) out[at] = values[from[at]!]!;
    },
  };
}

function scatter(values: Values, out: Values, to: Int32Array): void {
  for (let at = 0; at < to.length; at++) out[to[at]!] = values[at]!;
}

function inTurn(steps: readonly Step[]): Step["run"] {
  const runs = steps.flatMap(({ run }) => run ?? []);
  if (runs.length === 0) return undefined;
  return () => {
    for (const run of runs) run();
  };
}
