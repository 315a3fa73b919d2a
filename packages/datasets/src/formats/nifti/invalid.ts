import { SlicebookError } from "@slicebook/base";

/** The error for a file that is not a NIfTI image, or not one that is read. */
export function invalid(why: string, cause?: unknown): SlicebookError {
  return new SlicebookError("NIFTI_INVALID", why, { cause });
}
