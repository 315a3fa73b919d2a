import { onnxType } from "./build.ts";
import {
  constant,
  type ElementType,
  emit,
  emitOne,
  type Graph,
  type GraphNode,
  nodeOf,
  sizeOfValue,
  splat,
  type TensorType,
  type Value,
} from "./graph.ts";
import { sortNodes } from "./sort-nodes.ts";

/** Nearly all of a model's arithmetic, which graphics cards do several times as fast in half precision. */
const products = new Set(["Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul"]);
/** What changes no value, so that it does not matter whether numbers are rounded before or after it. */
const moves = new Set([
  "Concat",
  "DepthToSpace",
  "Expand",
  "Gather",
  "Pad",
  "Relu",
  "Reshape",
  "Slice",
  "Tile",
  "Transpose",
]);
/** What is as precise in half precision as its operands are, and cannot overflow where they are moderate. */
const followers = new Set([
  ...moves,
  "Abs",
  "Add",
  "Equal",
  "Greater",
  "LeakyRelu",
  "Less",
  "Max",
  "Min",
  "Mul",
  "Neg",
  "Sigmoid",
  "Sub",
  "Tanh",
  "Where",
]);

/** The largest number of half precision, and the smallest that has all its digits. */
const largest = 65504;
const smallest = 2 ** -14;

/**
 * Writes products of matrices and convolutions in half precision, and what lies between them as far as it is as precise; sums,
 * exponentials, logarithms, roots, quotients and all that is exempt stay float32. Gives the values that stand for `outputs`, float32
 * as before.
 */
export function mixedPrecision(graph: Graph, outputs: readonly Value[]): Value[] {
  const nodes = sortNodes(outputs);
  const narrow = narrowNodes(graph, nodes, outputs);
  const replaced = new Map<Value, Value>();
  const halves = new Map<Value, Value>();

  /** The value in the new graph, in the precision that it is computed in. */
  const current = (value: Value): Value => replaced.get(value) ?? value;
  const single = (value: Value): Value => castTo(graph, current(value), "float32");
  const half = (value: Value): Value => {
    const known = halves.get(value);
    if (known !== undefined) return known;
    const converted = halfOf(graph, value, current(value));
    halves.set(value, converted);
    return converted;
  };

  for (const node of nodes) {
    const isNarrow = narrow.has(node);
    const inputs = node.inputs.map((value) => {
      if (value?.type !== "float32") return value && current(value);
      return isNarrow ? half(value) : single(value);
    });
    const changed = isNarrow || inputs.some((value, index) => value !== node.inputs[index]);
    if (!changed) continue;
    const values = isNarrow
      ? emitNarrow(graph, node, inputs)
      : emit(graph, node.op, inputs, node.attributes, node.outputs);
    node.outputs.forEach((value, index) => {
      replaced.set(value, values[index]!);
    });
  }
  return outputs.map((value) => (value.type === "float32" ? single(value) : current(value)));
}

/** A node with these operands in half precision, and its results. */
function emitNarrow(
  graph: Graph,
  { op, attributes, outputs }: GraphNode,
  inputs: readonly (Value | undefined)[],
): readonly Value[] {
  if (graph.target !== "cpu") return emit(graph, op, inputs, attributes, outputs.map(narrowed));
  // ONNX Runtime's CPU provider lacks most kernels for halves: left to itself it computes all of it in float32, unrounded.
  const wide = inputs.map((value) => (value?.type === "float16" ? castTo(graph, value, "float32") : value));
  const results = emit(graph, op, wide, attributes, outputs);
  return results.map((value) => castTo(graph, value, narrowed(value).type));
}

function narrowed({ type, shape }: TensorType): TensorType {
  return { type: type === "float32" ? "float16" : type, shape };
}

/** The nodes that compute in half precision. */
function narrowNodes(graph: Graph, nodes: readonly GraphNode[], outputs: readonly Value[]): Set<GraphNode> {
  const narrow = new Set<GraphNode>();
  const isNarrow = ({ source }: Value): boolean => source.kind === "node" && narrow.has(source.node);
  for (const node of nodes) {
    if (graph.exempt.has(node)) continue;
    const operands = floats(node);
    if (products.has(node.op) ? operands.length > 0 : follows(node, operands, isNarrow)) narrow.add(node);
  }

  // What is moved on its way to products alone is rounded before, and moved at half the size.
  const users = new Map<Value, GraphNode[]>();
  for (const node of nodes) {
    for (const value of node.inputs) {
      if (value === undefined) continue;
      const known = users.get(value);
      if (known === undefined) users.set(value, [node]);
      else known.push(node);
    }
  }
  const kept = new Set(outputs);
  for (const node of nodes.toReversed()) {
    const [result] = node.outputs;
    if (graph.exempt.has(node) || !moves.has(node.op) || result?.type !== "float32" || kept.has(result))
      continue;
    if (users.get(result)?.every((user) => narrow.has(user))) narrow.add(node);
  }
  return narrow;
}

/** Whether a node's operands are in half precision anyway, or lose nothing that its result would show. */
function follows(
  { op, outputs }: GraphNode,
  operands: readonly Value[],
  isNarrow: (value: Value) => boolean,
): boolean {
  if (!followers.has(op) || !operands.some(isNarrow)) return false;
  // A square has twice the range.
  if (op === "Mul" && operands[0] === operands[1]) return false;
  const isBias = (value: Value): boolean => op === "Add" && sizeOfValue(value) < sizeOfValue(outputs[0]!);
  return operands.every((value) => isNarrow(value) || isModerate(value) || isBias(value));
}

function floats({ inputs }: GraphNode): Value[] {
  return inputs.filter((value) => value?.type === "float32") as Value[];
}

/** Whether a value is known to be in the range of half precision. */
function isModerate(value: Value): boolean {
  const { source } = value;
  if (source.kind === "splat") return isInRange(source.value);
  if (source.kind === "dense") return (source.data as Float32Array).every(isInRange);
  return nodeOf(value, "Cast")?.inputs[0]?.type === "bool";
}

function isInRange(number: number): boolean {
  return number === 0 || (Math.abs(number) >= smallest && Math.abs(number) <= largest);
}

/** A float32 value in half precision: of what is known as the graph is made, made so at once. */
function halfOf(graph: Graph, { source, shape }: Value, current: Value): Value {
  if (source.kind === "splat") return splat(graph, source.value, "float16", shape);
  if (source.kind === "dense") {
    return constant(graph, source.data, "float16", shape, source.name && `${source.name}.float16`);
  }
  const counted = nodeOf(current, "Cast")?.inputs[0];
  return castTo(graph, counted?.type === "bool" ? counted : current, "float16");
}

function castTo(graph: Graph, value: Value, type: ElementType): Value {
  if (value.type === type) return value;
  return emitOne(graph, "Cast", [value], { to: onnxType(type) }, type, value.shape);
}
