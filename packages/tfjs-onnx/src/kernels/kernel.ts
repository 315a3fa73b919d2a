import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Graph, Value } from "../graph.ts";

/** A kernel's tensors by the names TensorFlow.js gives them; lists are numbered `"0"`, `"1"`. */
export type KernelInputs = Readonly<Record<string, Value>>;

/** Writes what a TensorFlow.js kernel computes into the graph. */
export type Recorder<Attrs> = (graph: Graph, inputs: KernelInputs, attrs: Attrs) => Value | readonly Value[];

/** A kernel's name and how to record it. */
export interface KernelRecorder {
  readonly name: string;
  readonly record: Recorder<unknown>;
}

/** Pairs a kernel with its recorder; the attributes are of the type that TensorFlow.js declares for it. */
export function kernel<Attrs = unknown>(name: string, record: Recorder<Attrs>): KernelRecorder {
  // The kernel's name decides the type of its attributes, which TensorFlow.js's registry does not know.
  return { name, record: record as Recorder<unknown> };
}

/** A list input, in order. */
export function listed(inputs: KernelInputs): Value[] {
  return Object.keys(inputs)
    .sort((a, b) => Number(a) - Number(b))
    .map((key) => inputs[key]);
}

/** A value as TensorFlow.js's own checks of shapes take it. */
export function infoOf({ shape, type }: Value): TensorInfo {
  return { dataId: {}, shape: [...shape], dtype: type === "int64" ? "int32" : type };
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
