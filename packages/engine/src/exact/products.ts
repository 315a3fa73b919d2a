import { sizeOf } from "@slicebook/base";
import {
  inputOf,
  type Kernel,
  type KernelNode,
  numberOf,
  numbersOf,
  outputOf,
  refused,
  type Step,
} from "./kernel.ts";
import { moved } from "./moves.ts";
import { roomFor } from "./room.ts";
import { broadcastStrides, elementOffsets, type Operand, stridesOf, type Values } from "./values.ts";

export const productKernels: Readonly<Record<string, Kernel>> = {
  Gemm: (node) => {
    if (numberOf(node, "alpha", 1) !== 1 || numberOf(node, "beta", 1) !== 1)
      throw refused(node, "with factors");
    const [left, turnLeft] = turned(node, inputOf(node, 0), numberOf(node, "transA", 0) === 1);
    const [right, turnRight] = turned(node, inputOf(node, 1), numberOf(node, "transB", 0) === 1);
    const [rows, columns] = node.outputs[0]!.shape as [number, number];
    const out = floatsOf(node, outputOf(node));
    const [a, b] = [floatsOf(node, left.values), floatsOf(node, right.values)];
    const size = { rows, inner: left.shape[1]!, columns };
    const bias = node.inputs[2] && added(node.inputs[2], out, [rows, columns]);
    return {
      outputs: [out],
      run: () => {
        turnLeft?.();
        turnRight?.();
        node.room.multiply(a, b, out, size);
        bias?.();
      },
    };
  },

  MatMul: (node) => {
    const [left, right] = [inputOf(node, 0), inputOf(node, 1)];
    if (left.shape.length < 2 || right.shape.length < 2) throw refused(node, "of vectors");
    const { shape } = node.outputs[0]!;
    const [rows, columns] = shape.slice(-2) as [number, number];
    const size = { rows, inner: left.shape.at(-1)!, columns };
    const out = floatsOf(node, outputOf(node));
    const batch = shape.slice(0, -2);
    const matrices = (operand: Operand) => {
      const each = sizeOf(operand.shape.slice(-2));
      const strides = broadcastStrides(operand.shape.slice(0, -2), batch);
      const values = floatsOf(node, operand.values);
      return Array.from(elementOffsets(batch, strides), (matrix) =>
        values.subarray(matrix * each, (matrix + 1) * each),
      );
    };
    const [lefts, rights] = [matrices(left), matrices(right)];
    const outs = lefts.map((_, index) => out.subarray(index * rows * columns, (index + 1) * rows * columns));
    return {
      outputs: [out],
      run: () => {
        for (let index = 0; index < outs.length; index++) {
          node.room.multiply(lefts[index]!, rights[index]!, outs[index]!, size);
        }
      },
    };
  },

  Conv: (node) => {
    const [input, kernel] = [inputOf(node, 0), inputOf(node, 1)];
    if (input.shape.length !== 4) throw refused(node, `in ${input.shape.length - 2} dimensions`);
    if (numberOf(node, "group", 1) !== 1) throw refused(node, "of groups");
    const [batch, , height, width] = node.outputs[0]!.shape as [number, number, number, number];
    const [channels, inner] = [kernel.shape[0]!, sizeOf(kernel.shape.slice(1))];
    const size = { rows: channels, inner, columns: height * width };
    const weights = floatsOf(node, kernel.values);
    const out = floatsOf(node, outputOf(node));
    const values = floatsOf(node, input.values);
    const from = windows(node, input, kernel);
    // A kernel of one tap sees the pixels as they lie.
    const isOneTap = from.every((offset, at) => offset === at);
    const seen = isOneTap ? undefined : node.room.floats(from.length);
    const perImage = <T>(part: (image: number) => T) =>
      Array.from({ length: batch }, (_, image) => part(image));
    const each = sizeOf(input.shape.slice(1));
    const images = perImage((image) => values.subarray(image * each, (image + 1) * each));
    const outs = perImage((image) =>
      out.subarray(image * channels * size.columns, (image + 1) * channels * size.columns),
    );
    const bias =
      node.inputs[2] &&
      added({ ...node.inputs[2], shape: [channels, 1, 1] }, out, [batch, channels, height, width]);
    return {
      outputs: [out],
      run: () => {
        for (let image = 0; image < batch; image++) {
          if (seen !== undefined) gather(images[image]!, from, seen);
          node.room.multiply(weights, seen ?? images[image]!, outs[image]!, size);
        }
        bias?.();
      },
    };
  },
};

/** The bytes that a product needs besides its output: for what its kernel sees, and for matrices that are turned around. */
export function roomForProduct({
  op,
  inputs,
  outputs,
}: Pick<KernelNode, "op" | "outputs"> & {
  readonly inputs: readonly ({ readonly shape: readonly number[] } | undefined)[];
}): number {
  const [left, right] = inputs;
  if (left === undefined || right === undefined) return 0;
  if (op === "Gemm") return roomFor(sizeOf(left.shape)) + roomFor(sizeOf(right.shape));
  if (op !== "Conv") return 0;
  return roomFor(sizeOf(right.shape.slice(1)) * sizeOf(outputs[0]!.shape.slice(2)));
}

function gather(values: Float32Array, from: Int32Array, out: Float32Array): void {
  for (let at = 0; at < from.length; at++) {
    const offset = from[at]!;
    out[at] = offset < 0 ? 0 : values[offset]!;
  }
}

/** For each tap of a kernel and each pixel of the result, the offset in an image of what it sees; −1 beyond its edges. */
function windows(node: KernelNode, { shape: [, , height, width] }: Operand, kernel: Operand): Int32Array {
  const [, depth, down, across] = kernel.shape as [number, number, number, number];
  const [, , rows, columns] = node.outputs[0]!.shape as [number, number, number, number];
  const [strideDown, strideAcross] = numbersOf(node, "strides") ?? [1, 1];
  const [dilationDown, dilationAcross] = numbersOf(node, "dilations") ?? [1, 1];
  const [top, left] = numbersOf(node, "pads") ?? [0, 0];
  if ((node.attributes.auto_pad ?? "NOTSET") !== "NOTSET") throw refused(node, "that pads by itself");
  const from = new Int32Array(depth * down * across * rows * columns);
  let at = 0;
  for (let channel = 0; channel < depth; channel++) {
    for (let tapDown = 0; tapDown < down; tapDown++) {
      for (let tapAcross = 0; tapAcross < across; tapAcross++) {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const y = row * strideDown! + tapDown * dilationDown! - top!;
            const x = column * strideAcross! + tapAcross * dilationAcross! - left!;
            const inside = y >= 0 && y < height! && x >= 0 && x < width!;
            from[at++] = inside ? (channel * height! + y) * width! + x : -1;
          }
        }
      }
    }
  }
  return from;
}

/** A matrix turned around, and what does so each time; once and for all if it is constant. */
function turned(node: KernelNode, matrix: Operand, isTurned: boolean): [matrix: Operand, run: Step["run"]] {
  if (!isTurned) return [matrix, undefined];
  const shape = [...matrix.shape].reverse();
  const { outputs, run } = moved(node, matrix, elementOffsets(shape, [...stridesOf(matrix.shape)].reverse()));
  if (matrix.constant) run?.();
  return [{ ...matrix, shape, values: outputs[0]! }, matrix.constant ? undefined : run];
}

/** Adds a tensor that broadcasts to `out`. */
function added({ values, shape }: Operand, out: Float32Array, to: readonly number[]): () => void {
  const at = elementOffsets(to, broadcastStrides(shape, to));
  return () => {
    for (let index = 0; index < out.length; index++) out[index] = out[index]! + values[at[index]!]!;
  };
}

function floatsOf(node: KernelNode, values: Values): Float32Array {
  if (values instanceof Float32Array) return values;
  throw refused(node, "of whole numbers");
}
