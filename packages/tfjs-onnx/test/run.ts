import { engine, setBackend, type Tensor } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
// In Node TensorFlow.js registers its gradients with the layers only.
import "@tensorflow/tfjs-layers";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import {
  flatten,
  isTensorSpec,
  mapStructure,
  type Structure,
  type TraceOptions,
  trace,
} from "../src/index.ts";
import type { ConstantTensor, TensorSpec } from "../src/spec.ts";
import type { TracedOutput, TraceResult } from "../src/trace.ts";

void setBackend("cpu");

type Fn = (...args: never[]) => Structure<Tensor>;

type Provider = "cpu" | "webgpu";

/** Runs a traced model on host tensors, in ONNX Runtime on one thread. */
export async function runTraced(
  traced: TraceResult,
  args: readonly Structure<ConstantTensor>[],
  provider: Provider = "cpu",
): Promise<Structure<ConstantTensor>> {
  const given = new Map(flatten(args, isConstant).map(({ path, leaf }) => [path.join("."), leaf]));
  const results = traced.outputs.length === 0 ? {} : await runModel(traced, given, provider);
  return mapStructure(traced.output, isOutput, ({ kind, name, spec }) => {
    if (kind === "input") return given.get(name)!;
    const { data, dims } = results[name]!;
    return { dtype: spec.dtype, shape: [...dims], data: data as Float32Array };
  });
}

async function runModel(traced: TraceResult, given: ReadonlyMap<string, ConstantTensor>, provider: Provider) {
  const session = await InferenceSession.create(traced.model, {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const feeds = traced.inputs.map(({ name }) => [name, toOrt(given.get(name)!)]);
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return results;
}

/** Runs the function as it is on TensorFlow.js's CPU backend. */
export function runEager(fn: Fn, args: readonly Structure<ConstantTensor>[]): Structure<ConstantTensor> {
  const tfjs = engine();
  tfjs.startScope();
  try {
    const tensors = args.map((arg) =>
      mapStructure(arg, isConstant, ({ data, shape, dtype }) => tfjs.makeTensor(data, [...shape], dtype)),
    );
    const result = (fn as (...args: unknown[]) => Structure<Tensor>)(...tensors);
    return mapStructure(result, isTensor, (tensor) => ({
      dtype: tensor.dtype as TensorSpec["dtype"],
      shape: tensor.shape,
      data: tensor.dataSync() as Float32Array,
    }));
  } finally {
    tfjs.endScope();
  }
}

/** Traces a function for arguments like these. */
export function traceFor(
  fn: Fn,
  args: readonly Structure<ConstantTensor>[],
  options: TraceOptions = {},
): TraceResult {
  const signature = args.map((arg) =>
    mapStructure(arg, isConstant, ({ dtype, shape }): TensorSpec => ({ dtype, shape })),
  );
  return trace(fn as (...args: Structure<Tensor>[]) => Structure<Tensor>, signature, options);
}

/**
 * The largest difference between what ONNX Runtime and TensorFlow.js compute, relative to each tensor's
 * largest value.
 */
export async function difference(
  fn: Fn,
  args: readonly Structure<ConstantTensor>[],
  traceResult: TraceResult = traceFor(fn, args),
): Promise<number> {
  return Math.max(0, ...(await differences(fn, args, traceResult)));
}

/** The same for each tensor of the result, in order. */
export async function differences(
  fn: Fn,
  args: readonly Structure<ConstantTensor>[],
  traceResult: TraceResult,
  provider: Provider = "cpu",
): Promise<number[]> {
  const leaves = (result: Structure<ConstantTensor>) => flatten(result, isConstant).map(({ leaf }) => leaf);
  const [traced, eager] = [leaves(await runTraced(traceResult, args, provider)), leaves(runEager(fn, args))];
  if (traced.length !== eager.length) return [Number.POSITIVE_INFINITY];
  return traced.map((ours, index) => tensorDifference(ours, eager[index]!));
}

function tensorDifference(ours: ConstantTensor, theirs: ConstantTensor): number {
  if (ours.dtype !== theirs.dtype || ours.shape.join() !== theirs.shape.join()) {
    throw new Error(`${ours.dtype} [${ours.shape}] instead of ${theirs.dtype} [${theirs.shape}]`);
  }
  let [largest, worst] = [1e-6, 0];
  theirs.data.forEach((value, index) => {
    const actual = Number(ours.data[index]);
    if (Object.is(actual, Number(value)) || actual === Number(value)) return;
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    const gap = Math.abs(actual - value);
    worst = Math.max(worst, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap);
  });
  theirs.data.forEach((value) => {
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  });
  return worst / largest;
}

export function isConstant(value: unknown): value is ConstantTensor {
  return isTensorSpec(value) && "data" in value;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dataId" in value;
}

function isOutput(value: unknown): value is TracedOutput {
  return typeof value === "object" && value !== null && "kind" in value;
}

function toOrt({ dtype, data, shape }: ConstantTensor): OrtTensor {
  return new OrtTensor(dtype, data as Float32Array, shape);
}

/** Fills a tensor with numbers that look random and are always the same. */
export function numbers(
  shape: readonly number[],
  options: { seed?: number; low?: number; high?: number } = {},
) {
  const { seed = 1, low = -1, high = 1 } = options;
  const next = generator(seed);
  const size = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length: size }, () => low + (high - low) * next());
  return { dtype: "float32" as const, shape, data };
}

/** Integers from low to high − 1. */
export function integers(shape: readonly number[], low: number, high: number, seed = 1) {
  const { data } = numbers(shape, { seed, low, high });
  return { dtype: "int32" as const, shape, data: Int32Array.from(data, Math.floor) };
}

export function bools(shape: readonly number[], seed = 1) {
  const { data } = numbers(shape, { seed });
  return { dtype: "bool" as const, shape, data: Uint8Array.from(data, (item) => Number(item > 0)) };
}

// mulberry32
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws numbers and choices by a seed. */
export class Dice {
  /** The next number, from 0 to below 1. */
  protected readonly next: () => number;

  constructor(seed: number) {
    this.next = generator(seed);
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  of<T>(...items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
