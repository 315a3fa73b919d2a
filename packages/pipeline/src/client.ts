// What asks the worker for work: no model, no image library and no schema is loaded by it.
export { type Request, type Result, type Stage, stages } from "./api.ts";
export { executeInWorker } from "./execute-in-worker.ts";
export { shellQuote } from "./shell-quote.ts";
