import { type HostTensor, type HostTensors, SlicebookError } from "@slicebook/base";
import type { Structure, TensorSpec } from "@slicebook/tfjs-onnx";
import type { Tensor } from "@tensorflow/tfjs-core";

/**
 * The engines and where each computes, its usual device first: compiled by ONNX Runtime, or eager on one of tfjs's
 * backends (`cpu`, in plain JavaScript, is the reference).
 */
export const ENGINE_DEVICES = {
  onnx: ["cpu", "webgpu", "cuda"],
  tensorflow: ["cuda", "cpu"],
  webgpu: ["webgpu"],
  wasm: ["cpu"],
  cpu: ["cpu"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type EngineKind = keyof typeof ENGINE_DEVICES;
export const ENGINE_KINDS = [
  "onnx",
  "tensorflow",
  "webgpu",
  "wasm",
  "cpu",
] as const satisfies readonly EngineKind[];

/** Where an engine computes. */
export const DEVICES = ["cpu", "webgpu", "cuda"] as const;
export type Device = (typeof DEVICES)[number];

/** Lets the machine decide: the fastest of the engines that can train, on any device. */
export const AUTO = "auto";

export interface EngineOptions {
  /** Default `"onnx"`. */
  readonly kind?: EngineKind | typeof AUTO;
  /** Default: the kind's usual one. With `"auto"`, only engines on this device are tried. */
  readonly device?: Device;
  /** Threads of the CPU; by default one for each physical core. Only `onnx` has more than one. */
  readonly threads?: number;
}

/** A pure function from structures of tensors to a structure of tensors. */
export type TensorFunction = (...args: never[]) => Structure<Tensor>;

/** A pure training or sampling step: what must be remembered and new inputs → the same, updated, and metrics. */
export type StepFunction = (...args: never[]) => [Record<string, Tensor>, Record<string, Tensor>];

export interface CompileOptions {
  /** Names the function in messages. */
  readonly name?: string;
  /** Weights that never change: passed to the function as its first argument, and compiled in where that is faster. */
  readonly parameters?: HostTensors;
}

/** An engine that `auto` did not take. */
export interface PassedOver {
  readonly kind: EngineKind;
  readonly device: Device;
  /** Why: its speed, or what keeps it from running. */
  readonly reason: string;
}

/** Runs pure TensorFlow.js functions on values in the host's memory. */
export interface Engine {
  readonly kind: EngineKind;
  readonly device: Device;
  readonly threads: number;
  /** One line for people: the engine, its version, device and threads. */
  readonly description: string;
  /** Whether its graphics card is one in software (SwiftShader, lavapipe), slower than the CPU itself. */
  readonly software: boolean;
  /** Of an engine that was chosen by `auto`: the others, and why not. */
  readonly passedOver?: readonly PassedOver[];

  /**
   * Prepares a function for arguments of the given shapes.
   *
   * With `options.parameters` the function is called as `fn(parameters, ...args)`.
   */
  compile(
    fn: TensorFunction,
    signature: readonly Structure<TensorSpec>[],
    options?: CompileOptions,
  ): Promise<Compiled>;

  /**
   * Prepares a step function whose carry stays with the engine: `step(carry, inputs) => [carry, metrics]`.
   *
   * The new carry has the names, shapes and types of the old one. With `options.parameters` the step is called as
   * `step(parameters, carry, inputs)`.
   */
  loop(
    step: StepFunction,
    carry: HostTensors,
    inputSignature: Readonly<Record<string, TensorSpec>>,
    options?: CompileOptions,
  ): Promise<Loop>;

  /** Frees what the engine holds; what it compiled is disposed of by itself. */
  dispose(): Promise<void>;
}

/** A function prepared for arguments of fixed shapes. */
export interface Compiled {
  run(...args: readonly Structure<HostTensor>[]): Promise<Structure<HostTensor>>;
  dispose(): Promise<void>;
}

/** A step function with its carry. */
export interface Loop {
  /** Takes one step and gives its metrics; calls that are made before others have ended wait for them. */
  next(inputs: HostTensors): Promise<HostTensors>;
  /** The carry as it stands, copied to the host. */
  read(): Promise<HostTensors>;
  /** Puts another carry of the same names, shapes and types in its place. */
  replace(carry: HostTensors): Promise<void>;
  dispose(): Promise<void>;
}

/** The device that an engine computes on, its usual one unless given; throws if it has no such device. */
export function deviceOf(kind: EngineKind, device: Device | undefined): Device {
  const devices: readonly Device[] = ENGINE_DEVICES[kind];
  if (device === undefined) return devices[0]!;
  if (devices.includes(device)) return device;
  throw new SlicebookError("ENGINE_UNAVAILABLE", `the engine "${kind}" has no device "${device}"`, {
    remedy: `Leave engine.device out, or set it to one of: ${devices.join(", ")}.`,
  });
}

/** Throws if this is not a number of threads; undefined means one for each physical core. */
export function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads >= 1)) return;
  throw new SlicebookError("ENGINE_OPTIONS", `threads: expected an integer of at least 1, found ${threads}`, {
    remedy: "Leave engine.threads out to use every physical core.",
  });
}

/** What a kind that does not exist, or not here, is answered with. */
export function unknownEngine(kind: unknown, kinds: readonly EngineKind[]): SlicebookError {
  return new SlicebookError("ENGINE_UNAVAILABLE", `there is no engine "${String(kind)}"`, {
    remedy: `Set engine.kind to one of: ${kinds.join(", ")}.`,
  });
}
