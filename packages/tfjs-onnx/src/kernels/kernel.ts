import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { dtypeOf, type Graph, type Value } from "../graph.ts";

type OperandName = "a" | "alpha" | "b" | "condition" | "e" | "input" | "logits" | "t" | "value" | "x" | "y";
type ImageName = "dy" | "filter" | "image" | "images" | "mean" | "variance";
type IndexingName = "indices" | "params" | "segmentIds" | "tensor" | "updates" | "weights";
type SparseName = "defaultValue" | "sparseIndices" | "sparseValues";
type InputName = OperandName | ImageName | IndexingName | SparseName;
type OptionalInputName = "bias" | "offset" | "preluActivationWeights" | "scale";

/**
 * A kernel's tensors by the names TensorFlow.js gives them, of which each kernel has its own; lists are numbered `"0"`,
 * `"1"`.
 */
export type KernelInputs = Readonly<Record<InputName, Value> & Partial<Record<OptionalInputName, Value>>>;

/** Writes what a TensorFlow.js kernel computes into the graph. */
type Recorder<Inputs, Attrs> = (graph: Graph, inputs: Inputs, attrs: Attrs) => Value | readonly Value[];

/** A kernel's name and how to record it. */
export interface KernelRecorder {
  readonly name: string;
  readonly record: Recorder<Readonly<Record<string, Value>>, unknown>;
}

/** Pairs a kernel with its recorder; the attributes are of the type that TensorFlow.js declares for it. */
export function kernel<Attrs = unknown>(name: string, record: Recorder<KernelInputs, Attrs>): KernelRecorder {
  // The kernel's name decides its inputs and attributes, whose types TensorFlow.js's registry does not know.
  return { name, record: record as KernelRecorder["record"] };
}

/** A list input, in order. */
export function listed(inputs: KernelInputs): Value[] {
  return Object.entries(inputs)
    .sort(([a], [b]) => Number(a) - Number(b))
    .flatMap(([, value]) => value ?? []);
}

/** A value as TensorFlow.js's own checks of shapes take it. */
export function infoOf({ shape, type }: Value): TensorInfo {
  return { dataId: {}, shape: [...shape], dtype: dtypeOf(type) };
}

/** The number of an axis, counted from the front. */
export function oneAxis(axis: number, { shape }: Value): number {
  return util.parseAxisParam(axis, [...shape])[0]!;
}

/** A kernel that is known, but not with these attributes. */
export class UnsupportedError extends Error {
  readonly remedy: string;

  /** `what` completes "tf.op in function: …". */
  constructor(what: string, remedy: string) {
    super(what);
    this.name = "UnsupportedError";
    this.remedy = remedy;
  }
}
