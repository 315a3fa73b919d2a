import { engine, registerBackend, removeBackend, setBackend, Tensor, Variable } from "@tensorflow/tfjs-core";
import { backendName, RecordingBackend } from "./backend.ts";
import { CHECKED_BATCHES, checkBatches, compareBatches, dependsOnBatch, TRIAL_BATCHES } from "./batch.ts";
import { callSite, isThrownByTensorflow, withDeepStacks } from "./call-site.ts";
import { ExemptScopes } from "./exempt-scopes.ts";
import { fuse } from "./fuse.ts";
import {
  type Attributes,
  type ConstantData,
  constant,
  createGraph,
  dtypeOf,
  input,
  type Target,
  type TensorType,
  type Value,
} from "./graph.ts";
import { registerKernels } from "./kernels.ts";
import { mixedPrecision } from "./mixed-precision.ts";
import { type NamedValue, type SymbolicBatch, writeModel } from "./model.ts";
import { OpStack } from "./op-stack.ts";
import { sortNodes, usedInputs } from "./sort-nodes.ts";
import { type ConstantTensor, isTensorSpec, type Signature, sizeOf, type TensorSpec } from "./spec.ts";
import { flatten, mapStructure, type Structure, unflatten } from "./structure.ts";
import type { ReplayTarget, Tape, TapeEntry } from "./tape.ts";
import { TraceError, wrongArguments } from "./trace-error.ts";

/** A graph input: its name is its path in the arguments, `"0.encoder.conv1.kernel"`. */
export interface TracedValue {
  readonly name: string;
  readonly spec: TensorSpec;
}

/**
 * Where to find one tensor of the function's result: a graph output, or an argument handed through unchanged.
 */
export interface TracedOutput extends TracedValue {
  readonly kind: "output" | "input";
}

/** One operation of a graph: ONNX's name for it, its attributes, and what it takes and gives. */
export interface TracedNode {
  readonly op: string;
  readonly attributes: Attributes;
  /** An optional input that is left out is undefined. */
  readonly inputs: readonly (TensorType | undefined)[];
  readonly outputs: readonly TensorType[];
}

export interface TraceResult {
  /** The graph as a serialised ONNX `ModelProto`; the same function and signature give the same bytes. */
  readonly model: Uint8Array;
  /** The graph's inputs, in the order of the arguments. */
  readonly inputs: readonly TracedValue[];
  /** The arguments that no output depends on; the graph has no such inputs. */
  readonly unusedInputs: readonly TracedValue[];
  /**
   * The graph's outputs. Where there are none, every result is an argument, and the model has nothing to run.
   */
  readonly outputs: readonly TracedValue[];
  /** The TensorFlow.js kernels that the function calls, sorted. */
  readonly kernels: readonly string[];
  /**
   * The graph's operations, each after those whose results it takes, in float32 unless products are in half precision; a symbolic
   * batch has a trial's size.
   */
  readonly nodes: readonly TracedNode[];
  /** The function's result, each tensor replaced by where to find it. */
  readonly output: Structure<TracedOutput>;
}

/** Where a value of a {@link TracedGraph} comes from; of the results of nodes, by the node's number and the output's. */
export type TracedOperand = TensorType &
  (
    | { readonly kind: "input"; readonly name: string }
    | { readonly kind: "result"; readonly node: number; readonly output: number }
    | { readonly kind: "constant"; readonly data: ConstantData }
    /** One number in every place. */
    | { readonly kind: "filled"; readonly value: number }
  );

/** A function as the operations that it takes, for a program that carries them out by itself. */
export interface TracedGraph extends Pick<TraceResult, "inputs" | "unusedInputs" | "kernels" | "output"> {
  /** Each after those whose results it takes. */
  readonly nodes: readonly (Omit<TracedNode, "inputs"> & {
    readonly inputs: readonly (TracedOperand | undefined)[];
  })[];
  /** The outputs that {@link TraceResult.output} names. */
  readonly outputs: readonly { readonly name: string; readonly from: TracedOperand }[];
}

/** A first axis of any length. */
export interface SymbolicBatchOptions {
  /** What the axis is called in the model; by default `"batch"`. */
  readonly name?: string;
  /** The inputs that have it, by their names in the graph (`"0"`, `"1.images"`); by default all. */
  readonly inputs?: readonly string[];
}

export interface TraceOptions {
  /** The graph's name, and the function's in messages; by default the function's own. */
  readonly name?: string;
  /**
   * `true` stores and computes in half precision, half the size of the file: for running, not for training. `"products"` computes
   * convolutions, products of matrices and what lies between them so, and everything else in float32: for training on graphics
   * cards. What is called inside of `tf.tidy("float32", …)` then stays float32, its gradients included. Inputs and outputs stay
   * float32. Results differ by about 1e-3 of their largest value.
   */
  readonly float16?: boolean | "products";
  /**
   * What ONNX Runtime will run the graph with (default `"cpu"`): any of its providers computes the same by it, and this one
   * fastest. A graph of any batch size has the forms for the CPU.
   */
  readonly target?: Target;
  /**
   * Leaves the inputs' first axis open, so that the model takes batches of any size; the signature's is an example. Shapes
   * may grow with it; other values must not depend on it. The function is called for several sizes, and refused if it is
   * different for some of them.
   */
  readonly symbolicBatch?: SymbolicBatchOptions;
}

/** The tensors a function of this signature is called with. */
export type TensorsOf<S> = [Structure<TensorSpec>] extends [S]
  ? Structure<Tensor>
  : S extends TensorSpec
    ? Tensor
    : { -readonly [K in keyof S]: TensorsOf<S[K]> };

type Arguments<S extends Signature> = { -readonly [K in keyof S]: TensorsOf<S[K]> };

/** Constants given by name, which become ONNX initialisers. */
export type Parameters = Readonly<Record<string, ConstantTensor>>;

/**
 * Records a TensorFlow.js function, gradients included, as an ONNX model.
 *
 * The function is called once, with tensors that have shapes and types but no values, on a backend that
 * writes down what it is asked. It must be synchronous and pure: its result is a tensor, or nested records
 * and arrays of tensors. With `options.parameters` it gets these first, as tensors that the graph holds as
 * initialisers.
 *
 * The active backend and `tf.memory()` are afterwards as before, also after an error. Throws a {@link
 * TraceError} if the function reads a value, draws random numbers, assigns a variable, calls an op whose
 * kernel is not supported or one with arguments that TensorFlow.js refuses.
 */
export function trace<const S extends Signature>(
  fn: (parameters: Readonly<Record<string, Tensor>>, ...args: Arguments<S>) => Structure<Tensor>,
  signature: S,
  options: TraceOptions & { readonly parameters: Parameters },
): TraceResult;
export function trace<const S extends Signature>(
  fn: (...args: Arguments<S>) => Structure<Tensor>,
  signature: S,
  options?: TraceOptions & { readonly parameters?: undefined },
): TraceResult;
export function trace(
  fn: (...args: never[]) => Structure<Tensor>,
  signature: Signature,
  options: TraceOptions & { readonly parameters?: Parameters | undefined } = {},
): TraceResult {
  const { name = fn.name || "traced", parameters, float16, symbolicBatch } = options;
  const specs = readSignature(signature, name);
  const target = symbolicBatch === undefined ? options.target : undefined;
  const mixed = float16 === "products";
  const given = { specs, name, parameters, mixed };
  const example = recordFunction(fn, signature, { ...given, target });
  const open = symbolicBatch && openBatch(fn, signature, { ...given, example }, symbolicBatch);
  // For the example's batch alone more may be left out than for any.
  const recorded = open?.recorded ?? example;
  const { inputs, outputs, used } = recorded;
  const isUsed = ({ name }: TracedValue): boolean => used.has(name);
  const specOfResult = new Map(
    recorded.results.map((value, index) => [value, specOf(example.results[index]!)]),
  );
  return {
    model: writeModel(
      name,
      inputs.filter(({ name }) => used.has(name)),
      outputs,
      { float16: float16 === true, batch: open?.batch },
    ),
    inputs: specs.filter(isUsed),
    unusedInputs: specs.filter((item) => !isUsed(item)),
    outputs: recorded.outputNames.map(([name, value]) => ({ name, spec: specOfResult.get(value)! })),
    kernels: recorded.kernels,
    nodes: sortNodes(outputs.map(({ value }) => value)).map(({ op, attributes, inputs, outputs }) => ({
      op,
      attributes,
      inputs: inputs.map((value) => value && typeOf(value)),
      outputs: outputs.map(typeOf),
    })),
    output: mapStructure(recorded.output, isPlaced, ({ value, ...location }) => ({
      ...location,
      spec: specOfResult.get(value)!,
    })),
  };
}

/** {@link trace} for a program that carries out a graph's operations by itself: what they take is linked, and nothing is serialised. */
export function traceGraph(
  fn: (...args: never[]) => Structure<Tensor>,
  signature: Signature,
  {
    name = fn.name || "traced",
    parameters,
  }: Pick<TraceOptions, "name"> & { parameters?: Parameters | undefined } = {},
): TracedGraph {
  const specs = readSignature(signature, name);
  const { used, outputs, kernels, output } = recordFunction(fn, signature, { specs, name, parameters });
  const isUsed = ({ name }: TracedValue): boolean => used.has(name);
  const sorted = sortNodes(outputs.map(({ value }) => value));
  const numbers = new Map(sorted.map((node, number) => [node, number]));
  const operandOf = (value: Value): TracedOperand => {
    const { source } = value;
    const type = typeOf(value);
    if (source.kind === "node") {
      return { ...type, kind: "result", node: numbers.get(source.node)!, output: source.output };
    }
    if (source.kind === "input") return { ...type, kind: "input", name: source.name };
    if (source.kind === "dense") return { ...type, kind: "constant", data: source.data };
    return { ...type, kind: "filled", value: source.value };
  };
  return {
    inputs: specs.filter(isUsed),
    unusedInputs: specs.filter((item) => !isUsed(item)),
    kernels,
    nodes: sorted.map(({ op, attributes, inputs, outputs }) => ({
      op,
      attributes,
      inputs: inputs.map((value) => value && operandOf(value)),
      outputs: outputs.map(typeOf),
    })),
    outputs: outputs.map(({ name, value }) => ({ name, from: operandOf(value) })),
    output: mapStructure(output, isPlaced, ({ value, ...location }) => ({
      ...location,
      spec: specOf(value),
    })),
  };
}

function typeOf({ type, shape }: TensorType): TensorType {
  return { type, shape };
}

interface FunctionToRecord {
  readonly specs: readonly TracedValue[];
  readonly name: string;
  readonly parameters: Parameters | undefined;
  readonly target?: Target | undefined;
  /** Whether products are computed in half precision. */
  readonly mixed?: boolean;
  /** Whether the tape says where each kernel was called. */
  readonly locate?: boolean;
}

/** Where to find a value of the result. */
interface PlacedValue {
  readonly kind: "output" | "input";
  readonly name: string;
  readonly value: Value;
}

interface RecordedFunction {
  readonly inputs: readonly NamedValue[];
  /** The names of the inputs that an output depends on. */
  readonly used: ReadonlySet<string>;
  readonly outputs: readonly NamedValue[];
  /** The outputs' names, with the values that the function gave. */
  readonly outputNames: readonly (readonly [name: string, value: Value])[];
  readonly output: Structure<PlacedValue>;
  /** The values of the result, in its order. */
  readonly results: readonly Value[];
  readonly tape: readonly TapeEntry[];
  readonly kernels: readonly string[];
}

/** Calls the function with tensors of these specs, and gives the graph it makes. */
function recordFunction(
  fn: (...args: never[]) => Structure<Tensor>,
  signature: Signature,
  { specs, name, parameters, target, mixed = false, locate }: FunctionToRecord,
): RecordedFunction {
  const graph = createGraph(target);
  const inputs: NamedValue[] = specs.map(({ name, spec }) => ({
    name,
    value: input(graph, name, spec.dtype, spec.shape),
  }));

  const ops = new OpStack(name);
  const backend = new RecordingBackend(graph, () => ops.describe(), { locate });
  const result = record(backend, ops, mixed ? new ExemptScopes(graph) : undefined, () => {
    const toTensor = (value: Value): Tensor =>
      engine().makeTensorFromTensorInfo(backend.hold(value), backend);
    const leaves = inputs.map(({ value }) => toTensor(value));
    const args: unknown[] = [unflatten<TensorSpec, Tensor>(signature, isTensorSpec, leaves)].flat(1);
    if (parameters !== undefined) {
      const held = Object.entries(parameters).map(([key, { data, dtype, shape }]) => {
        if (data.length !== sizeOf(shape)) {
          throw new TraceError(
            "TRACE_SIGNATURE",
            `The parameter "${key}" of "${name}" has ${data.length} values for the shape [${shape.join(", ")}]`,
          );
        }
        return [key, toTensor(constant(graph, data, dtype, shape, `parameters.${key}`))];
      });
      args.unshift(Object.fromEntries(held));
    }
    // The overloads tie the arguments to the signature; here they are just a list.
    const returned: unknown = (fn as (...args: unknown[]) => unknown)(...args);
    return readResult(returned, backend, name);
  });

  const byValue = new Map<Value, NamedValue>(inputs.map((item) => [item.value, item]));
  const outputs = new Map<Value, NamedValue>();
  const output = mapStructure<Value, PlacedValue>(result, isValue, (value, path) => {
    const passed = byValue.get(value);
    if (passed !== undefined) return { kind: "input", name: passed.name, value };
    const known = outputs.get(value) ?? { name: ["output", ...path].join("."), value };
    outputs.set(value, known);
    return { kind: "output", name: known.name, value };
  });

  const fused = fuse(graph, [...outputs.keys()]);
  const written = mixed ? mixedPrecision(graph, fused) : fused;
  const values = usedInputs(written);
  return {
    inputs,
    used: new Set(inputs.filter(({ value }) => values.has(value)).map(({ name }) => name)),
    outputs: [...outputs.values()].map(({ name }, index) => ({ name, value: written[index]! })),
    outputNames: [...outputs.values()].map(({ name, value }) => [name, value]),
    output,
    results: flatten(result, isValue).map(({ leaf }) => leaf),
    tape: backend.tape,
    kernels: ops.kernels,
  };
}

/** Records the function for several batch sizes, finds what depends on them, and checks it against other sizes. */
function openBatch(
  fn: (...args: never[]) => Structure<Tensor>,
  signature: Signature,
  given: FunctionToRecord & { readonly example: RecordedFunction },
  { name = "batch", inputs }: SymbolicBatchOptions,
): { recorded: RecordedFunction; batch: SymbolicBatch } {
  const open = openInputs(given, inputs);
  const recordFor = (size: number, locate = false): RecordedFunction => {
    const specs = given.specs.map((item) => {
      const [, ...rest] = item.spec.shape;
      return open.has(item.name) ? { ...item, spec: { ...item.spec, shape: [size, ...rest] } } : item;
    });
    try {
      return recordFunction(fn, signature, { ...given, specs, locate });
    } catch (cause) {
      if (!(cause instanceof TraceError)) throw cause;
      throw dependsOnBatch(given.name, `for a batch of ${size}, ${cause.message}`, cause);
    }
  };
  const checked = CHECKED_BATCHES.map((size) => ({ size, recorded: recordFor(size) }));
  const trials = TRIAL_BATCHES.map((size) => recordFor(size));
  checkBatches({
    name: given.name,
    trials: trials.map((trial, index) => tapeOf(trial, TRIAL_BATCHES[index]!)),
    checked: checked.map(({ size, recorded }) => ({ ...tapeOf(recorded, size), paths: pathsOf(recorded) })),
    paths: pathsOf(trials[0]!),
    named: (size) => namedValues({ ...given, open }, size),
    locate: (size) => tapeOf(recordFor(size, true), size),
    exampleSizes: new Set(
      given.specs.filter((item) => open.has(item.name)).map(({ spec: { shape } }) => shape[0]!),
    ),
  });
  const dependence = compareBatches(
    trials.map(({ outputs }) => outputs.map(({ value }) => value)),
    given.name,
  );
  const recorded = trials[0]!;
  return {
    recorded,
    batch: { ...dependence, name, inputs: new Set([...open].filter((name) => recorded.used.has(name))) },
  };
}

/** The names of the inputs whose first axis is left open. */
function openInputs({ specs, name }: FunctionToRecord, inputs: readonly string[] | undefined): Set<string> {
  const known = specs.map(({ name }) => name);
  const open = new Set(inputs ?? known);
  for (const input of open) {
    const spec = specs.find(({ name }) => name === input)?.spec;
    if (spec === undefined || spec.shape.length === 0) {
      const problem = spec === undefined ? "has no such input" : "takes a scalar there";
      throw new TraceError("TRACE_SIGNATURE", `symbolicBatch: "${name}" ${problem}: "${input}"`, {
        remedy: `Name inputs that have a first axis, among: ${known.join(", ")}.`,
      });
    }
  }
  return open;
}

function tapeOf({ tape, results }: RecordedFunction, batch: number): Tape {
  return { entries: tape, results, batch };
}

function pathsOf({ output }: RecordedFunction): string {
  return flatten(output, isPlaced)
    .map(({ path }) => path.join("."))
    .join("\n");
}

/** A new graph with the function's inputs and parameters, the open ones for a batch of this size. */
function namedValues(
  { specs, parameters = {}, open }: FunctionToRecord & { readonly open: ReadonlySet<string> },
  size: number,
): ReplayTarget {
  const graph = createGraph();
  const named = new Map<string, Value>();
  for (const { name, spec } of specs) {
    const shape = open.has(name) ? [size, ...spec.shape.slice(1)] : spec.shape;
    named.set(name, input(graph, name, spec.dtype, shape));
  }
  for (const [key, { data, dtype, shape }] of Object.entries(parameters)) {
    const name = `parameters.${key}`;
    named.set(name, constant(graph, data, dtype, shape, name));
  }
  return { graph, named };
}

/** Runs `body` with the recording backend active, and leaves TensorFlow.js as it found it. */
function record<T>(
  backend: RecordingBackend,
  ops: OpStack,
  exempt: ExemptScopes | undefined,
  body: () => T,
): T {
  const tfjs = engine();
  const previous: string | null | undefined = tfjs.backendName;
  if (previous === backendName) {
    throw new TraceError("TRACE_NESTED", `${ops.describe()} is traced while another function is`, {
      remedy: "Call the inner function directly: its ops are recorded with the outer one's.",
    });
  }
  registerKernels();
  registerBackend(backendName, () => backend, 0);
  const { scopeStack } = tfjs.state;
  const depth = scopeStack.length;
  const tensors = new Set<Tensor>();
  try {
    // Backends that are made at once are also set at once: the promise is for the others.
    void setBackend(backendName);
    tfjs.startScope("trace");
    const undo = watch(ops, exempt, tensors);
    try {
      const result = withDeepStacks(body);
      if (backend.failure !== undefined) throw backend.failure;
      return result;
    } catch (error) {
      throw located(error, ops);
    } finally {
      undo();
    }
  } finally {
    while (scopeStack.length > depth) tfjs.endScope();
    // After an error inside a gradient its saved tensors are still kept.
    for (const tensor of tensors) if (!tensor.isDisposed) tensor.dispose();
    removeBackend(backendName);
    if (previous) void setBackend(previous);
  }
}

/** An error of TensorFlow.js with the op and the line that called it; others are as they were. */
function located(error: unknown, ops: OpStack): unknown {
  if (!(error instanceof Error) || error instanceof TraceError || !isThrownByTensorflow(error)) return error;
  const message = `${ops.describeFailure()}: ${error.message.trim()}${callSite(error.stack)}`;
  if (!error.message.includes("gradient function not found")) return wrongArguments(message, error);
  return new TraceError("TRACE_NO_GRADIENT", message, {
    remedy:
      'Where there are no gradients at all: add `import "@tensorflow/tfjs-layers";`, which registers them in Node. ' +
      "Otherwise this op has none: give it one with tf.customGrad().",
    cause: error,
  });
}

/**
 * Follows the ops that run, refuses what cannot be traced, and collects the tensors made; returns the way
 * back.
 */
function watch(ops: OpStack, exempt: ExemptScopes | undefined, tensors: Set<Tensor>): () => void {
  const tfjs = engine();
  const { assign } = Variable.prototype;
  const original = {
    startScope: tfjs.startScope,
    endScope: tfjs.endScope,
    runKernel: tfjs.runKernel,
    trackTensor: tfjs.trackTensor,
  };
  const watched: typeof original = {
    startScope(name) {
      ops.enter(name);
      exempt?.enter(name);
      original.startScope.call(tfjs, name);
    },
    endScope(result) {
      // An op that ends without a result has thrown.
      ops.leave({ failed: result === null });
      exempt?.leave();
      original.endScope.call(tfjs, result);
    },
    runKernel(kernelName, inputs, attributes) {
      ops.noteKernel(kernelName);
      return original.runKernel.call(tfjs, kernelName, inputs, attributes) as never;
    },
    trackTensor(tensor, backend) {
      tensors.add(tensor);
      original.trackTensor.call(tfjs, tensor, backend);
    },
  };
  Object.assign(tfjs, watched);
  Variable.prototype.assign = () => {
    throw new TraceError("TRACE_VARIABLE_ASSIGNED", `${ops.describe()} assigns a variable`, {
      remedy: "Take the old value as an argument and return the new one.",
    });
  };
  return () => {
    // The methods are the prototype's again.
    for (const method of Object.keys(watched)) Reflect.deleteProperty(tfjs, method);
    Variable.prototype.assign = assign;
  };
}

function readSignature(signature: Signature, name: string): TracedValue[] {
  let leaves: TracedValue[];
  try {
    leaves = flatten(signature, isTensorSpec).map(({ path, leaf }) => ({ name: path.join("."), spec: leaf }));
  } catch (cause) {
    throw new TraceError("TRACE_SIGNATURE", `The signature of "${name}", ${(cause as Error).message}`, {
      remedy: 'Give each tensor as { shape: [2, 3], dtype: "float32" | "int32" | "bool" }.',
      cause,
    });
  }
  const seen = new Set<string>();
  for (const leaf of leaves) {
    if (seen.has(leaf.name)) {
      throw new TraceError(
        "TRACE_SIGNATURE",
        `The signature of "${name}" has two inputs named "${leaf.name}"`,
        {
          remedy: "Rename the key that has a dot in it.",
        },
      );
    }
    seen.add(leaf.name);
  }
  return leaves;
}

function readResult(returned: unknown, backend: RecordingBackend, name: string): Structure<Value> {
  if (returned instanceof Promise) {
    // What it rejects with is the same story told later.
    returned.catch(() => {});
    if (backend.failure !== undefined) throw backend.failure;
    throw new TraceError("TRACE_ASYNC_FUNCTION", `"${name}" is asynchronous`, {
      remedy: "Make it a plain function: what is awaited would be missing from the graph.",
    });
  }
  try {
    return mapStructure(returned as Structure<Tensor>, isTensor, (tensor) => backend.lookUp(tensor));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new TraceError("TRACE_RESULT", `The result of "${name}", ${cause.message}`, {
      remedy: "Return a tensor, or nested records and arrays of tensors.",
      cause,
    });
  }
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

function isValue(value: unknown): value is Value {
  return typeof value === "object" && value !== null && "source" in value && "id" in value;
}

function isPlaced(value: unknown): value is PlacedValue {
  return typeof value === "object" && value !== null && "kind" in value && "value" in value;
}

function specOf({ type, shape }: Value): TensorSpec {
  return { dtype: dtypeOf(type), shape };
}
