import { reshape, sameShape } from "./build.ts";
import { emit, emitOne, type Graph, type GraphNode, nodeOf, sizeOfValue, type Value } from "./graph.ts";
import { sortNodes } from "./sort-nodes.ts";

/**
 * Joins what only the whole graph shows to belong together: a convolution or a product of matrices and the
 * bias that is all its result is used for. Writes broadcasts in the form that is run fastest. Gives the values
 * that stand for `outputs`.
 */
export function fuse(graph: Graph, outputs: readonly Value[]): Value[] {
  const nodes = sortNodes(outputs);
  const uses = new Map<Value, number>();
  for (const value of [...nodes.flatMap((node) => node.inputs), ...outputs]) {
    if (value !== undefined) uses.set(value, (uses.get(value) ?? 0) + 1);
  }
  const replaced = new Map<Value, Value>();
  const current = (value: Value): Value => replaced.get(value) ?? value;

  for (const node of nodes) {
    const inputs = node.inputs.map((value) => (value === undefined ? undefined : current(value)));
    const changed = inputs.some((value, index) => value !== node.inputs[index]);
    graph.exempting = graph.exempt.has(node);
    const replacements =
      withBias(graph, node, inputs, uses) ??
      withoutTrailingOnes(graph, node, inputs) ??
      (changed ? emit(graph, node.op, inputs, node.attributes, node.outputs) : node.outputs);
    node.outputs.forEach((value, index) => {
      if (replacements[index] !== value) replaced.set(value, replacements[index]!);
    });
  }
  graph.exempting = false;
  return outputs.map(current);
}

/** An addition to a convolution or a product of matrices, as its bias. */
function withBias(
  graph: Graph,
  node: GraphNode,
  inputs: readonly (Value | undefined)[],
  uses: ReadonlyMap<Value, number>,
): readonly Value[] | undefined {
  if (node.op !== "Add") return undefined;
  for (const [index, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [sum, offset] = [inputs[index], inputs[other]];
    const before = node.inputs[index];
    if (sum === undefined || offset === undefined || before === undefined || uses.get(before) !== 1) continue;
    const producer = nodeOf(sum, "Conv") ?? nodeOf(sum, "Gemm");
    if (producer === undefined || producer.inputs.length !== 2 || !isPerChannel(offset, sum)) continue;
    const bias = reshape(graph, offset, [sum.shape[1]!]);
    return emit(graph, producer.op, [...producer.inputs, bias], producer.attributes, node.outputs);
  }
  return undefined;
}

/** Whether a value broadcasts as one number for each channel, axis 1 of an NCHW tensor or of a matrix. */
function isPerChannel({ shape }: Value, { shape: whole }: Value): boolean {
  const padded = [...new Array<number>(whole.length - shape.length).fill(1), ...shape];
  return padded.every((side, axis) => side === (axis === 1 ? whole[1] : 1));
}

const broadcasting = new Set(["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Equal", "Greater", "Less"]);
/** Under this many elements a reshape costs what it saves. */
const fewElements = 4096;

/**
 * ONNX Runtime broadcasts in runs along the last axes, and where the last one has a side of one each run is one
 * element: without it, images of one channel take a tenth of the time.
 */
function withoutTrailingOnes(
  graph: Graph,
  { op, attributes, outputs }: GraphNode,
  inputs: readonly (Value | undefined)[],
): readonly Value[] | undefined {
  if (!broadcasting.has(op)) return undefined;
  const [whole] = outputs;
  if (whole === undefined) return undefined;
  const { type, shape } = whole;
  const ones = shape.length - 1 - shape.findLastIndex((side) => side !== 1);
  const operands = inputs.filter((value) => value !== undefined);
  if (ones === 0 || sizeOfValue(whole) < fewElements) return undefined;
  if (operands.every((operand) => sameShape(operand.shape, shape))) return undefined;
  const short = ({ shape }: Value): readonly number[] => shape.slice(0, Math.max(0, shape.length - ones));
  const narrow = operands.map((operand) => reshape(graph, operand, short(operand)));
  return [reshape(graph, emitOne(graph, op, narrow, attributes, type, shape.slice(0, -ones)), shape)];
}
