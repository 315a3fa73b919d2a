/** What went wrong in a {@link TraceError}: stable, for programs to test. */
export type TraceErrorCode =
  | "TRACE_RANDOM_OP"
  | "TRACE_VALUE_READ"
  | "TRACE_UNKNOWN_KERNEL"
  | "TRACE_UNSUPPORTED"
  | "TRACE_ARGUMENTS"
  | "TRACE_NO_GRADIENT"
  | "TRACE_VARIABLE_ASSIGNED"
  | "TRACE_CAPTURED_TENSOR"
  | "TRACE_DISPOSED_TENSOR"
  | "TRACE_ASYNC_FUNCTION"
  | "TRACE_NESTED"
  | "TRACE_SIGNATURE"
  | "TRACE_RESULT"
  | "TRACE_BATCH";

/**
 * A function that cannot be recorded as a graph.
 *
 * The message names the op and the traced function; `remedy` says what to do about it.
 */
export class TraceError extends Error {
  readonly code: TraceErrorCode;
  readonly remedy: string | undefined;

  constructor(code: TraceErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TraceError";
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** The error for an op whose tensors do not fit each other or its options. */
export function wrongArguments(message: string, cause: unknown): TraceError {
  return new TraceError("TRACE_ARGUMENTS", message, {
    remedy: "Check the shapes and options that this call is given: TensorFlow.js refuses them too.",
    cause,
  });
}
