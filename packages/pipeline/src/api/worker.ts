import { parentPort } from "node:worker_threads";
import { execute } from "./execute.ts";
import { plainError, type WorkerOrder, type WorkerReply } from "./worker-messages.ts";

/** The thread in which `executeInWorker` carries out requests, one after the other. */
const port = parentPort;
if (port === null) throw new Error("this module is a worker thread's: call executeInWorker");

const tell = (reply: WorkerReply) => port.postMessage(reply);
let controller = new AbortController();

port.on("message", async (order: WorkerOrder) => {
  if (order.type === "abort") {
    controller.abort();
    return;
  }
  controller = new AbortController();
  const { signal } = controller;
  try {
    const result = await execute(order.request, {
      onEvent: (event) => tell({ type: "event", event }),
      signal,
    });
    tell({ type: "done", result });
  } catch (error) {
    tell({ type: "failed", error: plainError(error) });
  }
});
