import { SlicebookError } from "./error.ts";

/** What a stage throws when the signal came; `kept` says what is saved. */
export function interruptedError(kept?: string): SlicebookError {
  return new SlicebookError("INTERRUPTED", kept === undefined ? "interrupted" : `interrupted: ${kept}`, {
    remedy: "Run the same command with --resume to continue.",
  });
}
