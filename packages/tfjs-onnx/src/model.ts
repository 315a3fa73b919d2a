import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { onnxType } from "./build.ts";
import type { Attribute, ConstantData, ElementType, GraphNode, TensorType, Value } from "./graph.ts";
import { sizeOf } from "./spec.ts";

/** The operator set the models are written in, and the format version that goes with it. */
const opset = 17;
const irVersion = 8n;

// A constant of one repeated number is written out up to this many elements, and computed by a node above.
const largestWrittenSplat = 64;

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** Writes the part of the graph that `outputs` need as a serialised ONNX `ModelProto`. */
export function writeModel(
  name: string,
  inputs: readonly NamedValue[],
  outputs: readonly NamedValue[],
): Uint8Array {
  const names = new Map<Value, string>();
  for (const { name, value } of inputs) names.set(value, name);

  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const order = sortNodes(outputs.map((output) => output.value));

  // A node's output may bear the graph output's name itself; what no node makes is passed through an
  // Identity.
  const copies: NodeProto[] = [];
  for (const { name, value } of outputs) {
    if (value.source.kind === "node" && !names.has(value)) names.set(value, name);
    else copies.push(node("Identity", [], [name], {}));
  }
  let next = 0;
  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const fresh = value.source.kind === "dense" && value.source.name ? value.source.name : `v${next++}`;
    names.set(value, fresh);
    if (value.source.kind === "dense") {
      initializers.push(tensor(fresh, value, value.source.data));
    } else if (value.source.kind === "splat") {
      const { value: number } = value.source;
      if (sizeOf(value.shape) <= largestWrittenSplat) {
        initializers.push(tensor(fresh, value, filled(value.type, sizeOf(value.shape), number)));
      } else {
        const shape = `v${next++}`;
        const shapeType: TensorType = { type: "int64", shape: [value.shape.length] };
        initializers.push(tensor(shape, shapeType, BigInt64Array.from(value.shape, BigInt)));
        const one = tensor("", { type: value.type, shape: [1] }, filled(value.type, 1, number));
        nodes.push(node("ConstantOfShape", [shape], [fresh], { value: one }));
      }
    }
    return fresh;
  };

  const used = new Set([...order.flatMap((node) => node.inputs), ...outputs.map((output) => output.value)]);
  for (const { op, inputs, attributes, outputs } of order) {
    const inputNames = inputs.map((value) => (value === undefined ? "" : nameOf(value)));
    // Optional outputs that nobody asks for are left off, so that they are not computed.
    const last = outputs.findLastIndex((value) => used.has(value));
    nodes.push(node(op, inputNames, outputs.slice(0, last + 1).map(nameOf), attributes));
  }
  let copy = 0;
  for (const { name, value } of outputs) {
    if (names.get(value) === name) continue;
    const identity = copies[copy++];
    identity.input = [nameOf(value)];
    nodes.push(identity);
  }

  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion,
      producerName: "@slicebook/tfjs-onnx",
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opset) })],
      graph: create(GraphProtoSchema, {
        name,
        node: nodes,
        initializer: initializers,
        input: inputs.map(valueInfo),
        output: outputs.map(valueInfo),
      }),
    }),
  );
}

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
      const top = stack[stack.length - 1];
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

function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Readonly<Record<string, Attribute | TensorProto>>,
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
  return create(NodeProtoSchema, { opType, input, output, attribute });
}

function attributeProto(name: string, value: Attribute | TensorProto): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: Uint8Array.from(new TextEncoder().encode(value)),
    });
  }
  if ("float" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  if ("$typeName" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function tensor(name: string, { type, shape }: TensorType, data: ConstantData): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: onnxType(type),
    dims: shape.map(BigInt),
    rawData: Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  });
}

function filled(type: ElementType, size: number, value: number): ConstantData {
  if (type === "float32") return new Float32Array(size).fill(value);
  if (type === "int32") return new Int32Array(size).fill(value);
  if (type === "bool") return new Uint8Array(size).fill(value);
  return new BigInt64Array(size).fill(BigInt(value));
}

function valueInfo({ name, value }: NamedValue): ValueInfoProto {
  const dim = value.shape.map((side) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(side) } }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: onnxType(value.type),
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type });
}
