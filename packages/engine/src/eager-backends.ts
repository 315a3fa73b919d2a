import { SlicebookError } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import type { EagerBackend } from "./eager.ts";
import { firstLine } from "./first-line.ts";

export const TFJS_EAGER = `tfjs ${tf.version_core}, eager`;

/** tfjs's own kernels in plain JavaScript: the reference. */
export async function startCpu(): Promise<EagerBackend> {
  await import("@tensorflow/tfjs-backend-cpu");
  await startBackend("cpu", "tfjs's CPU backend");
  const description = `${TFJS_EAGER}, its own CPU backend, 1 thread`;
  return { kind: "cpu", device: "cpu", threads: 1, software: false, description };
}

/** XNNPACK in WebAssembly. It lacks kernels that training needs: `Conv2DBackpropFilter` among them. */
export async function startWasm({
  threads,
  wasmPath,
}: {
  readonly threads?: number | undefined;
  /** The folder of tfjs's `.wasm` files; needed in a page. */
  readonly wasmPath?: string | undefined;
}): Promise<EagerBackend> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  if (wasmPath !== undefined) wasm.setWasmPaths(wasmPath);
  if (threads !== undefined) wasm.setThreadsCount(threads);
  await startBackend("wasm", "WebAssembly");
  const parallel = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
  const used = parallel ? wasm.getThreadsCount() : 1;
  const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "with SIMD" : "without SIMD";
  const description = `${TFJS_EAGER}, WebAssembly ${simd} on the CPU, ${used} thread${used === 1 ? "" : "s"}`;
  return { kind: "wasm", device: "cpu", threads: used, software: false, description };
}

/** Starts a backend of tfjs, and makes the one before active again. */
export async function startBackend(name: EagerBackend["kind"], what: string): Promise<void> {
  const before = tf.engine().backendName;
  // Or tfjs greets on standard error, and advises another package.
  tf.enableProdMode();
  let cause: unknown;
  const started = await tf.setBackend(name).catch((error: unknown) => {
    cause = error;
    return false;
  });
  if (before && before !== name) await tf.setBackend(before);
  if (started) return;
  const reason = cause === undefined ? "" : ` (${firstLine(cause)})`;
  throw new SlicebookError("ENGINE_UNAVAILABLE", `${what} did not start${reason}`, {
    remedy: "Use another engine.kind.",
    cause,
  });
}
