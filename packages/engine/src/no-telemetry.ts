import { isMainThread } from "node:worker_threads";
import { SlicebookError } from "@slicebook/base";

/**
 * Keeps ONNX Runtime from sending anything: imported before it, and whatever the environment said.
 *
 * From 1.30 on its library keeps an id of the device and a database of events in the user's cache folder and uploads
 * them, unless this variable is set; its Node binding has no other switch.
 */
const VARIABLE = "ORT_DISABLE_TELEMETRY";

process.env[VARIABLE] = "1";

// A worker thread's environment is a copy unless it was started to share it, and the library reads the real one.
if (!isMainThread && realEnvironment()[VARIABLE] !== "1") {
  throw new SlicebookError(
    "ENGINE_UNAVAILABLE",
    "ONNX Runtime's telemetry cannot be turned off from this worker thread, whose environment is a copy",
    { remedy: `Start the thread with env: SHARE_ENV of node:worker_threads, or Node with ${VARIABLE}=1.` },
  );
}

/** The environment of the process, which a worker thread sees in Node's diagnostic report only. */
function realEnvironment(): Readonly<Record<string, string>> {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean | undefined } = process.report;
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // names of hosts would be looked up
  try {
    const { environmentVariables } = report.getReport() as { environmentVariables?: Record<string, string> };
    return environmentVariables ?? {};
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
