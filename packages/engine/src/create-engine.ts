import { chooseEngine } from "./choose-engine.ts";
import { AUTO, type Engine, type EngineOptions } from "./engine.ts";
import { openEngine } from "./open-engine.ts";

/**
 * Makes an engine; one that is named and cannot run here is an error that says why and what to do.
 *
 * Only `auto` chooses: see the engine's `passedOver`.
 */
export async function createEngine({ kind = "onnx", ...options }: EngineOptions = {}): Promise<Engine> {
  if (kind === AUTO) return chooseEngine(options);
  return openEngine({ kind, ...options });
}
