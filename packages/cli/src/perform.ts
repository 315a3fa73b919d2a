import { isSlicebookError } from "@slicebook/base";
import { executeInWorker, type Request, type Result } from "@slicebook/pipeline/client";
import { createDisplay } from "./display.ts";
import type { OutputOptions } from "./flags.ts";
import { Interruption, interruptible } from "./interruption.ts";
import { resumeCommand } from "./invocation.ts";
import { printable } from "./printable.ts";
import { describeResult } from "./summary.ts";

/**
 * Has the pipeline carry out a request in its worker, shows the progress, and prints the result.
 *
 * The first Ctrl-C (or SIGTERM) lets the worker save and rejects with an {@link Interruption}.
 */
export async function perform(request: Request, options: OutputOptions): Promise<Result> {
  const { json = false, quiet = false } = options;
  const display = createDisplay({ quiet });
  const interruption = interruptible({
    onStop: () => display.line("Stopping: saving what there is. Press Ctrl-C again to stop at once."),
    onExit: () => display.close(),
  });
  try {
    const result = await executeInWorker(request, { onEvent: display.show, signal: interruption.signal });
    display.close();
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : printable(describeResult(result)));
    return result;
  } catch (error) {
    display.close();
    const signal = interruption.received();
    if (signal === undefined || !isSlicebookError(error) || error.code !== "INTERRUPTED") throw error;
    throw new Interruption(signal, error.message, resumeRemedy(request));
  } finally {
    interruption.release();
  }
}

/** What to type after an interruption; stages that cannot go on are simply run again. */
function resumeRemedy(request: Request): string {
  const resumes =
    request.kind === "run" || (request.kind === "stages" && request.stages.includes("train-prior"));
  return resumes ? `Continue with: ${resumeCommand(["--resume"])}` : `Run it again: ${resumeCommand([])}`;
}
