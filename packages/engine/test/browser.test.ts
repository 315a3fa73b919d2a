import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "@slicebook/testing";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BROWSER_ENGINE_KINDS } from "../src/browser.ts";
import { createEngine } from "../src/index.ts";
import { data, dataSpecs, descend, start } from "./descent.ts";
import { exactChecksums } from "./exact-ops.ts";

let chunks: readonly Rollup.OutputChunk[];
let server: Server;

beforeAll(async () => {
  const output = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@slicebook/source", "browser", "import", "default"] },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rollupOptions: { input: fileURLToPath(new URL("page.ts", import.meta.url)) },
    },
  });
  const { output: files } = output as Rollup.RollupOutput;
  chunks = files.filter((file) => file.type === "chunk");
  const wasm = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
  const entry = chunks.find(({ isEntry }) => isEntry)!;
  server = createServer(async ({ url = "/" }, response) => {
    const script = chunks.find(({ fileName }) => url === `/${fileName}`);
    if (script !== undefined) {
      response.setHeader("content-type", "text/javascript").end(script.code);
    } else if (url.startsWith("/wasm/")) {
      response.setHeader("content-type", "application/wasm").end(await readFile(join(wasm, basename(url))));
    } else {
      response
        .setHeader("content-type", "text/html")
        .end(`<!doctype html><script type="module" src="/${entry.fileName}"></script>`);
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterAll(() => server.close());

it("is bundled for pages without anything of Node's", () => {
  // TensorFlow.js has a branch for Node, whose modules are stubs in a page.
  for (const { code, imports } of chunks) {
    expect(code.match(/["'](?:node:[a-z/_]+|onnxruntime-node)["']/g)).toBeNull();
    for (const name of imports) expect(chunks.map(({ fileName }) => fileName)).toContain(name);
  }
});

it("trains in a page as in Node, on WebGPU, WebAssembly and plain JavaScript", async () => {
  const engine = await createEngine({ kind: "cpu" });
  const loop = await engine.loop(descend, start(), dataSpecs);
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) losses.push((await loop.next(data)).loss!.data[0]!);
  const { w } = await loop.read();
  await loop.dispose();

  await inPage({ webgpu: true }, async (page) => {
    for (const kind of BROWSER_ENGINE_KINDS) {
      const found = await page.evaluate<{ description: string; losses: number[]; w: number[] }>(
        `train("${kind}")`,
      );
      expect(found.description).toMatch(/^tfjs \d/);
      found.losses.forEach((loss, step) => {
        expect(loss, `${kind}, step ${step}`).toBeCloseTo(losses[step]!, 5);
      });
      found.w.forEach((value, index) => {
        expect(value, kind).toBeCloseTo(w!.data[index]!, 5);
      });
    }
  });
});

it("computes exactly in a page, to the same bits as in Node", async () => {
  await inPage({}, async (page) => {
    expect(await page.evaluate("exactChecksums()")).toEqual(await exactChecksums());
  });
});

async function inPage(
  options: Parameters<typeof launchBrowser>[0],
  use: (page: Awaited<ReturnType<Awaited<ReturnType<typeof launchBrowser>>["newPage"]>>) => Promise<void>,
): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const browser = await launchBrowser(options);
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${port}/`, { waitUntil: "load" });
    await use(page);
  } finally {
    await browser.close();
  }
}
