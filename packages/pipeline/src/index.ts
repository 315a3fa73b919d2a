export { execute } from "./api/execute.ts";
export { executeInWorker } from "./api/execute-in-worker.ts";
export { type PhantomLayout, phantomLayouts, type Request, type Result } from "./api/requests.ts";
export { type DoctorCheck, type DoctorReport, doctor } from "./commands/doctor.ts";
export type { Inspection, SplitSummary } from "./commands/inspection.ts";
export type { StageResult } from "./stages/run-stages.ts";
