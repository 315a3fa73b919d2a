import { chooseEngine } from "./choose-engine.ts";
import { AUTO, type Engine, type EngineOptions } from "./engine.ts";
import { openEngine } from "./open-engine.ts";

/**
 * Makes an engine; one that is named and cannot run here is an error that says why and what to do.
 *
 * Only `auto` chooses: see the engine's `passedOver`.
 */
export async function createEngine({ kind = "onnx", device, threads }: EngineOptions = {}): Promise<Engine> {
  if (kind === AUTO) return chooseEngine({ device, threads });
  return openEngine({ kind, device, threads });
}
