import { SlicebookError, type TensorEngine } from "@slicebook/base";

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

/**
 * How factors are rounded before they are multiplied: not; as TensorFloat-32, to ten bits after the first, which NVIDIA's cards
 * multiply several times as fast; or, in training, to half precision, which has ten bits as well and a smaller range, and halves
 * what is moved too (mixed precision). All that is stored is float32.
 */
export const PRECISIONS = ["float32", "tf32", "float16"] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Lets the machine decide: the fastest of the engines that can train, on any device. */
export const AUTO = "auto";

export interface EngineOptions {
  /** Default `"onnx"`. */
  readonly kind?: EngineKind | typeof AUTO;
  /** Default: the kind's usual one. With `"auto"`, only engines on this device are tried. */
  readonly device?: Device;
  /** Threads of the CPU; by default one for each physical core. Only `onnx` has more than one. */
  readonly threads?: number;
  /** Default `"float32"`; `"tf32"` only on CUDA, `"float16"` only with `onnx` on a graphics card. */
  readonly precision?: Precision;
  /**
   * `onnx`: with this each compiled function and loop writes how long its kernels took, as ONNX Runtime's JSON, when it is disposed
   * of: into a file whose name starts so and ends with the time.
   */
  readonly profile?: string;
}

/** An engine that `auto` did not take. */
export interface PassedOver {
  readonly kind: EngineKind;
  readonly device: Device;
  /** Why: its speed, or what keeps it from running. */
  readonly reason: string;
}

/** An engine on one of this machine's devices. */
export interface Engine extends TensorEngine {
  readonly kind: EngineKind;
  readonly device: Device;
  readonly threads: number;
  readonly precision: Precision;
  /** One line for people: the engine, its version, device, threads, and precision where it is not float32. */
  readonly description: string;
  /** Whether its graphics card is one in software (SwiftShader, lavapipe), slower than the CPU itself. */
  readonly software: boolean;
  /** Of an engine that was chosen by `auto`: the others, and why not. */
  readonly passedOver?: readonly PassedOver[];
  /** Frees what the engine holds; what it compiled is disposed of by itself. */
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

/** Throws if an engine does not compute in this precision on a device. */
export function checkPrecision(kind: EngineKind, device: Device, precision: Precision): void {
  if (precision === "float32") return;
  if (precision === "tf32" && device !== "cuda") {
    throw new SlicebookError("ENGINE_OPTIONS", `engine.precision: tf32 is not for ${device}, only for CUDA`, {
      remedy: "Leave engine.precision out, or set engine.device: cuda.",
    });
  }
  if (precision === "float16" && (kind !== "onnx" || device === "cpu")) {
    const message = `engine.precision: float16 is not for ${kind} on ${device}, only for onnx on a graphics card`;
    throw new SlicebookError("ENGINE_OPTIONS", message, {
      remedy: "Leave engine.precision out, or set engine.kind: onnx and engine.device: cuda or webgpu.",
    });
  }
}

/** The error for a kind that does not exist, or not here. */
export function unknownEngine(kind: unknown, kinds: readonly EngineKind[]): SlicebookError {
  return new SlicebookError("ENGINE_UNAVAILABLE", `there is no engine "${String(kind)}"`, {
    remedy: `Set engine.kind to one of: ${kinds.join(", ")}.`,
  });
}
