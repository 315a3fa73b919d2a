import type { GraphNode, Value } from "./graph.ts";
import { sortNodes } from "./model.ts";
import { TraceError } from "./trace-error.ts";

/**
 * The batch sizes for which a graph is recorded to see what depends on it: large primes, so that no side of a tensor is one of
 * them by chance. Nothing is computed, so size costs nothing.
 */
export const TRIAL_BATCHES = [1009, 1013, 1019] as const;

/** Integers that grow with the batch: `base + slope · batch`, each. */
export interface Affine {
  readonly base: readonly number[];
  readonly slope: readonly number[];
}

/** How a graph depends on the batch. */
export interface BatchDependence {
  /** Constants of `int64` (shapes, starts and ends) by their values in the first graph. */
  readonly constants: ReadonlyMap<Value, Affine>;
  /** The shapes of values that are one repeated number, and of the outputs. */
  readonly shapes: ReadonlyMap<Value, Affine>;
}

/**
 * Compares the same function's graphs for each of {@link TRIAL_BATCHES}.
 *
 * Throws a {@link TraceError} where one depends on the batch in another way than by shapes that grow with it.
 */
export function compareBatches(graphs: readonly (readonly Value[])[], name: string): BatchDependence {
  const fail = (what: string): TraceError =>
    new TraceError("TRACE_BATCH", `"${name}" cannot be traced for any batch size: ${what}`, {
      remedy:
        "Leave the batch size out of what is computed (no mean over it, no constant of its size), or trace with a fixed one.",
    });
  const sorted = graphs.map((outputs) => sortNodes(outputs));
  const places = sorted.map((nodes) => new Map(nodes.map((node, place) => [node, place])));
  const constants = new Map<Value, Affine>();
  const shapes = new Map<Value, Affine>();

  const affine = (lists: readonly (readonly number[])[], what: string): Affine => {
    const [first, second] = lists;
    if (lists.some((list) => list.length !== first.length)) throw fail(what);
    const slope = first.map((item, index) => (second[index] - item) / (TRIAL_BATCHES[1] - TRIAL_BATCHES[0]));
    const base = first.map((item, index) => item - slope[index] * TRIAL_BATCHES[0]);
    lists.forEach((list, graph) => {
      list.forEach((item, index) => {
        if (item !== base[index] + slope[index] * TRIAL_BATCHES[graph]) throw fail(what);
      });
    });
    return { base, slope };
  };
  const compare = (values: readonly Value[], what: string): void => {
    const [{ source: first, type }] = values;
    if (values.some((value) => value.source.kind !== first.kind || value.type !== type)) throw fail(what);
    if (first.kind === "node") {
      const same = values.every(({ source }, graph) => {
        if (source.kind !== "node" || source.output !== first.output) return false;
        return places[graph].get(source.node) === places[0].get(first.node);
      });
      if (!same) throw fail(what);
    } else if (first.kind === "splat") {
      if (values.some(({ source }) => source.kind !== "splat" || !Object.is(source.value, first.value)))
        throw fail(what);
      shapes.set(
        values[0],
        affine(
          values.map(({ shape }) => shape),
          what,
        ),
      );
    } else if (first.kind === "dense") {
      const data = values.map(
        ({ source }) => (source.kind === "dense" ? source.data : []) as ArrayLike<number | bigint>,
      );
      if (type === "int64") {
        constants.set(
          values[0],
          affine(
            data.map((list) => Array.from(list, Number)),
            what,
          ),
        );
      } else if (data.some((list) => list !== data[0] && !sameItems(list, data[0]))) {
        throw fail(what);
      }
    }
  };

  const [nodes] = sorted;
  if (sorted.some((list) => list.length !== nodes.length))
    throw fail("its graph has other nodes for other sizes");
  nodes.forEach((node, place) => {
    const all = sorted.map((list) => list[place]);
    const what = `an input of its ${node.op} depends on the size`;
    if (all.some((other) => !sameKind(other, node))) throw fail(`its ${node.op} depends on the size`);
    node.inputs.forEach((value, index) => {
      if (value !== undefined)
        compare(
          all.map((other) => other.inputs[index]!),
          what,
        );
    });
  });
  graphs[0].forEach((value, index) => {
    const all = graphs.map((outputs) => outputs[index]);
    compare(all, "an output depends on the size");
    shapes.set(
      value,
      affine(
        all.map(({ shape }) => shape),
        "the shape of an output",
      ),
    );
  });
  return { constants, shapes };
}

function sameKind(a: GraphNode, b: GraphNode): boolean {
  if (a.op !== b.op || a.inputs.length !== b.inputs.length) return false;
  if (a.inputs.some((value, index) => (value === undefined) !== (b.inputs[index] === undefined)))
    return false;
  return JSON.stringify(a.attributes) === JSON.stringify(b.attributes);
}

function sameItems(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  return a.length === b.length && Array.from(a).every((item, index) => Object.is(item, b[index]));
}
