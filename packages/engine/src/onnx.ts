import { float32, type HostTensor, type HostTensors, int32 } from "@slicebook/base";
import {
  mapStructure,
  type Structure,
  type TensorSpec,
  type TracedOutput,
  type TraceResult,
} from "@slicebook/tfjs-onnx";
import * as ort from "onnxruntime-node";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { matchSpecs, type NamedSpec, specsOf } from "./check.ts";
import type { Compiled, CompileOptions, Engine, Loop, StepFunction, TensorFunction } from "./engine.ts";
import { physicalCores } from "./physical-cores.ts";
import { checkCarry, isTracedOutput, traceAny } from "./traced.ts";

type OrtTensors = Record<string, OrtTensor>;

/** Traces functions into ONNX graphs and runs them with ONNX Runtime on the CPU. */
export async function createOnnxEngine({ threads = physicalCores() }: { threads?: number }): Promise<Engine> {
  const open: Open = async ({ model, outputs }) =>
    outputs.length === 0 ? EMPTY_SESSION : InferenceSession.create(model, sessionOptions(threads));
  return {
    kind: "onnx",
    device: "cpu",
    threads,
    description: `ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common}, CPU, ${threads} thread${threads === 1 ? "" : "s"}`,
    compile: (fn, signature, options = {}) => compileOnnx(open, fn, signature, options),
    loop: (step, carry, inputSignature, options = {}) => loopOnnx(open, step, carry, inputSignature, options),
    dispose: async () => undefined,
  };
}

function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // The arena reuses freed blocks by itself: the fixed plan only raised the peak (4.2 GB against 2.5 GB, batch 16).
    enableMemPattern: false,
    logSeverityLevel: 3,
    // Adam's second moments fade into denormals, which slow every operation on them down.
    extra: { session: { set_denormal_as_zero: "1" } },
  };
}

interface Session {
  run(feeds: OrtTensors): Promise<OrtTensors>;
  release(): Promise<void>;
}
type Open = (traced: TraceResult) => Promise<Session>;

/** ONNX Runtime refuses a graph without outputs: that of a function which only hands its arguments through. */
const EMPTY_SESSION: Session = { run: async () => ({}), release: async () => undefined };

async function compileOnnx(
  open: Open,
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  { name = fn.name, parameters }: CompileOptions,
): Promise<Compiled> {
  const traced = traceAny(fn, signature, { name, parameters });
  const session = await open(traced);
  const specs = [...traced.inputs, ...traced.unusedInputs];
  return {
    async run(...args) {
      const values = matchSpecs(name, specs, args);
      const given = new Map(specs.map((spec, index) => [spec.name, values[index]!]));
      const feeds = Object.fromEntries(
        traced.inputs.map((input) => [input.name, toOrt(given.get(input.name)!)]),
      );
      const results = await session.run(feeds);
      const output = mapStructure(traced.output, isTracedOutput, (leaf) =>
        leaf.kind === "input" ? given.get(leaf.name)! : toHost(results[leaf.name]!),
      );
      for (const tensor of Object.values(results)) tensor.dispose();
      return output;
    },
    dispose: () => session.release(),
  };
}

async function loopOnnx(
  open: Open,
  step: StepFunction,
  initial: HostTensors,
  inputSignature: Readonly<Record<string, TensorSpec>>,
  { name = step.name, parameters }: CompileOptions,
): Promise<Loop> {
  const carrySpecs: NamedSpec[] = Object.entries(specsOf(initial)).map(([key, spec]) => ({
    name: key,
    spec,
  }));
  const inputSpecs: NamedSpec[] = Object.entries(inputSignature).map(([key, spec]) => ({ name: key, spec }));
  const traced = traceAny(step, [specsOf(initial), inputSignature], { name, parameters });
  const [carryOutput, metricsOutput] = checkCarry(name, carrySpecs, traced);
  const session = await open(traced);
  const feedNames = new Set(traced.inputs.map((input) => input.name));
  let carry = load(initial);

  function load(tensors: HostTensors): OrtTensors {
    const values = matchSpecs(name, carrySpecs, tensors);
    // A copy: ONNX Runtime reads the array it is given in place, and the caller may write to theirs.
    return Object.fromEntries(carrySpecs.map((spec, index) => [spec.name, toOrt(copy(values[index]!))]));
  }

  return {
    async next(inputs) {
      const values = matchSpecs(name, inputSpecs, inputs);
      const all: OrtTensors = {};
      for (const [key, tensor] of Object.entries(carry)) all[`0.${key}`] = tensor;
      inputSpecs.forEach((spec, index) => {
        all[`1.${spec.name}`] = toOrt(values[index]!);
      });
      const feeds = Object.fromEntries([...feedNames].map((key) => [key, all[key]!]));
      const results = await session.run(feeds);
      const find = (output: TracedOutput) =>
        output.kind === "input" ? all[output.name]! : results[output.name]!;
      carry = Object.fromEntries(carrySpecs.map((spec) => [spec.name, find(carryOutput[spec.name]!)]));
      return Object.fromEntries(
        Object.entries(metricsOutput).map(([key, output]) => [key, toHost(find(output))]),
      );
    },
    async read() {
      return Object.fromEntries(Object.entries(carry).map(([key, tensor]) => [key, toHost(tensor)]));
    },
    async replace(tensors) {
      carry = load(tensors);
    },
    dispose: () => session.release(),
  };
}

function toOrt({ dtype, data, shape }: HostTensor): OrtTensor {
  return new OrtTensor(dtype, data, shape);
}

function copy(tensor: HostTensor): HostTensor {
  return tensor.dtype === "float32"
    ? { ...tensor, data: tensor.data.slice() }
    : { ...tensor, data: tensor.data.slice() };
}

/** Copies a result: the array may belong to ONNX Runtime. */
function toHost(tensor: OrtTensor): HostTensor {
  switch (tensor.type) {
    case "float32":
      return float32((tensor.data as Float32Array).slice(), tensor.dims);
    case "int32":
      return int32((tensor.data as Int32Array).slice(), tensor.dims);
    case "bool":
      return int32(Int32Array.from(tensor.data as Uint8Array), tensor.dims);
    default:
      throw new Error(`a traced function gave a tensor of type ${tensor.type}`);
  }
}
