import type { HostTensor, HostTensors, Signature, TensorSpec } from "./tensor.ts";

/** Nested records and arrays of leaves, such as `{ encoder: [kernel, bias] }`. */
export type Structure<T> = T | readonly Structure<T>[] | { readonly [name: string]: Structure<T> };

/** A tensor of TensorFlow.js, as far as it must be known here. */
export interface DeviceTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): unknown;
}

/** What a function gives, in the host's memory: of the same form, with host tensors for its tensors. */
export type OnHost<Result> = Result extends DeviceTensor
  ? HostTensor
  : { readonly [Name in keyof Result]: OnHost<Result[Name]> };

/** A pure function from structures of tensors to a structure of tensors. */
export type TensorFunction<Result extends Structure<DeviceTensor> = Structure<DeviceTensor>> = (
  ...args: never[]
) => Result;

/** A pure training or sampling step: what must be remembered and new inputs → the same, updated, and metrics. */
export type StepFunction = TensorFunction<
  [carry: Readonly<Record<string, DeviceTensor>>, metrics: Readonly<Record<string, DeviceTensor>>]
>;

export interface CompileOptions {
  /** Names the function in messages. */
  readonly name?: string;
  /** Weights that never change: passed to the function as its first argument, and compiled in where that is faster. */
  readonly parameters?: HostTensors | undefined;
  /**
   * Lets an engine whose precision is `float16` take it for products: for training steps that scale their loss. Others are computed
   * in float32.
   */
  readonly mixedPrecision?: boolean;
}

/** Runs pure TensorFlow.js functions on values in the host's memory. */
export interface TensorEngine {
  /**
   * Prepares a function for arguments of the given shapes.
   *
   * With `options.parameters` the function is called as `fn(parameters, ...args)`.
   */
  compile<Result extends Structure<DeviceTensor>>(
    fn: TensorFunction<Result>,
    signature: readonly Structure<TensorSpec>[],
    options?: CompileOptions,
  ): Promise<Compiled<OnHost<Result>>>;

  /**
   * Prepares a step function whose carry stays with the engine: `step(carry, inputs) => [carry, metrics]`.
   *
   * The new carry has the names, shapes and types of the old one. With `options.parameters` the step is called as
   * `step(parameters, carry, inputs)`.
   */
  loop(
    step: StepFunction,
    carry: HostTensors,
    inputSignature: Signature,
    options?: CompileOptions,
  ): Promise<Loop>;
}

/** A function prepared for arguments of fixed shapes. */
export interface Compiled<Output = Structure<HostTensor>> {
  run(...args: readonly Structure<HostTensor>[]): Promise<Output>;
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
