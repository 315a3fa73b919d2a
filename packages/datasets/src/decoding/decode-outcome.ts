import { type ErrorCode, isSlicebookError } from "@slicebook/base";
import type { SliceRecord } from "../types.ts";
import { type DecodedSlice, type DecodeOptions, decodeSlice, type SliceDecoder } from "./decode-slice.ts";

/** The parts of an error, which can cross threads. */
export interface DecodeError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** What came of a slice. */
export type DecodeOutcome = { readonly slice: DecodedSlice } | { readonly error: DecodeError };

/** Decodes a slice; what is wrong with it is returned, and any other error thrown. */
export async function decodeOutcome(
  decoder: SliceDecoder,
  record: SliceRecord,
  options: DecodeOptions,
): Promise<DecodeOutcome> {
  try {
    return { slice: await decodeSlice(decoder, record, options) };
  } catch (error) {
    if (!isSlicebookError(error)) throw error;
    const { code, message, remedy } = error;
    return { error: { code, message, remedy } };
  }
}
