import {
  type BackendValues,
  type DataType,
  engine,
  KernelBackend,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { callSite } from "./call-site.ts";
import { constant, dtypeOf, type Graph, type Value } from "./graph.ts";
import { UnsupportedError } from "./kernels/kernel.ts";
import type { DType } from "./spec.ts";
import type { TapeEntry } from "./tape.ts";
import { TraceError, wrongArguments } from "./trace-error.ts";

type DataId = TensorInfo["dataId"];

/** The name under which the recording backend is registered while a function is traced. */
export const backendName = "tfjs-onnx";

interface Entry {
  readonly value: Value;
  references: number;
}

/** A TensorFlow.js backend that computes nothing: its "data" are the values of a graph. */
export class RecordingBackend extends KernelBackend {
  readonly graph: Graph;
  /** The first attempt to read a value asynchronously; thrown when the traced function has returned. */
  failure: TraceError | undefined;
  /** The kernels that were recorded, in their order. */
  readonly tape: TapeEntry[] = [];
  readonly #locate: boolean;
  readonly #entries = new WeakMap<DataId, Entry>();
  readonly #engine = engine();
  readonly #where: () => string;

  /** `where` says what is running, for messages; with `locate` the tape says it of every kernel. */
  constructor(
    graph: Graph,
    where: () => string,
    { locate = false }: { readonly locate?: boolean | undefined } = {},
  ) {
    super();
    this.#locate = locate;
    this.graph = graph;
    this.#where = where;
  }

  /** Gives a value a tensor's identity. */
  hold(value: Value): TensorInfo {
    const dataId = {};
    this.#entries.set(dataId, { value, references: 1 });
    return { dataId, shape: [...value.shape], dtype: dtypeOf(value.type) };
  }

  /** The value behind a tensor; a tensor of another backend becomes a constant and stays where it is. */
  lookUp({ dataId, shape, dtype }: TensorInfo): Value {
    const entry = this.#entries.get(dataId);
    if (entry !== undefined) return entry.value;
    if (!this.#engine.state.tensorInfo.has(dataId)) {
      throw new TraceError("TRACE_DISPOSED_TENSOR", `${this.#where()} uses a tensor that was disposed`, {
        remedy:
          "Let tf.tidy() return the tensor, or keep it; a gradient can only use tensors that were saved.",
      });
    }
    const type = this.#supported(dtype);
    let data: BackendValues;
    try {
      data = this.#engine.readSync(dataId);
    } catch (cause) {
      throw new TraceError(
        "TRACE_CAPTURED_TENSOR",
        `${this.#where()} uses a tensor [${shape.join(", ")}] made outside, which cannot be read at once`,
        { remedy: "Pass the tensor as an argument of the traced function.", cause },
      );
    }
    const value = constant(this.graph, toData(data, type), type, shape);
    this.#entries.set(dataId, { value, references: 1 });
    return value;
  }

  /** Says where in the traced function a kernel was asked for what it cannot do. */
  explain<T>(record: () => T): T {
    try {
      return record();
    } catch (error) {
      if (error instanceof TraceError || !(error instanceof Error)) throw error;
      if (error instanceof UnsupportedError) {
        const { message, remedy } = error;
        throw new TraceError(
          "TRACE_UNSUPPORTED",
          `${this.#where()}: ${message} cannot be traced${callSite()}`,
          { remedy },
        );
      }
      throw wrongArguments(`${this.#where()}: ${error.message}${callSite()}`, error);
    }
  }

  note(entry: Omit<TapeEntry, "where">): void {
    if (!this.#locate) {
      this.tape.push({ ...entry, where: undefined });
      return;
    }
    const running = this.#where();
    // Some ops of TensorFlow.js, tf.range() among them, do not say that they run.
    const op = running.startsWith("tf.") ? running : `${entry.kernel} in ${running}`;
    this.tape.push({ ...entry, where: `${op}${callSite()}` });
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const type = this.#supported(dtype);
    return this.hold(constant(this.graph, toData(values, type), type, shape)).dataId;
  }

  override move(
    dataId: DataId,
    values: BackendValues,
    shape: number[],
    dtype: DataType,
    references: number,
  ): void {
    const type = this.#supported(dtype);
    this.#entries.set(dataId, { value: constant(this.graph, toData(values, type), type, shape), references });
  }

  override readSync(dataId: DataId): BackendValues {
    const source = this.#entries.get(dataId)?.value.source;
    if (source?.kind === "dense" && !(source.data instanceof BigInt64Array)) return source.data.slice();
    const value = this.#entries.get(dataId)?.value;
    if (value?.source.kind === "splat") {
      const size = value.shape.reduce((product, side) => product * side, 1);
      if (value.type === "float32") return new Float32Array(size).fill(value.source.value);
      if (value.type === "int32") return new Int32Array(size).fill(value.source.value);
      return new Uint8Array(size).fill(value.source.value);
    }
    throw this.#readError();
  }

  override read(dataId: DataId): Promise<BackendValues> {
    try {
      return Promise.resolve(this.readSync(dataId));
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      // A rejected promise that nobody awaits would end the process; trace() throws this itself.
      this.failure ??= error;
      return new Promise(() => {});
    }
  }

  override incRef(dataId: DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry !== undefined) entry.references++;
  }

  override refCount(dataId: DataId): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (entry === undefined) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.#entries.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    // Asked only by TensorFlow.js's leak check, which compares before and after a kernel.
    return 0;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}

  #supported(dtype: DataType): DType {
    if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
    throw new TraceError(
      "TRACE_UNSUPPORTED",
      `${this.#where()} makes a tensor of type ${dtype}${callSite()}`,
      {
        remedy: "Use float32, int32 or bool.",
      },
    );
  }

  #readError(): TraceError {
    return new TraceError(
      "TRACE_VALUE_READ",
      `${this.#where()} reads the values of a traced tensor${callSite()}`,
      {
        remedy:
          "There are no values while a function is traced: compute with tensors alone (no data(), " +
          "dataSync(), array(), print() or if on a value), or read them outside.",
      },
    );
  }
}

function toData(values: BackendValues, type: DType): Float32Array | Int32Array | Uint8Array {
  // Backends give bools as Uint8Array or plain arrays, and floats as any array.
  const list = values as ArrayLike<number>;
  if (type === "float32") return Float32Array.from(list);
  if (type === "int32") return Int32Array.from(list);
  return Uint8Array.from(list, (item) => Number(Boolean(item)));
}
