import { isAlias, isScalar, parseDocument, visit } from "yaml";
import { damaged } from "./files.ts";

/** What stands in a shared page for a folder of the machine that a run was made on. */
export const HIDDEN = "…";

/** Settings that name a folder. */
const FOLDERS = ["root", "cache"];

const ABSOLUTE = /^(?:[/~]|\\\\|[A-Za-z]:[\\/]|file:)/;

/** Whether a setting says where something lies on a machine, by the last part of its key or by what it is. */
export function isPlace(key: string, value: unknown): boolean {
  return typeof value === "string" && (FOLDERS.includes(key.split(".").at(-1)!) || ABSOLUTE.test(value));
}

/**
 * A configuration, or a part of one, as YAML without the folders of the machine that it was run on.
 *
 * Throws `RUN_DAMAGED`, with `path`, for one that still has an alias of what is left out.
 */
export function withoutPlaces(yaml: string, path: string): string {
  const document = parseDocument(yaml);
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
      if (isScalar(value) && isPlace(key, value.value)) pair.value = document.createNode(HIDDEN);
    },
    Scalar(key, scalar) {
      // Of a list.
      return key !== "key" && isPlace("", scalar.value) ? document.createNode(HIDDEN) : undefined;
    },
  });
  try {
    return document.toString({ lineWidth: 0 });
  } catch (error) {
    throw damaged(path, error);
  }
}
