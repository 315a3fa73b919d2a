import {
  checkThreads,
  deviceOf,
  ENGINE_KINDS,
  type Engine,
  type EngineOptions,
  unknownEngine,
} from "./engine.ts";

/** Makes an engine; one that cannot run here is an error that says why and what to do. */
export async function createEngine({ kind = "onnx", device, threads }: EngineOptions = {}): Promise<Engine> {
  if (!ENGINE_KINDS.includes(kind)) throw unknownEngine(kind, ENGINE_KINDS);
  checkThreads(threads);
  deviceOf(kind, device);
  // Each engine is loaded when it is asked for.
  if (kind === "onnx") return (await import("./onnx.ts")).createOnnxEngine({ threads });
  const { createEagerEngine } = await import("./eager.ts");
  const { startCpu, startWasm, startWebgpu } = await import("./eager-backends.ts");
  if (kind === "cpu") return createEagerEngine(await startCpu());
  if (kind === "wasm") return createEagerEngine(await startWasm({}));
  await (await import("./node-gpu.ts")).installNodeGpu();
  return createEagerEngine(await startWebgpu());
}
