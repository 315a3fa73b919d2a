import { SlicebookError } from "@slicebook/base";
import type { Precision } from "./engine.ts";

/** `0` keeps NVIDIA's libraries from rounding to TensorFloat-32; they read it once, as they are loaded. */
const VARIABLE = "NVIDIA_TF32_OVERRIDE";
let decided: "float32" | "tf32" | undefined;

/**
 * Decides how CUDA rounds in this process, before its libraries are loaded: ONNX Runtime and TensorFlow both use TensorFloat-32
 * unless they are kept from it, and ONNX Runtime's Node binding does not pass on the option that would.
 */
export function decideRounding(wanted: Precision): void {
  // What training in half precision keeps in float32 is really kept so.
  const precision = wanted === "tf32" ? "tf32" : "float32";
  if (decided !== undefined && decided !== precision) {
    throw new SlicebookError("ENGINE_OPTIONS", `CUDA was started with ${decided} in this process`, {
      remedy: `Start another process for ${precision}.`,
    });
  }
  if (precision === "tf32" && decided === undefined && process.env[VARIABLE] === "0") {
    throw new SlicebookError("ENGINE_OPTIONS", `${VARIABLE}=0 forbids engine.precision: tf32`, {
      remedy: `Start without ${VARIABLE}, or leave engine.precision out.`,
    });
  }
  if (precision === "float32") process.env[VARIABLE] = "0";
  decided = precision;
}
