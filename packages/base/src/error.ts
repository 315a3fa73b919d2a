import type { ErrorCode } from "./error-codes.ts";

/** What a {@link SlicebookError} may carry besides its message. */
export interface SlicebookErrorOptions {
  /** What the user can do about it, as one imperative sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * A mistake that the user can fix: shown without a stack trace.
 *
 * The message says what was found, where (file, line, argument) and what is allowed; `remedy` says what to do.
 * `code` is stable, for programs to test.
 */
export class SlicebookError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: SlicebookErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SlicebookError";
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** Whether a caught value is a {@link SlicebookError}, also one from another copy of this package. */
export function isSlicebookError(value: unknown): value is SlicebookError {
  return value instanceof Error && value.name === "SlicebookError" && "code" in value;
}

/** What a stage throws when the signal came; `kept` says what is saved. */
export function interruptedError(kept?: string): SlicebookError {
  return new SlicebookError("INTERRUPTED", kept === undefined ? "interrupted" : `interrupted: ${kept}`, {
    remedy: "Run the same command with --resume to continue.",
  });
}
