import { reshape } from "./build.ts";
import { emit, type Graph, type GraphNode, nodeOf, type Value } from "./graph.ts";
import { sortNodes } from "./model.ts";

/**
 * Joins what only the whole graph shows to belong together: a convolution and the bias that is all its result
 * is used for. Gives the values that stand for `outputs`.
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
    const made =
      convolutionWithBias(graph, node, inputs, uses) ??
      (changed ? emit(graph, node.op, inputs, node.attributes, node.outputs) : node.outputs);
    node.outputs.forEach((value, index) => {
      if (made[index] !== value) replaced.set(value, made[index]);
    });
  }
  return outputs.map(current);
}

function convolutionWithBias(
  graph: Graph,
  node: GraphNode,
  inputs: readonly (Value | undefined)[],
  uses: ReadonlyMap<Value, number>,
): readonly Value[] | undefined {
  if (node.op !== "Add") return undefined;
  for (const [index, other] of [
    [0, 1],
    [1, 0],
  ]) {
    const [sum, offset] = [inputs[index], inputs[other]];
    const before = node.inputs[index];
    if (sum === undefined || offset === undefined || before === undefined || uses.get(before) !== 1) continue;
    const conv = nodeOf(sum, "Conv");
    if (conv === undefined || conv.inputs.length !== 2 || !isPerChannel(offset, sum)) continue;
    const bias = reshape(graph, offset, [sum.shape[1]]);
    return emit(graph, "Conv", [...conv.inputs, bias], conv.attributes, node.outputs);
  }
  return undefined;
}

/** Whether a value broadcasts as one number for each channel of an NCHW tensor. */
function isPerChannel({ shape }: Value, { shape: whole }: Value): boolean {
  const padded = [...new Array<number>(whole.length - shape.length).fill(1), ...shape];
  return padded.every((side, axis) => side === (axis === 1 ? whole[1] : 1));
}
