export { execute } from "./api/execute.ts";
export { executeInWorker } from "./api/execute-in-worker.ts";
export { type PhantomLayout, phantomLayouts, type Request, type Result } from "./api/requests.ts";
export { type DoctorCheck, type DoctorReport, doctor } from "./commands/doctor.ts";
export { configNameFor, type InitialConfig, initialConfig } from "./commands/init/initial-config.ts";
export type { Inspection, SplitSummary } from "./commands/inspection.ts";
export type { ResolvedConfig } from "./config/config.ts";
export { configJsonSchema } from "./config/config-json-schema.ts";
export { configKeys, dottedKeys } from "./config/config-keys.ts";
export { configReference } from "./config/config-reference.ts";
export { loadConfig, resolvedYaml } from "./config/load-config.ts";
export {
  encodeWithin,
  type GreyImage,
  greyImage,
  IMAGE_CODECS,
  type ImageCodec,
  inUnitsOf,
} from "./measure/image-codecs.ts";
export { type LimitInput, limitOf } from "./measure/limits.ts";
export { type PictureSets, pictureDistances } from "./measure/picture-distances.ts";
export type { Event, ExecuteOptions } from "./session/events.ts";
export type { StageResult } from "./stages/run-stages.ts";
