export { createEngine } from "./create-engine.ts";
export {
  AUTO,
  DEVICES,
  type Device,
  ENGINE_DEVICES,
  ENGINE_KINDS,
  type Engine,
  type EngineKind,
  type EngineOptions,
  type PassedOver,
  PRECISIONS,
  type Precision,
} from "./engine.ts";
export { createExactEngine } from "./exact/exact.ts";
export { type EngineProbe, probeEngines } from "./probe.ts";
