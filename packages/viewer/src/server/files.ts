import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

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
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { forever = false }: { /** Whether the name changes with the content. */ readonly forever?: boolean } = {},
): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  const tag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
  response.setHeader("content-type", TYPES[extname(path)]!);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("etag", tag);
  response.setHeader("cache-control", forever ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304).end();
    return;
  }
  const range = rangeOf(request.headers.range, size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size };
  if (range !== undefined) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${size}`);
  }
  response.setHeader("content-length", end - start);
  if (request.method === "HEAD" || end === start) {
    response.end();
    return;
  }
  await pipeline(createReadStream(path, { start, end: end - 1 }), response);
}

/** One range of bytes, its end excluded; undefined if the whole is to be sent, as for several ranges. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : "unsatisfiable";
}
