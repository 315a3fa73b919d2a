import {
  type Compiled,
  type CompileOptions,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Loop,
  type Signature,
  type StepFunction,
  specsOf,
  type TensorFunction,
  type TensorSpec,
} from "@slicebook/base";
import { flatten, mapStructure, type Structure, type TracedOutput, unflatten } from "@slicebook/tfjs-onnx";
import * as tf from "@tensorflow/tfjs-core";
import { isHostTensor, matchSpecs, namedSpecs, typed } from "./check.ts";
import type { Device, Engine, EngineKind, Precision } from "./engine.ts";
import { inTurn } from "./in-turn.ts";
import { checkCarry, isTracedOutput, nameOf, traceForEager } from "./traced.ts";

type Call = (...args: Structure<tf.Tensor>[]) => Structure<tf.Tensor>;
type Step = (...args: Record<string, tf.Tensor>[]) => [Record<string, tf.Tensor>, Record<string, tf.Tensor>];

/** One of tfjs's backends, started. */
export interface EagerBackend {
  /** Also tfjs's name for it. */
  readonly kind: Exclude<EngineKind, "onnx">;
  readonly device: Device;
  readonly threads: number;
  readonly description: string;
  readonly software: boolean;
  /** Throws if something went wrong that tfjs does not report; asked before results are handed out. */
  readonly checkHealth?: () => void;
}

/**
 * Runs functions as they are written, an op at a time, on a backend of tfjs.
 *
 * tfjs keeps one active backend for the whole thread; each call here makes its own the active one for its duration.
 */
export function createEagerEngine(backend: EagerBackend, precision: Precision = "float32"): Engine {
  const { checkHealth: _, ...about } = backend;
  const active: Activate = (fn) => withBackend(backend.kind, fn);
  return {
    ...about,
    precision,
    compile: async (fn, signature, options = {}) =>
      typed(await compileEagerly(backend, active, fn, signature, options)),
    loop: async (step, carry, inputSignature, options = {}) =>
      loopEagerly(backend, active, step, carry, inputSignature, options),
    dispose: async () => undefined,
  };
}

type Activate = <T>(fn: () => T) => T;

async function compileEagerly(
  backend: EagerBackend,
  active: Activate,
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  options: CompileOptions,
): Promise<Compiled> {
  const { parameters } = options;
  const name = nameOf(fn, options);
  const traced = traceForEager(backend.kind, fn, signature, { name, ...(parameters && { parameters }) });
  const shapes = traced && flatten(traced.output, isTracedOutput).map(({ leaf }) => leaf.spec.shape);
  const specs = namedSpecs(signature);
  const weights = parameters && active(() => keep(parameters));
  return {
    async run(...args) {
      matchSpecs(name, specs, args);
      const result = active(() =>
        tf.tidy(() => {
          const inputs = args.map((arg) => mapStructure(arg, isHostTensor, toTensor));
          const call = fn as unknown as Call;
          const output = weights ? call(weights, ...inputs) : call(...inputs);
          let leaf = 0;
          return mapStructure(output, isTensor, (tensor) =>
            copy(tensor, shapes?.[leaf++]),
          ) as tf.TensorContainer;
        }),
      );
      const leaves = flatten(result as Structure<tf.Tensor>, isTensor).map(({ leaf }) => leaf);
      const values = await Promise.all(leaves.map(toHost));
      tf.dispose(leaves);
      backend.checkHealth?.();
      return unflatten(result as Structure<tf.Tensor>, isTensor, values);
    },
    async dispose() {
      if (weights) tf.dispose(weights);
    },
  };
}

async function loopEagerly(
  backend: EagerBackend,
  active: Activate,
  step: StepFunction,
  initial: HostTensors,
  inputSignature: Signature,
  options: CompileOptions,
): Promise<Loop> {
  const { parameters } = options;
  const name = nameOf(step, options);
  const carrySpecs = namedSpecs(specsOf(initial));
  const inputSpecs = namedSpecs(inputSignature);
  const traced = traceForEager(backend.kind, step, [specsOf(initial), inputSignature], {
    name,
    ...(parameters && { parameters }),
  });
  const [carryOutput, metricsOutput] = traced ? checkCarry(name, carrySpecs, traced) : [];
  const weights = parameters && active(() => keep(parameters));
  let carry = active(() => keep(initial));
  return inTurn({
    async next(inputs) {
      matchSpecs(name, inputSpecs, inputs);
      const [updated, metrics] = active(() => {
        const result = tf.tidy(() => {
          const values = toTensors(inputs);
          const call = step as unknown as Step;
          const [nextCarry, nextMetrics] = weights ? call(weights, carry, values) : call(carry, values);
          return [copyAll(nextCarry, carryOutput), copyAll(nextMetrics, metricsOutput)];
        });
        return result as [Record<string, tf.Tensor>, Record<string, tf.Tensor>];
      });
      tf.dispose(carry);
      carry = updated;
      const values = await toHosts(metrics);
      tf.dispose(metrics);
      backend.checkHealth?.();
      return values;
    },
    async read() {
      const values = await toHosts(carry);
      backend.checkHealth?.();
      return values;
    },
    async replace(other) {
      matchSpecs(name, carrySpecs, other);
      const replaced = carry;
      carry = active(() => keep(other));
      tf.dispose(replaced);
    },
    async dispose() {
      tf.dispose([carry, weights ?? {}]);
    },
  });
}

/** Runs a synchronous function with a started backend active, and makes the one before active again. */
function withBackend<T>(name: string, fn: () => T): T {
  const before = tf.engine().backendName;
  // A backend that has started becomes active at once: the promise is for the others.
  if (before !== name) void tf.setBackend(name);
  try {
    return fn();
  } finally {
    if (before && before !== name) void tf.setBackend(before);
  }
}

function keep(tensors: HostTensors): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(toTensor(tensor))]),
  );
}

function toTensors(tensors: HostTensors): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toTensor(tensor)]));
}

function copyAll(
  tensors: Record<string, tf.Tensor>,
  traced: Readonly<Record<string, TracedOutput>> | undefined,
): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, copy(tensor, traced?.[name]?.spec.shape)]),
  );
}

/**
 * A tensor of the same values: a function may give its own input or weights back, and what is disposed of later must
 * be a copy. It gets the shape that it should have: WebGPU's reductions of one axis to none give `[1]`.
 */
function copy(tensor: tf.Tensor, shape: readonly number[] = tensor.shape): tf.Tensor {
  return tf.reshape(tensor, [...shape]);
}

function toTensor({ data, shape, dtype }: HostTensor): tf.Tensor {
  // The CPU backend keeps the array it is given: a copy, since the caller may write to theirs.
  return tf.tensor(data.slice(), [...shape], dtype);
}

async function toHosts(tensors: Record<string, tf.Tensor>): Promise<HostTensors> {
  const entries = Object.entries(tensors).map(
    async ([name, tensor]) => [name, await toHost(tensor)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function toHost(tensor: tf.Tensor): Promise<HostTensor> {
  const values = await tensor.data();
  if (tensor.dtype === "float32") return float32(Float32Array.from(values), tensor.shape);
  return int32(Int32Array.from(values), tensor.shape);
}

function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}
