import { parentPort, workerData } from "node:worker_threads";
import { execute } from "./execute.ts";
import { plainError, type WorkerCommand, type WorkerOrder, type WorkerReply } from "./worker-messages.ts";

/** The thread in which `executeInWorker` carries out one request. */
const port = parentPort;
if (port === null) throw new Error("this module is a worker thread's: call executeInWorker");

const { request }: WorkerOrder = workerData;
const controller = new AbortController();
port.on("message", ({ type }: WorkerCommand) => {
  if (type === "abort") controller.abort();
});

const tell = (reply: WorkerReply) => port.postMessage(reply);
try {
  const result = await execute(request, {
    onEvent: (event) => tell({ type: "event", event }),
    signal: controller.signal,
  });
  tell({ type: "done", result });
} catch (error) {
  tell({ type: "failed", error: plainError(error) });
}
port.unref();
