import "@tensorflow/tfjs-backend-cpu";
import { float32, type HostTensor, type HostTensors, int32, SlicebookError } from "@slicebook/base";
import {
  flatten,
  isTensorSpec,
  mapStructure,
  type Structure,
  type TensorSpec,
  unflatten,
} from "@slicebook/tfjs-onnx";
import * as tf from "@tensorflow/tfjs-core";
import { isHostTensor, matchSpecs, type NamedSpec, specsOf } from "./check.ts";
import type { Compiled, CompileOptions, Engine, Loop, StepFunction, TensorFunction } from "./engine.ts";

type Call = (...args: Structure<tf.Tensor>[]) => Structure<tf.Tensor>;
type Step = (...args: Record<string, tf.Tensor>[]) => [Record<string, tf.Tensor>, Record<string, tf.Tensor>];

/**
 * The reference: tfjs's own kernels on its CPU backend, an op at a time, in plain JavaScript.
 *
 * tfjs keeps one active backend for the whole thread; each call here makes `cpu` the active one for its duration.
 */
export async function createEagerEngine(): Promise<Engine> {
  // Or tfjs greets on standard error, and advises another package.
  tf.enableProdMode();
  await onCpu(() => undefined);
  return {
    kind: "cpu",
    device: "cpu",
    threads: 1,
    description: `tfjs ${tf.version_core}, eager, its own CPU backend, 1 thread`,
    compile: async (fn, signature, options = {}) => compileEagerly(fn, signature, options),
    loop: async (step, carry, inputSignature, options = {}) =>
      loopEagerly(step, carry, inputSignature, options),
    dispose: async () => undefined,
  };
}

async function compileEagerly(
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  { name = fn.name, parameters }: CompileOptions,
): Promise<Compiled> {
  const specs = namedSpecs(signature);
  const weights = parameters && (await onCpu(() => keep(parameters)));
  return {
    async run(...args) {
      matchSpecs(name, specs, args);
      const result = await onCpu(() =>
        tf.tidy(() => {
          const inputs = args.map((arg) => mapStructure(arg, isHostTensor, toTensor));
          const call = fn as unknown as Call;
          const output = weights ? call(weights, ...inputs) : call(...inputs);
          // A function may give its own input or weights back: what is read and disposed of below must be a copy.
          return mapStructure(output, isTensor, (tensor) => tensor.clone()) as tf.TensorContainer;
        }),
      );
      const leaves = flatten(result as Structure<tf.Tensor>, isTensor).map(({ leaf }) => leaf);
      const values = await Promise.all(leaves.map(toHost));
      tf.dispose(leaves);
      return unflatten(result as Structure<tf.Tensor>, isTensor, values);
    },
    async dispose() {
      if (weights) tf.dispose(weights);
    },
  };
}

async function loopEagerly(
  step: StepFunction,
  initial: HostTensors,
  inputSignature: Readonly<Record<string, TensorSpec>>,
  { name = step.name, parameters }: CompileOptions,
): Promise<Loop> {
  const carrySpecs = namedSpecs(specsOf(initial));
  const inputSpecs = namedSpecs(inputSignature);
  const weights = parameters && (await onCpu(() => keep(parameters)));
  let carry = await onCpu(() => keep(initial));
  return {
    async next(inputs) {
      matchSpecs(name, inputSpecs, inputs);
      const [updated, metrics] = await onCpu(() => {
        const result = tf.tidy(() => {
          const values = toTensors(inputs);
          const call = step as unknown as Step;
          const [nextCarry, nextMetrics] = weights ? call(weights, carry, values) : call(carry, values);
          return [clone(nextCarry), clone(nextMetrics)];
        });
        return result as [Record<string, tf.Tensor>, Record<string, tf.Tensor>];
      });
      tf.dispose(carry);
      carry = updated;
      const values = await toHosts(metrics);
      tf.dispose(metrics);
      return values;
    },
    read: () => toHosts(carry),
    async replace(other) {
      matchSpecs(name, carrySpecs, other);
      const replaced = carry;
      carry = await onCpu(() => keep(other));
      tf.dispose(replaced);
    },
    async dispose() {
      tf.dispose([carry, weights ?? {}]);
    },
  };
}

/** Runs a synchronous function with the CPU backend active, and makes the one before active again. */
async function onCpu<T>(fn: () => T): Promise<T> {
  const engine = tf.engine();
  const before = engine.backendName;
  if (before !== "cpu" && !(await tf.setBackend("cpu"))) {
    throw new SlicebookError("ENGINE_UNAVAILABLE", "tfjs's CPU backend did not start", {
      remedy: "Use engine.kind: onnx.",
    });
  }
  try {
    return fn();
  } finally {
    if (before && before !== "cpu") await tf.setBackend(before);
  }
}

function namedSpecs(structure: Structure<TensorSpec>): NamedSpec[] {
  return flatten(structure, isTensorSpec).map(({ path, leaf }) => ({ name: path.join("."), spec: leaf }));
}

function keep(tensors: HostTensors): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(toTensor(tensor))]),
  );
}

function toTensors(tensors: HostTensors): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toTensor(tensor)]));
}

function clone(tensors: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.clone()]));
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
