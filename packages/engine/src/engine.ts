import type { HostTensor, HostTensors } from "@slicebook/base";
import type { Structure, TensorSpec } from "@slicebook/tfjs-onnx";
import type { Tensor } from "@tensorflow/tfjs-core";

/** The engines, fastest first: compiled by ONNX Runtime, or eager on tfjs's own CPU backend (the reference). */
export const ENGINE_KINDS = ["onnx", "cpu"] as const;
export type EngineKind = (typeof ENGINE_KINDS)[number];

/** Where an engine computes. */
export const DEVICES = ["cpu"] as const;
export type Device = (typeof DEVICES)[number];

export interface EngineOptions {
  /** Default `"onnx"`. */
  readonly kind?: EngineKind;
  /** Default `"cpu"`. */
  readonly device?: Device;
  /** Threads of the CPU; by default one for each physical core. The eager engine has one. */
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

/** Runs pure TensorFlow.js functions on values in the host's memory. */
export interface Engine {
  readonly kind: EngineKind;
  readonly device: Device;
  readonly threads: number;
  /** One line for people: the engine, its version, device and threads. */
  readonly description: string;

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
  /** Takes one step and gives its metrics. */
  next(inputs: HostTensors): Promise<HostTensors>;
  /** The carry as it stands, copied to the host. */
  read(): Promise<HostTensors>;
  /** Puts another carry of the same names, shapes and types in its place. */
  replace(carry: HostTensors): Promise<void>;
  dispose(): Promise<void>;
}
