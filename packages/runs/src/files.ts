import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { type HostTensors, SlicebookError } from "@slicebook/base";
import { readRegularFile } from "@slicebook/base/node";
import { hashedParts } from "@slicebook/core/host";
import { z } from "zod";

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
  const bytes = readIfThere(path);
  return bytes === undefined ? "none" : createHash("sha256").update(bytes).digest("hex");
}

/** The SHA-256 of named tensors, in the order of their names. */
export function hashOfTensors(tensors: HostTensors): string {
  const hash = createHash("sha256");
  for (const part of hashedParts(tensors)) hash.update(part);
  return hash.digest("hex");
}

/** The most bytes of a run's file of text, and of any file of it. */
const LARGEST_TEXT = 2 ** 28;
const LARGEST = 2 ** 31 - 1;

/** A file's bytes; undefined where there is none. Throws `RUN_DAMAGED` for what cannot be read, or is not a file. */
export function readIfThere(path: string, most = LARGEST): Buffer | undefined {
  try {
    return readRegularFile(path, { most });
  } catch (error) {
    // A name that is too long is the name of no file: what would make one says so.
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(code)) return undefined;
    throw damaged(path, error);
  }
}

/** A file of text; undefined where there is none. Throws `RUN_DAMAGED`, also for one that is longer than any of ours. */
export function readTextIfThere(path: string, most = LARGEST_TEXT): string | undefined {
  return readIfThere(path, most)?.toString("utf8");
}

/** Reads a JSON file of ours; undefined where there is none. Throws `RUN_DAMAGED` for one that is not what it should be. */
export function readJsonIfThere<T>(path: string, schema: z.ZodType<T>, remedy?: string): T | undefined {
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(path, error, remedy);
  }
}

/** The error for a file of a run that is not what it should be. */
export function damaged(
  path: string,
  cause: unknown,
  remedy = "Restore the file, or delete the run folder and run again.",
): SlicebookError {
  return new SlicebookError("RUN_DAMAGED", `${path} cannot be read: ${whyNot(cause)}`, { remedy, cause });
}

function whyNot(error: unknown): string {
  if (!(error instanceof z.ZodError))
    return error instanceof Error ? error.message.split("\n")[0]! : String(error);
  const { path = [], message } = error.issues[0] ?? {};
  return path.length === 0 ? `${message}` : `${path.join(".")}: ${message}`;
}

function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
