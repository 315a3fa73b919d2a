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
  /** One line for people: the engine, its version, device and threads. */
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

/** What a kind that does not exist, or not here, is answered with. */
export function unknownEngine(kind: unknown, kinds: readonly EngineKind[]): SlicebookError {
  return new SlicebookError("ENGINE_UNAVAILABLE", `there is no engine "${String(kind)}"`, {
    remedy: `Set engine.kind to one of: ${kinds.join(", ")}.`,
  });
}
