import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { SlicebookError } from "@slicebook/base";
import type { z } from "zod";

/** Whether there is a file (or folder) of that name. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** The SHA-256 of a value's JSON, with every record's keys sorted: equal values have equal hashes. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(stableJson(value)).digest("hex");
}

/** The SHA-256 of a file's bytes; `"none"` where there is no such file. */
export async function hashOfFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes === undefined ? "none" : createHash("sha256").update(bytes).digest("hex");
}

/**
 * Reads a JSON file of ours; one that is not what it should be is a `SlicebookError` (`RUN_DAMAGED`) naming
 * it.
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw damaged(path, why, error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw damaged(path, `${issue.path.join(".")}: ${issue.message}`, result.error);
}

function damaged(path: string, why: string, cause: unknown): SlicebookError {
  return new SlicebookError("RUN_DAMAGED", `${path} cannot be read: ${why}`, {
    remedy: "Restore the file, or delete the run folder and run again.",
    cause,
  });
}

function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
