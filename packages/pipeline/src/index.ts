export {
  type DoctorCheck,
  type DoctorReport,
  type Event,
  type ExecuteOptions,
  type Inspection,
  type PhantomLayout,
  phantomLayouts,
  type Request,
  type Result,
  type SplitSummary,
  type Stage,
  type StageResult,
  stages,
} from "./api.ts";
export { type Comparison, compareRuns, type PairedDifference } from "./compare-runs.ts";
export type { ResolvedConfig } from "./config.ts";
export { configJsonSchema } from "./config-json-schema.ts";
export { configKeys, dottedKeys } from "./config-keys.ts";
export { configReference } from "./config-reference.ts";
export { doctor } from "./doctor.ts";
export { execute } from "./execute.ts";
export { executeInWorker } from "./execute-in-worker.ts";
export { configNameFor, type InitialConfig, initialConfig } from "./init/initial-config.ts";
export { loadConfig, resolvedYaml } from "./load-config.ts";
export { type LimitInput, limitOf } from "./novelty/limits.ts";
export { type PictureSets, pictureDistances } from "./novelty/picture-distances.ts";
export type { Limit, PictureDistances, ThreePairs } from "./novelty/schema.ts";
