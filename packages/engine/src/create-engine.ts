import { SlicebookError } from "@slicebook/base";
import { DEVICES, ENGINE_KINDS, type Engine, type EngineOptions } from "./engine.ts";

/** Makes an engine; one that cannot run here is an error that says why and what to do. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { kind = "onnx", device = "cpu", threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new SlicebookError(
      "ENGINE_OPTIONS",
      `threads: expected an integer of at least 1, found ${threads}`,
      {
        remedy: "Leave engine.threads out to use every physical core.",
      },
    );
  }
  if (device !== "cpu") {
    throw new SlicebookError("ENGINE_UNAVAILABLE", `the engine "${kind}" has no device "${device}"`, {
      remedy: `Set engine.device to one of: ${DEVICES.join(", ")}.`,
    });
  }
  // Each engine is loaded when it is asked for: a page never loads ONNX Runtime's Node binding.
  if (kind === "onnx") return (await import("./onnx.ts")).createOnnxEngine({ threads });
  if (kind === "cpu") return (await import("./eager.ts")).createEagerEngine();
  throw new SlicebookError("ENGINE_UNAVAILABLE", `there is no engine "${String(kind)}"`, {
    remedy: `Set engine.kind to one of: ${ENGINE_KINDS.join(", ")}.`,
  });
}
