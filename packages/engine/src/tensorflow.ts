import { SlicebookError } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import type { EagerBackend } from "./eager.ts";
import { startBackend, TFJS_EAGER } from "./eager-backends.ts";
import type { Device } from "./engine.ts";
import { firstLine } from "./first-line.ts";

/** tfjs's packages around libtensorflow, and where each computes. */
const PACKAGES = [
  { name: "@tensorflow/tfjs-node-gpu", device: "cuda" },
  { name: "@tensorflow/tfjs-node", device: "cpu" },
] as const;

/**
 * TensorFlow's own C library, by the first of tfjs-node-gpu and tfjs-node that is installed and works; with a device,
 * only by the one for it.
 */
export async function startTensorflow(device: Device | undefined): Promise<EagerBackend> {
  const failures: string[] = [];
  for (const { name, device: on } of PACKAGES) {
    if (device !== undefined && device !== on) continue;
    try {
      // A name in a variable: the packages need not be there when this one is compiled.
      await import(name);
      await startBackend("tensorflow", name);
      const where = on === "cuda" ? "CUDA" : "CPU";
      const description = `${TFJS_EAGER}, TensorFlow by ${name}, ${where}`;
      return { kind: "tensorflow", device: on, threads: 1, software: false, description };
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
      failures.push(missing ? `${name} is not installed` : `${name} cannot be loaded (${firstLine(error)})`);
    }
  }
  const install = PACKAGES.find(({ device: on }) => on === (device ?? "cuda"))!.name;
  throw new SlicebookError("ENGINE_UNAVAILABLE", failures.join("; "), {
    remedy: `Install it with npm install ${install}@${tf.version_core}, which downloads libtensorflow, or use engine.kind: onnx.`,
  });
}
