import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { isSlicebookError, SlicebookError } from "@slicebook/base";
import { runPaths } from "@slicebook/runs";
import { createRunData, type RunData } from "./data.ts";
import { fileWithin, sendFile } from "./files.ts";
import { pageFolder } from "./page-folder.ts";
import { openRunsFolder, type RunsFolder, runFolder } from "./runs-folder.ts";
import { createWatcher, type Watcher } from "./watch.ts";

export interface ServeOptions {
  /** The name or address that the server listens at; default `localhost`, which no other machine reaches. */
  readonly host?: string;
  /** Default 4600, or a free one if it is taken; 0 takes a free one. */
  readonly port?: number;
}

/** A viewer that is being served. */
export interface ServedViewer {
  /** Where a browser finds it. */
  readonly url: string;
  close(): Promise<void>;
}

const PORT = 4600;

/** Only what comes from the server itself; WebAssembly may be compiled, and pictures made in the page shown. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
  "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The worker that computes starts threads, whose script TensorFlow.js's WebAssembly backend carries in itself. */
const WORKER_POLICY =
  "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:";
/** Reports and plots: no script at all. */
const FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/**
 * Serves the viewer of a folder of runs, or of one run.
 *
 * Answers GET only, reads in that folder only, and turns away pages of other sites. Throws `RUN_NOT_FOUND` if there is
 * no such folder, and `PORT_TAKEN` if a port that is asked for is in use.
 */
export async function serveViewer(folder: string, options: ServeOptions = {}): Promise<ServedViewer> {
  const { host = "localhost", port } = options;
  const runs = await openRunsFolder(folder);
  const site: Site = {
    runs,
    data: createRunData(runs, { live: true }),
    watcher: createWatcher(runs),
    loopback: isLoopback(host),
  };
  const server = createServer((request, response) => {
    answer(site, request, response).catch((error: unknown) => fail(response, error));
  });
  await listen(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  const start = runs.only === undefined ? "" : `#/run/${encodeURIComponent(runs.only)}`;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}/${start}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

interface Site {
  readonly runs: RunsFolder;
  readonly data: RunData;
  readonly watcher: Watcher;
  readonly loopback: boolean;
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  setSecurityHeaders(response);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return refuse(response, 405, "only GET is answered");
  }
  // A page of another site can have its name point here, and would then be taken for ours.
  if (site.loopback && !isLoopback(hostOf(request.headers.host ?? ""))) {
    return refuse(response, 403, "this server answers to localhost only");
  }
  const segments = segmentsOf(request.url ?? "/");
  if (segments === undefined) return refuse(response, 400, "the address is malformed");
  const [first, ...rest] = segments;
  if (first === "events" && rest.length === 0) return sendEvents(site.watcher, request, response);
  if (first === "data") {
    const body = await site.data.answer(rest.join("/"));
    return body === undefined
      ? refuse(response, 404, "there is nothing of that name")
      : sendJson(request, response, body);
  }
  if (first === "files") {
    const [id, ...path] = rest;
    const folder = id === undefined ? undefined : await runFolder(site.runs, id);
    const file = folder === undefined ? undefined : await fileWithin(folder, path);
    // The page does not ask who the subjects are.
    if (file === undefined || basename(file) === basename(runPaths(folder!).subjects))
      return refuse(response, 404, "there is no such file");
    response.setHeader("content-security-policy", FILE_POLICY);
    return sendFile(request, response, file);
  }
  const file = await fileWithin(pageFolder(), segments.length === 0 ? ["index.html"] : segments);
  if (file === undefined) return refuse(response, 404, "there is no such page");
  if (/worker[^/]*\.js$/.test(file)) response.setHeader("content-security-policy", WORKER_POLICY);
  return sendFile(request, response, file, { forever: first === "assets" });
}

function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader("content-security-policy", PAGE_POLICY);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-resource-policy", "same-origin");
  // Both give the page shared memory, which WebAssembly needs for threads.
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.setHeader("cross-origin-embedder-policy", "require-corp");
}

/** The parts of a path; undefined if it is malformed. Dots are not resolved: files of such names are not served. */
function segmentsOf(url: string): string[] | undefined {
  const path = url.split(/[?#]/, 1)[0]!;
  try {
    return path
      .split("/")
      .slice(1)
      .map(decodeURIComponent)
      .filter((part, index, all) => part !== "" || index < all.length - 1);
  } catch {
    return undefined;
  }
}

function sendJson(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

function sendEvents(watcher: Watcher, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
  });
  response.write("retry: 2000\n\n");
  const end = watcher.subscribe((event) => response.write(`data: ${JSON.stringify(event)}\n\n`));
  // Proxies and browsers drop connections on which nothing is said.
  const beat = setInterval(() => response.write(": still here\n\n"), 20_000);
  request.on("close", () => {
    clearInterval(beat);
    end();
  });
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${reason}\n`);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What went wrong with a run is for the user to know; anything else is not for whoever asks.
  refuse(response, 500, isSlicebookError(error) ? error.message : "something went wrong in the server");
}

async function listen(server: Server, host: string, port: number | undefined): Promise<void> {
  try {
    await listenAt(server, host, port ?? PORT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") {
      const why = error instanceof Error ? error.message : String(error);
      throw new SlicebookError("HOST_INVALID", `the viewer cannot listen at ${host}: ${why}`, {
        remedy: "Leave --host out to serve this machine only.",
        cause: error,
      });
    }
    if (port !== undefined) {
      throw new SlicebookError("PORT_TAKEN", `port ${port} is in use`, {
        remedy: "Give another one with --port, or 0 for any that is free.",
        cause: error,
      });
    }
    await listenAt(server, host, 0);
  }
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      done();
    });
  });
}

function hostOf(header: string): string {
  return header.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host) || host.endsWith(".localhost")
  );
}
