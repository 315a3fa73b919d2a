import { type ErrorCode, isSlicebookError, SlicebookError } from "@slicebook/base";
import type { Event } from "@slicebook/session";
import type { Request, Result } from "./requests.ts";

/** What a worker is told: the next request, or to stop the one that it carries out. */
export type WorkerOrder =
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "abort" };

/** What it tells. */
export type WorkerReply =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "done"; readonly result: Result }
  | { readonly type: "failed"; readonly error: PlainError };

/** An error as plain data: a copy of an `Error` from another thread loses its class and its fields. */
export interface PlainError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly remedy?: string;
  readonly stack?: string;
}

export function plainError(error: unknown): PlainError {
  if (isSlicebookError(error)) {
    const { code, message, remedy } = error;
    return { code, message, ...(remedy === undefined ? {} : { remedy }) };
  }
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}

export function revivedError({ code, message, remedy, stack }: PlainError): Error {
  if (code !== undefined) return new SlicebookError(code, message, remedy === undefined ? {} : { remedy });
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
