// What asks the worker for work: no model, no image library and no schema is loaded by it.

export { executeInWorker } from "./execute-in-worker.ts";
export type { Request, Result } from "./requests.ts";
