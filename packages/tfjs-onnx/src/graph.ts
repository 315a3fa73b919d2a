import { type DType, sizeOf } from "./spec.ts";

/**
 * The element types inside a graph: ONNX wants some indices and all shapes as `int64`, and `float16` is made of `float32` by
 * `mixedPrecision`.
 */
export type ElementType = DType | "float16" | "int64";

/** TensorFlow.js's type for an element type. */
export function dtypeOf(type: ElementType): DType {
  if (type === "float16") return "float32";
  return type === "int64" ? "int32" : type;
}

/** The host arrays that hold constants; those of `float16` are rounded as the model is written. */
export type ConstantData = Float32Array | Int32Array | Uint8Array | BigInt64Array;

export interface TensorType {
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/**
 * Where a value comes from. A `splat` is one number in every place, kept so until someone needs the array.
 */
type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "node"; readonly node: GraphNode; readonly output: number }
  | { readonly kind: "splat"; readonly value: number }
  | { readonly kind: "dense"; readonly data: ConstantData; readonly name?: string };

/** A tensor in the graph: of static shape, made once. */
export interface Value extends TensorType {
  readonly id: number;
  readonly source: Source;
}

export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

/** One ONNX node; an absent optional input is `undefined`. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

/** What a graph is run by, of which each is fast at other forms of the same computation. */
export type Target = "cpu" | "webgpu" | "cuda";

/** A graph under construction. Equal nodes and equal small constants are made once. */
export interface Graph {
  readonly target: Target;
  readonly known: Map<string, readonly Value[]>;
  /** The nodes that stay float32 where others become float16: those that were asked for while {@link exempting}. */
  readonly exempt: Set<GraphNode>;
  exempting: boolean;
  nextId: number;
}

export function createGraph(target: Target = "cpu"): Graph {
  return { target, known: new Map(), exempt: new Set(), exempting: false, nextId: 0 };
}

/** A value that the caller of the graph gives. */
export function input(graph: Graph, name: string, type: ElementType, shape: readonly number[]): Value {
  return { id: graph.nextId++, type, shape, source: { kind: "input", name } };
}

/** A constant with the same number in every place; never stored at its full size. */
export function splat(graph: Graph, value: number, type: ElementType, shape: readonly number[] = []): Value {
  const number = type === "float32" ? Math.fround(value) : type === "bool" ? Number(value !== 0) : value;
  const written = Object.is(number, -0) ? "-0" : String(number);
  return intern(graph, `splat ${type} ${shape.join(",")} ${written}`, () => [
    { id: graph.nextId++, type, shape, source: { kind: "splat", value: number } },
  ])[0]!;
}

/**
 * A constant with values of its own, or a splat if they are all one. `name` keeps it apart from equal ones.
 */
export function constant(
  graph: Graph,
  data: ConstantData,
  type: ElementType,
  shape: readonly number[],
  name?: string,
): Value {
  const value = (): Value[] => [
    {
      id: graph.nextId++,
      type,
      shape,
      source: name === undefined ? { kind: "dense", data } : { kind: "dense", data, name },
    },
  ];
  if (name !== undefined) return value()[0]!;
  const first = data[0];
  if (first !== undefined && data.every((item: number | bigint) => Object.is(item, first))) {
    return splat(graph, Number(first), type, shape);
  }
  // Larger ones are rarely equal, and their text would be long.
  if (data.length > 4096) return value()[0]!;
  return intern(graph, `dense ${type} ${shape.join(",")} ${listed(data)}`, value)[0]!;
}

/** A list of `int64`, as ONNX takes shapes, axes and pads. */
export function int64s(graph: Graph, items: readonly number[]): Value {
  const data = BigInt64Array.from(items, BigInt);
  return intern(graph, `int64 ${items.join(",")}`, () => [
    { id: graph.nextId++, type: "int64", shape: [items.length], source: { kind: "dense", data } },
  ])[0]!;
}

/** Adds a node, or finds the one there is with the same op, inputs and attributes. */
export function emit(
  graph: Graph,
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  outputs: readonly TensorType[],
): readonly Value[] {
  const key = `${op} ${inputs.map((value) => value?.id ?? "-").join(",")} ${JSON.stringify(attributes)}`;
  const results = intern(graph, `node ${key}`, () => {
    const values: Value[] = [];
    const node: GraphNode = { op, inputs, attributes, outputs: values };
    outputs.forEach(({ type, shape }, output) => {
      values.push({ id: graph.nextId++, type, shape, source: { kind: "node", node, output } });
    });
    return values;
  });
  if (graph.exempting && results[0]?.source.kind === "node") graph.exempt.add(results[0].source.node);
  return results;
}

/** Like {@link emit}, for a node with one output. */
export function emitOne(
  graph: Graph,
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  type: ElementType,
  shape: readonly number[],
): Value {
  return emit(graph, op, inputs, attributes, [{ type, shape }])[0]!;
}

/** What an op without attributes makes of `x`, if the graph has it already. */
export function known(graph: Graph, op: string, x: Value): Value | undefined {
  return graph.known.get(`node ${op} ${x.id} {}`)?.[0];
}

/** The node that makes `value`, if it is one of this op. */
export function nodeOf(value: Value, op: string): GraphNode | undefined {
  return value.source.kind === "node" && value.source.node.op === op ? value.source.node : undefined;
}

/** The number a constant holds in every place, if it is such a constant. */
export function splatOf(value: Value): number | undefined {
  return value.source.kind === "splat" ? value.source.value : undefined;
}

interface SidesByRank {
  readonly 2: readonly [number, number];
  readonly 4: readonly [number, number, number, number];
}

/** The sides of a value that has this rank. */
export function sidesOf<Rank extends keyof SidesByRank>({ shape }: Value, rank: Rank): SidesByRank[Rank] {
  if (!hasRank(shape, rank)) throw new RangeError(`[${shape.join(", ")}] is not of rank ${rank}`);
  return shape;
}

function hasRank<Rank extends keyof SidesByRank>(
  shape: readonly number[],
  rank: Rank,
): shape is SidesByRank[Rank] {
  return shape.length === rank;
}

export function sizeOfValue(value: Value): number {
  return sizeOf(value.shape);
}

function intern(graph: Graph, key: string, make: () => readonly Value[]): readonly Value[] {
  const known = graph.known.get(key);
  if (known !== undefined) return known;
  const created = make();
  graph.known.set(key, created);
  return created;
}

function listed(data: ConstantData): string {
  // The sign of zero matters to 1/x, and join() would lose it.
  return Array.from(data as ArrayLike<number | bigint>, (item) => (Object.is(item, -0) ? "-0" : item)).join(
    ",",
  );
}
