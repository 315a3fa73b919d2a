import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname, extname, resolve, sep } from "node:path";
import send from "send";

/** What is served, by ending; nothing else is. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "text/plain; charset=utf-8",
  ".yaml": "text/plain; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".gif": "image/gif",
  ".wasm": "application/wasm",
  ".safetensors": "application/octet-stream",
};

/**
 * The file that a path of a URL names within a folder; undefined if there is none, if it is hidden, of a kind that is
 * not served, or if a symbolic link leads out of the folder.
 */
export async function fileWithin(folder: string, segments: readonly string[]): Promise<string | undefined> {
  if (segments.length === 0 || segments.some((part) => !isPlainName(part))) return undefined;
  if (TYPES[extname(segments.at(-1)!)] === undefined) return undefined;
  try {
    const root = await realpath(folder);
    const path = await realpath(resolve(root, ...segments));
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    return (await stat(path)).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a part of a path is the name of a file or folder that is not hidden, and nothing more. */
export function isPlainName(part: string): boolean {
  return part !== "" && !part.startsWith(".") && !/[/\\\0:]/.test(part);
}

/** Answers with a file, or the part of it that a `Range` header asks for. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { forever = false }: { /** Whether the name changes with the content. */ readonly forever?: boolean } = {},
): void {
  response.setHeader("content-type", TYPES[extname(path)]!);
  response.setHeader("cache-control", forever ? "public, max-age=31536000, immutable" : "no-cache");
  send(request, encodeURIComponent(basename(path)), { root: dirname(path), cacheControl: false }).pipe(
    response,
  );
}
