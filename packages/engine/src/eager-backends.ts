import { SlicebookError } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import type { EagerBackend } from "./eager.ts";
import { firstLine } from "./first-line.ts";

export const TFJS_EAGER = `tfjs ${tf.version_core}, eager`;

/** tfjs's own kernels in plain JavaScript: the reference. */
export async function startCpu(): Promise<EagerBackend> {
  await import("@tensorflow/tfjs-backend-cpu");
  await startBackend("cpu", "tfjs's CPU backend");
  const description = `${TFJS_EAGER}, its own CPU backend, 1 thread`;
  return { kind: "cpu", device: "cpu", threads: 1, software: false, description };
}

/** Starts a backend of tfjs, and makes the one before active again. */
export async function startBackend(name: EagerBackend["kind"], what: string): Promise<void> {
  const before = tf.engine().backendName;
  // Or tfjs greets on standard error, and advises another package.
  tf.enableProdMode();
  let cause: unknown;
  const started = await tf.setBackend(name).catch((error: unknown) => {
    cause = error;
    return false;
  });
  if (before && before !== name) await tf.setBackend(before);
  if (started) return;
  const reason = cause === undefined ? "" : ` (${firstLine(cause)})`;
  throw new SlicebookError("ENGINE_UNAVAILABLE", `${what} did not start${reason}`, {
    remedy: "Use another engine.kind.",
    cause,
  });
}
