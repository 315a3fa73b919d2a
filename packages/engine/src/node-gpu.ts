import { SlicebookError } from "@slicebook/base";
import { firstLine } from "./first-line.ts";
import type { Gpu } from "./gpu.ts";

/** Gives Node what a page has, `navigator.gpu` and WebGPU's constants, by the package `webgpu` (Dawn); once. */
export async function installNodeGpu(): Promise<void> {
  const scope = globalThis as { navigator?: { gpu?: Gpu } };
  if (scope.navigator?.gpu !== undefined) return;
  const dawn = await import("webgpu").catch((cause: unknown) => {
    throw new SlicebookError(
      "ENGINE_UNAVAILABLE",
      (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND"
        ? 'the package "webgpu" is not installed'
        : `the package "webgpu" cannot be loaded (${firstLine(cause)})`,
      {
        remedy: "Install it beside this one, with npm install webgpu, or use engine.kind: onnx.",
        cause,
      },
    );
  });
  for (const [name, value] of Object.entries(dawn.globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  const gpu = dawn.create([]);
  // Node 21 and newer have a navigator, without a graphics card.
  if (scope.navigator === undefined)
    Object.defineProperty(scope, "navigator", { value: {}, configurable: true });
  Object.defineProperty(scope.navigator, "gpu", { value: gpu, configurable: true });
}
