export {
  type Compiled,
  type CompileOptions,
  createEngine,
  DEVICES,
  type Device,
  ENGINE_KINDS,
  type Engine,
  type EngineKind,
  type EngineOptions,
  type Loop,
  type StepFunction,
  type TensorFunction,
} from "./engine.ts";
export { type EngineProbe, probeEngines } from "./probe.ts";
