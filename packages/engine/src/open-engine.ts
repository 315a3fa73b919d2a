import { decideRounding } from "./cuda-rounding.ts";
import {
  checkPrecision,
  checkThreads,
  type Device,
  deviceOf,
  ENGINE_KINDS,
  type Engine,
  type EngineKind,
  type Precision,
  unknownEngine,
} from "./engine.ts";

export interface NamedEngine {
  readonly kind: EngineKind;
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
  readonly precision?: Precision | undefined;
  readonly profile?: string | undefined;
}

/** Makes the engine that is named; each is loaded only when it is asked for. */
export async function openEngine({
  kind,
  device,
  threads,
  precision = "float32",
  profile,
}: NamedEngine): Promise<Engine> {
  if (!ENGINE_KINDS.includes(kind)) throw unknownEngine(kind, ENGINE_KINDS);
  checkThreads(threads);
  const on = deviceOf(kind, device);
  checkPrecision(kind, on, precision);
  if (on === "cuda") decideRounding(precision);
  if (kind === "onnx") {
    return (await import("./onnx.ts")).createOnnxEngine({ device: on, threads, precision, profile });
  }
  const { createEagerEngine } = await import("./eager.ts");
  if (kind === "tensorflow") {
    return createEagerEngine(await (await import("./tensorflow.ts")).startTensorflow(device), precision);
  }
  if (kind === "cpu") return createEagerEngine(await (await import("./eager-backends.ts")).startCpu());
  if (kind === "wasm") return createEagerEngine(await (await import("./wasm.ts")).startWasm({ threads }));
  await (await import("./node-gpu.ts")).installNodeGpu();
  return createEagerEngine(await (await import("./webgpu.ts")).startWebgpu());
}
