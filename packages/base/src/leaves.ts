import { isRecord } from "./is-record.ts";

/** Every single value (or list) within records, by its dotted path. */
export function leaves(value: unknown, path = "", byPath = new Map<string, unknown>()): Map<string, unknown> {
  if (isRecord(value)) {
    for (const [key, inner] of Object.entries(value))
      leaves(inner, path === "" ? key : `${path}.${key}`, byPath);
  } else if (value !== undefined) {
    byPath.set(path, value);
  }
  return byPath;
}
