import type { GraphNode, Value } from "./graph.ts";
import { sortNodes } from "./sort-nodes.ts";
import {
  firstUneven,
  neededEntries,
  type ReplayTarget,
  replay,
  sameGraphs,
  sameItems,
  type Tape,
  UnevenError,
} from "./tape.ts";
import { TraceError } from "./trace-error.ts";

/**
 * The batch sizes for which a graph is recorded to see what depends on it: large primes, so that no side of a tensor is one of
 * them by chance. Nothing is computed, so size costs nothing.
 */
export const TRIAL_BATCHES = [1009, 1013, 1019] as const;

/** The batch sizes for which the function must be what the graph for any size makes of it. */
export const CHECKED_BATCHES = [1, 2, 3, 5] as const;

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
  const fail = (what: string): TraceError => dependsOnBatch(name, what);
  const sorted = graphs.map((outputs) => sortNodes(outputs));
  const positions = sorted.map((nodes) => new Map(nodes.map((node, position) => [node, position])));
  const constants = new Map<Value, Affine>();
  const shapes = new Map<Value, Affine>();

  const affine = (lists: readonly (readonly number[])[], what: string): Affine => {
    const [first, second] = [lists[0]!, lists[1]!];
    if (lists.some((list) => list.length !== first.length)) throw fail(what);
    const slope = first.map((item, index) => (second[index]! - item) / (TRIAL_BATCHES[1] - TRIAL_BATCHES[0]));
    const base = first.map((item, index) => item - slope[index]! * TRIAL_BATCHES[0]);
    lists.forEach((list, graph) => {
      list.forEach((item, index) => {
        if (item !== base[index]! + slope[index]! * TRIAL_BATCHES[graph]!) throw fail(what);
      });
    });
    return { base, slope };
  };
  const compare = (values: readonly Value[], what: string): void => {
    const value = values[0]!;
    const { source: first, type } = value;
    if (values.some((value) => value.source.kind !== first.kind || value.type !== type)) throw fail(what);
    if (first.kind === "node") {
      const same = values.every(({ source }, graph) => {
        if (source.kind !== "node" || source.output !== first.output) return false;
        return positions[graph]!.get(source.node) === positions[0]!.get(first.node);
      });
      if (!same) throw fail(what);
    } else if (first.kind === "splat") {
      if (values.some(({ source }) => source.kind !== "splat" || !Object.is(source.value, first.value)))
        throw fail(what);
      shapes.set(
        value,
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
          value,
          affine(
            data.map((list) => Array.from(list, Number)),
            what,
          ),
        );
      } else if (data.some((list) => list !== data[0] && !sameItems(list, data[0]!))) {
        throw fail(what);
      }
    }
  };

  const nodes = sorted[0]!;
  if (sorted.some((list) => list.length !== nodes.length))
    throw fail("its graph has other nodes for other sizes");
  nodes.forEach((node, position) => {
    const all = sorted.map((list) => list[position]!);
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
  graphs[0]!.forEach((value, index) => {
    const all = graphs.map((outputs) => outputs[index]!);
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

/** The error for a function that differs with the size of the batch. */
export function dependsOnBatch(name: string, what: string, cause?: unknown): TraceError {
  return new TraceError("TRACE_BATCH", `"${name}" cannot be traced for any batch size: ${what}`, {
    remedy:
      "Leave the batch size out of what is computed (no mean over it, no constant of its size, no model.predict(), " +
      "which cuts it into pieces: model.apply() does not), or trace with a fixed one.",
    cause,
  });
}

export interface BatchesToCheck {
  /** The function's, in messages. */
  readonly name: string;
  /** The function for each of {@link TRIAL_BATCHES}. */
  readonly trials: readonly Tape[];
  /** The function for each of {@link CHECKED_BATCHES}, and the paths of its results. */
  readonly checked: readonly (Tape & { readonly paths: string })[];
  readonly paths: string;
  readonly named: (size: number) => ReplayTarget;
  /** Records the function again, with the place of every call. */
  readonly locate: (size: number) => Tape;
  /** The batch sizes in the signature. */
  readonly exampleSizes: ReadonlySet<number>;
}

/** Kernels that pick rows. */
const picking = new Set(["GatherNd", "GatherV2", "Slice", "SplitV", "StridedSlice"]);

/**
 * Makes sure that what the large batches have in common is the function itself for small ones: replayed for their sizes it makes
 * the same graphs. Throws a {@link TraceError} that names the first op for which it is not.
 */
export function checkBatches({
  name,
  trials,
  checked,
  paths,
  named,
  locate,
  exampleSizes,
}: BatchesToCheck): void {
  const where = (size: number, entry: number | undefined): string => {
    const location = entry === undefined ? undefined : locate(size).entries[entry]?.where;
    return location ?? "something in it";
  };
  for (const tape of checked) {
    const { batch } = tape;
    if (tape.paths !== paths)
      throw dependsOnBatch(name, `for a batch of ${batch} its result has other parts`);
    let results: readonly Value[];
    try {
      results = replay(trials, batch, named(batch));
    } catch (error) {
      if (!(error instanceof UnevenError)) throw error;
      throw dependsOnBatch(name, `${where(trials[0]!.batch, error.entry)} depends on the size`);
    }
    if (!sameGraphs(results, tape.results)) {
      const entry = firstUneven(trials, tape);
      throw dependsOnBatch(
        name,
        `for a batch of ${batch}, ${where(batch, entry)} is not what it is for larger ones`,
      );
    }
  }
  const [trial, ...others] = trials;
  for (const at of neededEntries(trial!)) {
    const [before, after] = [trial, ...others].map((tape) => tape!.entries[at]!);
    const [result, other] = [before!, after!].map(({ outputs }) => outputs[0]!);
    if (result!.source.kind === "dense" && !sameConstants(result!, other!)) {
      throw dependsOnBatch(name, `${where(trial!.batch, at)} makes a constant of the size`);
    }
    const [from, to] = [before!, after!].map(({ inputs }) => inputs[0]?.[1].shape[0]);
    const [rows, otherRows] = [result!, other!].map(({ shape }) => shape[0]);
    if (!picking.has(before!.kernel) || from === to || rows === undefined || rows !== otherRows) continue;
    if (rows > 1 && exampleSizes.has(rows)) {
      const location = where(trial!.batch, at);
      throw dependsOnBatch(
        name,
        `${location} picks ${rows} rows whatever the size is, as many as the example has`,
      );
    }
  }
}

function sameConstants({ source: a, shape }: Value, { source: b, shape: other }: Value): boolean {
  return (
    a.kind === "dense" && b.kind === "dense" && shape.join() === other.join() && sameItems(a.data, b.data)
  );
}
