import { constant, type Graph, type GraphNode, splat, type Value } from "./graph.ts";
import type { KernelRecorder } from "./kernels/kernel.ts";
import { sortNodes } from "./sort-nodes.ts";

/** A kernel that TensorFlow.js asked for, before anything was simplified. */
export interface TapeEntry {
  readonly kernel: string;
  readonly record: KernelRecorder["record"];
  readonly inputs: readonly (readonly [name: string, value: Value])[];
  readonly attrs: unknown;
  readonly outputs: readonly Value[];
  /** The op and the line that called it, if they were asked for. */
  readonly where: string | undefined;
}

/** A function's kernels in their order for one size of the batch, and what it gave. */
export interface Tape {
  readonly batch: number;
  readonly entries: readonly TapeEntry[];
  readonly results: readonly Value[];
}

/** Where a replayed function begins: a graph's own inputs and named constants. */
export interface ReplayTarget {
  readonly graph: Graph;
  readonly named: ReadonlyMap<string, Value>;
}

/** An entry of a tape that does not depend on the batch by numbers that grow with it. */
export class UnevenError extends Error {
  readonly entry: number;

  constructor(entry: number) {
    super(`entry ${entry} is not the same for every batch`);
    this.name = "UnevenError";
    this.entry = entry;
  }
}

/**
 * Records into another graph what a function would be for a batch of this size, going by its tapes for other ones: every number
 * in it grows evenly with the batch. Gives the results.
 *
 * Throws an {@link UnevenError} if the tapes differ in anything else.
 */
export function replay(tapes: readonly Tape[], batch: number, { graph, named }: ReplayTarget): Value[] {
  const [first] = tapes;
  const origins = tapes.map(definitions);
  const needed = neededEntries(first!, origins[0]!);
  const replayed = new Map<string, Value>();

  const resolve = (values: readonly Value[], at: number): Value => {
    const keys = values.map((value, tape) => {
      const origin = origins[tape]!.get(value);
      return origin === undefined || origin.entry >= at ? undefined : `${origin.entry}.${origin.output}`;
    });
    if (keys.some((key) => key !== keys[0])) throw new UnevenError(at);
    const known = keys[0] === undefined ? undefined : replayed.get(keys[0]);
    return known ?? instantiate(values, at);
  };
  const instantiate = (values: readonly Value[], at: number): Value => {
    const [{ source, type }] = values as [Value];
    if (values.some((value) => value.source.kind !== source.kind || value.type !== type))
      throw new UnevenError(at);
    const name = source.kind === "input" || source.kind === "dense" ? source.name : undefined;
    if (name !== undefined) {
      const value = named.get(name);
      const same = values.every(({ source }) => "name" in source && source.name === name);
      if (value === undefined || !same) throw new UnevenError(at);
      return value;
    }
    const shape = grown(
      tapes,
      values.map(({ shape }) => shape),
      batch,
      at,
    ) as readonly number[];
    if (source.kind === "splat") {
      const same = values.every(
        ({ source: other }) => other.kind === "splat" && Object.is(other.value, source.value),
      );
      if (same) return splat(graph, source.value, type, shape);
    } else if (source.kind === "dense") {
      const same = values.every(
        ({ source: other }) => other.kind === "dense" && sameItems(other.data, source.data),
      );
      if (same) return constant(graph, source.data, type, shape);
    }
    throw new UnevenError(at);
  };

  first!.entries.forEach((entry, at) => {
    const all = tapes.map(({ entries }) => entries[at]);
    try {
      if (
        !all.every((other) => other?.kernel === entry.kernel && other.inputs.length === entry.inputs.length)
      ) {
        throw new UnevenError(at);
      }
      const inputs = entry.inputs.map(([name], index) => [
        name,
        resolve(
          all.map((other) => other!.inputs[index]![1]),
          at,
        ),
      ]);
      const attrs = grown(
        tapes,
        all.map((other) => other!.attrs),
        batch,
        at,
      );
      const result = entry.record(graph, Object.fromEntries(inputs), attrs);
      ("id" in result ? [result] : result).forEach((value, output) => {
        replayed.set(`${at}.${output}`, value);
      });
    } catch (error) {
      // What no result needs may depend on the batch as it likes.
      if (needed.has(at)) throw error instanceof UnevenError ? error : new UnevenError(at);
    }
  });
  const end = first!.entries.length;
  return first!.results.map((_, index) =>
    resolve(
      tapes.map(({ results }) => results[index]!),
      end,
    ),
  );
}

/** The first entry that is not what the other tapes make of it for this batch, if any. */
export function firstUneven(tapes: readonly Tape[], { entries, batch }: Tape): number | undefined {
  const at = entries.findIndex(({ kernel, attrs }, at) => {
    const all = tapes.map((tape) => tape.entries[at]);
    if (all.some((other) => other?.kernel !== kernel)) return true;
    try {
      const expected = grown(
        tapes,
        all.map((other) => other!.attrs),
        batch,
        at,
      );
      return JSON.stringify(expected) !== JSON.stringify(attrs);
    } catch {
      return true;
    }
  });
  return at < 0 ? undefined : at;
}

interface Origin {
  readonly entry: number;
  readonly output: number;
}

/** Which entry gave each value first. */
function definitions({ entries }: Tape): Map<Value, Origin> {
  const places = new Map<Value, Origin>();
  entries.forEach(({ outputs }, entry) => {
    outputs.forEach((value, output) => {
      if (!places.has(value)) places.set(value, { entry, output });
    });
  });
  return places;
}

/** The entries that the results are made of. */
export function neededEntries(
  { entries, results }: Tape,
  origins = definitions({ entries, results, batch: 0 }),
): Set<number> {
  const needed = new Set<number>();
  const need = (value: Value): void => {
    const origin = origins.get(value);
    if (origin !== undefined) needed.add(origin.entry);
  };
  results.forEach(need);
  for (let at = entries.length - 1; at >= 0; at--) {
    if (needed.has(at)) for (const [, value] of entries[at]!.inputs) need(value);
  }
  return needed;
}

/** The attributes that go by these, one for each tape, for a batch of this size. */
function grown(tapes: readonly Tape[], items: readonly unknown[], batch: number, at: number): unknown {
  const [first, second] = items;
  if (typeof first === "number" && typeof second === "number") {
    const slope = (second - first) / (tapes[1]!.batch - tapes[0]!.batch);
    const number = (size: number): number => (slope === 0 ? first : first + slope * (size - tapes[0]!.batch));
    if (
      items.some((item, tape) => !Object.is(item, number(tapes[tape]!.batch)) && !items.every(Number.isNaN))
    ) {
      throw new UnevenError(at);
    }
    return number(batch);
  }
  if (Array.isArray(first)) {
    if (!items.every((item) => Array.isArray(item) && item.length === first.length))
      throw new UnevenError(at);
    return first.map((_, index) =>
      grown(
        tapes,
        items.map((item) => (item as unknown[])[index]),
        batch,
        at,
      ),
    );
  }
  if (typeof first === "object" && first !== null && Object.getPrototypeOf(first) === Object.prototype) {
    const keys = Object.keys(first);
    const records = items as readonly Record<string, unknown>[];
    return Object.fromEntries(
      keys.map((key) => [
        key,
        grown(
          tapes,
          records.map((record) => record[key]),
          batch,
          at,
        ),
      ]),
    );
  }
  if (items.some((item) => item !== first)) throw new UnevenError(at);
  return first;
}

/** Whether two lists of values are the results of equal graphs. */
export function sameGraphs(left: readonly Value[], right: readonly Value[]): boolean {
  const [nodes, others] = [sortNodes(left), sortNodes(right)];
  if (nodes.length !== others.length || left.length !== right.length) return false;
  const [positions, otherPositions] = [nodes, others].map(
    (list) => new Map(list.map((node, position): [GraphNode, number] => [node, position])),
  );
  const same = (a: Value | undefined, b: Value | undefined): boolean => {
    if (a === undefined || b === undefined) return a === b;
    if (a.type !== b.type || a.shape.join() !== b.shape.join()) return false;
    const [one, two] = [a.source, b.source];
    if (one.kind === "node" && two.kind === "node") {
      return one.output === two.output && positions!.get(one.node) === otherPositions!.get(two.node);
    }
    if (one.kind === "splat" && two.kind === "splat") return Object.is(one.value, two.value);
    if (one.kind === "input" && two.kind === "input") return one.name === two.name;
    return (
      one.kind === "dense" && two.kind === "dense" && one.name === two.name && sameItems(one.data, two.data)
    );
  };
  const sameNode = (a: GraphNode, b: GraphNode): boolean =>
    a.op === b.op &&
    a.inputs.length === b.inputs.length &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes) &&
    a.inputs.every((value, index) => same(value, b.inputs[index]));
  return (
    nodes.every((node, at) => sameNode(node, others[at]!)) &&
    left.every((value, at) => same(value, right[at]))
  );
}

export function sameItems(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!Object.is(a[index], b[index])) return false;
  return true;
}
