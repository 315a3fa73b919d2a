import type { GraphNode, Value } from "./graph.ts";

/** The nodes that the values need, each after those it needs itself; always in the same order. */
export function sortNodes(values: readonly Value[]): GraphNode[] {
  const sorted: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  // Traces are thousands of nodes deep, too deep for recursion.
  const stack: { node: GraphNode; next: number }[] = [];
  const push = (value: Value | undefined): void => {
    if (value?.source.kind !== "node" || seen.has(value.source.node)) return;
    seen.add(value.source.node);
    stack.push({ node: value.source.node, next: 0 });
  };
  for (const value of values) {
    push(value);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (top.next < top.node.inputs.length) push(top.node.inputs[top.next++]);
      else sorted.push(stack.pop()!.node);
    }
  }
  return sorted;
}

/** The graph inputs among what the values need. */
export function usedInputs(values: readonly Value[]): Set<Value> {
  const needed = [...values, ...sortNodes(values).flatMap((node) => node.inputs)];
  return new Set(
    needed.filter((value) => value !== undefined && value.source.kind === "input"),
  ) as Set<Value>;
}
