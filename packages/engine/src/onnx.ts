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
import { mapStructure, type Structure, type TracedOutput, type TraceResult } from "@slicebook/tfjs-onnx";
import { expandDims, type Tensor } from "@tensorflow/tfjs-core";
import { matchSpecs, type NamedSpec, namedSpecs, typed } from "./check.ts";
import type { Device, Engine, Precision } from "./engine.ts";
import { inTurn } from "./in-turn.ts";
import { env, Tensor as OrtTensor } from "./onnx-runtime.ts";
import { isOnDevice, type OrtTensors, openSession, type Session, startOnnxDevice } from "./onnx-session.ts";
import { physicalCores } from "./physical-cores.ts";
import { checkCarry, isTracedOutput, nameOf, traceAny } from "./traced.ts";

/** Traces functions into ONNX graphs and runs them with ONNX Runtime on one of its devices. */
export async function createOnnxEngine({
  device,
  threads = physicalCores(),
  precision,
  profile,
}: {
  readonly device: Device;
  readonly threads?: number | undefined;
  readonly precision: Precision;
  readonly profile?: string | undefined;
}): Promise<Engine> {
  const { name, software } = await startOnnxDevice(device, precision);
  const runtime: Runtime = {
    trace: (fn, signature, { mixedPrecision = false, ...options }) => {
      const mixed = mixedPrecision && precision === "float16";
      return traceAny(fn, signature, { ...options, target: device, ...(mixed && { float16: "products" }) });
    },
    open: (traced, onDevice) => openSession(traced, { device, threads, onDevice, profile }),
  };
  const where = device === "cpu" ? `CPU, ${threads} thread${threads === 1 ? "" : "s"}` : name;
  const on = precision === "float32" ? where : `${where}, ${precision}`;
  return {
    kind: "onnx",
    device,
    threads,
    precision,
    description: `ONNX Runtime ${env.versions.node ?? env.versions.common}, ${on}`,
    software,
    compile: async (fn, signature, options = {}) => typed(await compileOnnx(runtime, fn, signature, options)),
    loop: (step, carry, inputSignature, options = {}) =>
      loopOnnx(runtime, step, carry, inputSignature, options),
    dispose: async () => undefined,
  };
}

/** ONNX Runtime on one device. */
interface Runtime {
  /** Traces a function into a graph for the device. */
  trace(
    fn: TensorFunction,
    signature: readonly Structure<TensorSpec>[],
    options: CompileOptions & { readonly name: string },
  ): TraceResult;
  /** Opens a graph; the outputs that are named stay with the device, if it has memory of its own. */
  open(traced: TraceResult, onDevice?: readonly string[]): Promise<Session>;
}

async function compileOnnx(
  runtime: Runtime,
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  options: CompileOptions,
): Promise<Compiled> {
  const name = nameOf(fn, options);
  const traced = runtime.trace(fn, signature, { ...options, name });
  const session = await runtime.open(traced);
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
  runtime: Runtime,
  step: StepFunction,
  initial: HostTensors,
  inputSignature: Signature,
  options: CompileOptions,
): Promise<Loop> {
  const name = nameOf(step, options);
  const carrySpecs = namedSpecs(specsOf(initial));
  const inputSpecs = namedSpecs(inputSignature);
  const traced = runtime.trace(step, [specsOf(initial), inputSignature], { ...options, name });
  const [carryOutput, metricsOutput] = checkCarry(name, carrySpecs, traced);
  const carried = Object.values(carryOutput).filter(({ kind }) => kind === "output");
  const shown = new Set(Object.values(metricsOutput).map(({ name }) => name));
  const session = await runtime.open(
    traced,
    carried.map(({ name }) => name).filter((name) => !shown.has(name)),
  );
  const feedNames = new Set(traced.inputs.map((input) => input.name));
  let carry = load(initial);
  let download: Promise<Session> | undefined;

  function load(tensors: HostTensors): OrtTensors {
    const values = matchSpecs(name, carrySpecs, tensors);
    // A copy: ONNX Runtime reads the array it is given in place, and the caller may write to theirs.
    return Object.fromEntries(carrySpecs.map((spec, index) => [spec.name, toOrt(copy(values[index]!))]));
  }

  return inTurn({
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
      const before = carry;
      carry = Object.fromEntries(carrySpecs.map((spec) => [spec.name, find(carryOutput[spec.name]!)]));
      release(before, new Set(Object.values(carry)));
      return Object.fromEntries(
        Object.entries(metricsOutput).map(([key, output]) => [key, toHost(find(output))]),
      );
    },
    async read() {
      const away = Object.entries(carry).filter(([, tensor]) => isOnDevice(tensor));
      if (away.length > 0)
        download ??= openDownload(
          runtime,
          away.map(([key]) => key),
          carrySpecs,
        );
      const fetched = await (await download)?.run(
        Object.fromEntries(away.map(([key, tensor]) => [`0.${key}`, tensor])),
      );
      return Object.fromEntries(
        carrySpecs.map(({ name: key, spec: { shape } }) => {
          const tensor = toHost(fetched?.[`output.${key}`] ?? carry[key]!);
          return [key, { ...tensor, shape }];
        }),
      );
    },
    async replace(tensors) {
      const before = carry;
      carry = load(tensors);
      release(before);
    },
    async dispose() {
      release(carry);
      await (await download)?.release();
      await session.release();
    },
  });
}

/** A graph that only brings tensors to the host: ONNX Runtime has no other way to read what stayed with the device. */
function openDownload(
  runtime: Runtime,
  names: readonly string[],
  carrySpecs: readonly NamedSpec[],
): Promise<Session> {
  const specs = carrySpecs.filter(({ name }) => names.includes(name)).map(({ name, spec }) => [name, spec]);
  // A graph may not hand an input through: another shape makes it an output.
  const reshape = (tensors: Record<string, Tensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, expandDims(tensor, 0)]));
  return runtime.open(
    runtime.trace(reshape, [Object.fromEntries(specs) as Record<string, TensorSpec>], { name: "download" }),
  );
}

/** Frees what the device holds of a carry, but for the tensors that live on. */
function release(carry: OrtTensors, kept: ReadonlySet<OrtTensor> = new Set()): void {
  for (const tensor of new Set(Object.values(carry))) {
    if (isOnDevice(tensor) && !kept.has(tensor)) tensor.dispose();
  }
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
