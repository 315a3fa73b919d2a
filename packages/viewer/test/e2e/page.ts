import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { launchBrowser } from "@slicebook/testing";
import type { Browser, Page } from "playwright-core";

export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and requests to other origins. */
  readonly faults: string[];
}

/** A page at an address of the viewer; all that goes wrong in it is noted. */
export async function openPage(
  browser: Browser,
  url: string,
  options: {
    readonly width?: number;
    readonly dark?: boolean;
    /** Whether what pulses may: its pictures take a tenth of a processor. */
    readonly motion?: boolean;
    /** Run in the page before anything of its own. */
    readonly script?: string;
  } = {},
): Promise<Watched> {
  const { width = 1280, dark = false, motion = false, script } = options;
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: motion ? "no-preference" : "reduce",
    locale: "en-GB",
  });
  if (script !== undefined) await page.addInitScript(script);
  const faults: string[] = [];
  page.on("console", (message) => {
    // TensorFlow.js says on SwiftShader that WebGPU there is experimental; that is for the log.
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  const { origin } = new URL(url);
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol.startsWith("http") && asked.origin !== origin) faults.push(`left: ${request.url()}`);
    if (request.method() !== "GET") faults.push(`${request.method()} ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}

export function launch(): Promise<Browser> {
  // A machine without a language would give the browser one that is none.
  return launchBrowser({ webgpu: true, env: { LANG: "en_GB.UTF-8" } });
}

/** Serves a folder as the simplest of web servers does, without ranges or events. */
export async function serveFolder(folder: string): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const path = join(folder, decodeURIComponent(request.url!.split("?")[0]!));
    const file = path.endsWith("/") ? `${path}index.html` : path;
    const body = await readFile(file).catch(() => undefined);
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "localhost", done));
  const { port } = server.address() as { port: number };
  return { url: `http://localhost:${port}/`, close: () => void server.close() };
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe finds, a line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axe, "utf8"));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  });
}
