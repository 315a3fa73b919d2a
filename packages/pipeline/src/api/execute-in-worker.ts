import { createRequire } from "node:module";
import { SHARE_ENV, Worker } from "node:worker_threads";
import type { ExecuteOptions } from "@slicebook/session";
import type { Request, Result } from "./requests.ts";
import { revivedError, type WorkerOrder, type WorkerReply } from "./worker-messages.ts";

/** Threads that have everything loaded and wait for a request; they do not keep the process alive. */
const idle = new Set<Worker>();

/**
 * Carries out a request in a thread of its own, so that this one stays free to draw and to hear signals.
 *
 * As {@link execute} does: `SlicebookError`s arrive with code, message and remedy, and aborting the signal
 * lets the worker save before this rejects with `INTERRUPTED`. The thread then waits for the next request.
 */
export async function executeInWorker(request: Request, options: ExecuteOptions = {}): Promise<Result> {
  const { onEvent, signal } = options;
  const worker = idle.values().next().value ?? startWorker();
  idle.delete(worker);
  const order = (message: WorkerOrder) => worker.postMessage(message);
  const abort = () => order({ type: "abort" });
  const ended = new AbortController();
  worker.ref();
  order({ type: "request", request });
  signal?.addEventListener("abort", abort, { signal: ended.signal });
  if (signal?.aborted) abort();
  try {
    return await new Promise<Result>((resolve, reject) => {
      const listen = (reply: WorkerReply) => {
        if (reply.type === "event") {
          onEvent?.(reply.event);
          return;
        }
        worker.off("message", listen).off("error", reject).off("exit", exit);
        worker.unref();
        idle.add(worker);
        if (reply.type === "done") resolve(reply.result);
        else reject(revivedError(reply.error));
      };
      const exit = (code: number) =>
        reject(new Error(`the worker thread ended with code ${code} before its work did`));
      worker.on("message", listen).on("error", reject).on("exit", exit);
    });
  } finally {
    ended.abort();
  }
}

function startWorker(): Worker {
  const file = createRequire(import.meta.url).resolve("@slicebook/pipeline/worker");
  // The environment itself, not a copy, so that the engine can turn ONNX Runtime's telemetry off.
  const worker = new Worker(file, { env: SHARE_ENV });
  // What goes wrong between requests ends the thread, and nothing else.
  return worker.on("error", () => idle.delete(worker)).on("exit", () => idle.delete(worker));
}
