import * as tf from "@tensorflow/tfjs-core";
import type { EagerBackend } from "./eager.ts";
import { startBackend, TFJS_EAGER } from "./eager-backends.ts";

/** The part of tfjs's `BackendWasm` that is used here. */
interface WasmBackend {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A tensor's values where they lie; not to be kept, since the heap may move. */
  typedArrayFromHeap(tensor: tf.TensorInfo): tf.BackendValues;
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
  replaceOneHot();
  const parallel = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
  const used = parallel ? wasm.getThreadsCount() : 1;
  const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "with SIMD" : "without SIMD";
  const description = `${TFJS_EAGER}, WebAssembly ${simd} on the CPU, ${used} thread${used === 1 ? "" : "s"}`;
  return { kind: "wasm", device: "cpu", threads: used, software: false, description };
}

/** tfjs's OneHot writes integers whatever the type, and 1 read as a float32 is 1.4e-45; nor does it check the index. */
function replaceOneHot(): void {
  tf.unregisterKernel("OneHot", "wasm");
  tf.registerKernel({
    kernelName: "OneHot",
    backendName: "wasm",
    kernelFunc: ({ inputs, backend, attrs }) => {
      const { depth, onValue, offValue, dtype } = attrs as unknown as tf.OneHotAttrs;
      const heap = backend as unknown as WasmBackend;
      const indices = inputs.indices as tf.TensorInfo;
      const output = heap.makeOutput([...indices.shape, depth], dtype);
      // In this order: making the output may have moved the heap.
      const values = heap.typedArrayFromHeap(output) as tf.TypedArray;
      values.fill(offValue);
      for (const [at, index] of (heap.typedArrayFromHeap(indices) as Int32Array).entries()) {
        if (index >= 0 && index < depth) values[at * depth + index] = onValue;
      }
      return output;
    },
  });
}
