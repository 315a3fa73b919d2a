import type { Engine } from "./engine.ts";
import { createOnnxEngine } from "./onnx.ts";

/**
 * `onnx` in half precision on the CPU, where no one gains by it: for tests of what trains so on graphics cards. ONNX Runtime rounds
 * what is stored in between, and multiplies in float32.
 */
export function createHalfEngine({ threads = 1 }: { readonly threads?: number } = {}): Promise<Engine> {
  return createOnnxEngine({ device: "cpu", threads, precision: "float16" });
}
