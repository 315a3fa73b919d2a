export { createEngine } from "./create-engine.ts";
export {
  AUTO,
  type Compiled,
  type CompileOptions,
  DEVICES,
  type Device,
  ENGINE_DEVICES,
  ENGINE_KINDS,
  type Engine,
  type EngineKind,
  type EngineOptions,
  type Loop,
  type PassedOver,
  type StepFunction,
  type TensorFunction,
} from "./engine.ts";
export { type EngineProbe, probeEngines } from "./probe.ts";
