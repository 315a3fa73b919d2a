import { createRequire } from "node:module";
import { SHARE_ENV, Worker } from "node:worker_threads";
import type { ExecuteOptions } from "../session/events.ts";
import type { Request, Result } from "./requests.ts";
import { revivedError, type WorkerCommand, type WorkerOrder, type WorkerReply } from "./worker-messages.ts";

/**
 * Carries out a request in a thread of its own, so that this one stays free to draw and to hear signals.
 *
 * As {@link execute} does: `SlicebookError`s arrive with code, message and remedy, and aborting the signal
 * lets the worker save before this rejects with `INTERRUPTED`.
 */
export async function executeInWorker(request: Request, options: ExecuteOptions = {}): Promise<Result> {
  const { onEvent, signal } = options;
  const file = createRequire(import.meta.url).resolve("@slicebook/pipeline/worker");
  const workerData: WorkerOrder = { request };
  // The environment itself, not a copy, so that the engine can turn ONNX Runtime's telemetry off.
  const worker = new Worker(file, { workerData, env: SHARE_ENV });
  const abort = () => {
    const command: WorkerCommand = { type: "abort" };
    worker.postMessage(command);
  };
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await new Promise<Result>((resolve, reject) => {
      worker.on("message", (reply: WorkerReply) => {
        if (reply.type === "event") onEvent?.(reply.event);
        else if (reply.type === "done") resolve(reply.result);
        else reject(revivedError(reply.error));
      });
      worker.on("error", reject);
      worker.on("exit", (code) =>
        reject(new Error(`the worker thread ended with code ${code} before its work did`)),
      );
    });
  } finally {
    signal?.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
