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
import type { Affine, BatchDependence } from "./batch.ts";
import { onnxType } from "./build.ts";
import type { Attribute, ConstantData, ElementType, TensorType, Value } from "./graph.ts";
import { toHalf } from "./half.ts";
import { sortNodes } from "./sort-nodes.ts";
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

/** A first axis of any length, of the inputs that are named. */
export interface SymbolicBatch extends BatchDependence {
  readonly name: string;
  readonly inputs: ReadonlySet<string>;
}

export interface ModelOptions {
  /** Computes and stores in half precision; inputs and outputs stay float32. */
  readonly float16?: boolean | undefined;
  readonly batch?: SymbolicBatch | undefined;
}

const float32Type = onnxType("float32");
const float16Type = onnxType("float16");

/** How many of an op's first outputs ONNX wants named, where it is more than one. */
const requiredOutputs: Readonly<Record<string, number>> = { TopK: 2 };

/** What ONNX, or ONNX Runtime's CPU provider, has for wider types only. */
const wideOps = new Set(["IsInf", "ScatterElements", "ScatterND"]);

/** Writes the part of the graph that `outputs` need as a serialised ONNX `ModelProto`. */
export function writeModel(
  name: string,
  inputs: readonly NamedValue[],
  outputs: readonly NamedValue[],
  { float16 = false, batch }: ModelOptions = {},
): Uint8Array {
  const names = new Map<Value, string>();
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const isHalf = ({ type }: TensorType): boolean => float16 && type === "float32";
  for (const { name, value } of inputs) {
    const half = `${name}.float16`;
    if (isHalf(value)) nodes.push(node("Cast", [name], [half], { to: float16Type }));
    names.set(value, isHalf(value) ? half : name);
  }
  const stored = (name: string, type: TensorType, data: ConstantData): TensorProto =>
    isHalf(type) || type.type === "float16"
      ? halfTensor(name, type, data as Float32Array)
      : tensor(name, type, data);
  const order = sortNodes(outputs.map((output) => output.value));

  // A node's output may bear the graph output's name itself; what no node makes is passed through an
  // Identity.
  const copies: NodeProto[] = [];
  for (const { name, value } of outputs) {
    if (isHalf(value)) copies.push(node("Cast", [], [name], { to: float32Type }));
    else if (value.source.kind === "node" && !names.has(value)) names.set(value, name);
    else copies.push(node("Identity", [], [name], {}));
  }
  let next = 0;
  const int64Initializer = (items: readonly number[]): string => {
    const name = `v${next++}`;
    initializers.push(
      tensor(name, { type: "int64", shape: [items.length] }, BigInt64Array.from(items, BigInt)),
    );
    return name;
  };
  const castTo = (to: number, name: string): string => {
    const cast = `v${next++}`;
    nodes.push(node("Cast", [name], [cast], { to }));
    return cast;
  };
  let batchSize: string | undefined;
  /** Integers that grow with the batch, computed from an input's shape. */
  const grown = ({ base, slope }: Affine): string => {
    if (batchSize === undefined) {
      batchSize = `v${next++}`;
      const { name } = inputs.find(({ name }) => batch!.inputs.has(name))!;
      nodes.push(node("Shape", [name], [batchSize], { start: 0, end: 1 }));
    }
    const product = `v${next++}`;
    nodes.push(node("Mul", [batchSize, int64Initializer(slope)], [product], {}));
    if (base.every((item) => item === 0)) return product;
    const sum = `v${next++}`;
    nodes.push(node("Add", [product, int64Initializer(base)], [sum], {}));
    return sum;
  };
  const growing = (affine: Affine | undefined): affine is Affine =>
    affine?.slope.some((item) => item !== 0) ?? false;
  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const constant = batch?.constants.get(value);
    if (growing(constant)) {
      const name = grown(constant);
      names.set(value, name);
      return name;
    }
    const fresh = value.source.kind === "dense" && value.source.name ? value.source.name : `v${next++}`;
    names.set(value, fresh);
    if (value.source.kind === "dense") {
      initializers.push(stored(fresh, value, value.source.data));
    } else if (value.source.kind === "splat") {
      const { value: number } = value.source;
      const shapes = batch?.shapes.get(value);
      if (sizeOf(value.shape) <= largestWrittenSplat && !growing(shapes)) {
        initializers.push(stored(fresh, value, filled(value.type, sizeOf(value.shape), number)));
      } else {
        const shape = growing(shapes) ? grown(shapes) : int64Initializer(value.shape);
        const one = stored("", { type: value.type, shape: [1] }, filled(value.type, 1, number));
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
    const outputNames = outputs.slice(0, Math.max(last + 1, requiredOutputs[op] ?? 0)).map(nameOf);
    const widened = float16 && wideOps.has(op);
    if (widened) {
      inputs.forEach((value, index) => {
        if (value !== undefined && isHalf(value)) inputNames[index] = castTo(float32Type, inputNames[index]!);
      });
    }
    const toHalves = float16 && op === "Cast" && attributes.to === float32Type;
    const narrowed = outputNames.map((name, index) =>
      widened && isHalf(outputs[index]!) ? `v${next++}` : name,
    );
    nodes.push(node(op, inputNames, narrowed, toHalves ? { to: float16Type } : attributes));
    narrowed.forEach((wide, index) => {
      if (wide !== outputNames[index])
        nodes.push(node("Cast", [wide], [outputNames[index]!], { to: float16Type }));
    });
  }
  let copy = 0;
  for (const { name, value } of outputs) {
    if (names.get(value) === name) continue;
    const identity = copies[copy++]!;
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
        input: inputs.map((item) => valueInfo(item, batch)),
        output: outputs.map((item) => valueInfo(item, batch)),
      }),
    }),
  );
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
  if (type === "float32" || type === "float16") return new Float32Array(size).fill(value);
  if (type === "int32") return new Int32Array(size).fill(value);
  if (type === "bool") return new Uint8Array(size).fill(value);
  return new BigInt64Array(size).fill(BigInt(value));
}

/** A float32 tensor in half precision. */
function halfTensor(name: string, { shape }: TensorType, data: Float32Array): TensorProto {
  const halves = toHalf(data);
  return create(TensorProtoSchema, {
    name,
    dataType: float16Type,
    dims: shape.map(BigInt),
    rawData: Uint8Array.from(new Uint8Array(halves.buffer)),
  });
}

function valueInfo({ name, value }: NamedValue, batch: SymbolicBatch | undefined): ValueInfoProto {
  const dim = value.shape.map((side, axis) => {
    const symbol = batch && symbolOf(name, value, axis, batch);
    return create(TensorShapeProto_DimensionSchema, {
      value: symbol ? { case: "dimParam", value: symbol } : { case: "dimValue", value: BigInt(side) },
    });
  });
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: onnxType(value.type),
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type });
}

/** What a side that grows with the batch is called: `batch`, `64*batch`. */
function symbolOf(name: string, value: Value, axis: number, batch: SymbolicBatch): string | undefined {
  if (value.source.kind === "input") return axis === 0 && batch.inputs.has(name) ? batch.name : undefined;
  const affine = batch.shapes.get(value);
  const [slope, base] = [affine?.slope[axis] ?? 0, affine?.base[axis] ?? 0];
  if (slope === 0) return undefined;
  const product = slope === 1 ? batch.name : `${slope}*${batch.name}`;
  return base === 0 ? product : `${product}${base < 0 ? "" : "+"}${base}`;
}
