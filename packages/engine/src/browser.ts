// The entry for pages: without ONNX Runtime's Node binding, and without Node.
import { createEagerEngine } from "./eager.ts";
import { startCpu } from "./eager-backends.ts";
import { checkThreads, type Engine, unknownEngine } from "./engine.ts";
import { startWasm } from "./wasm.ts";
import { startWebgpu } from "./webgpu.ts";

export type { Engine } from "./engine.ts";
export { createExactEngine } from "./exact/exact.ts";
export { describeGpu, type GpuAdapterInfo, gpuInfo, isSoftwareGpu } from "./gpu.ts";

/** The engines of a page, fastest first. */
export const BROWSER_ENGINE_KINDS = ["webgpu", "wasm", "cpu"] as const;
export type BrowserEngineKind = (typeof BROWSER_ENGINE_KINDS)[number];

export interface BrowserEngineOptions {
  readonly kind: BrowserEngineKind;
  /** `wasm`: the folder from which tfjs's three `.wasm` files are served, with its closing slash. */
  readonly wasmPath?: string;
  /** `wasm`: threads, where the page is cross-origin isolated; by default one for each processor. */
  readonly threads?: number;
}

/** Makes an engine in a page; one that cannot run there is an error that says why and what to do. */
export async function createEngine({ kind, wasmPath, threads }: BrowserEngineOptions): Promise<Engine> {
  checkThreads(threads);
  if (kind === "webgpu") return createEagerEngine(await startWebgpu());
  if (kind === "wasm") return createEagerEngine(await startWasm({ threads, wasmPath }));
  if (kind === "cpu") return createEagerEngine(await startCpu());
  throw unknownEngine(kind, BROWSER_ENGINE_KINDS);
}
