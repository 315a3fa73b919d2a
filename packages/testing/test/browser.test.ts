import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { chromiumPath, launchBrowser } from "../src/index.ts";

it("starts a browser that runs pages", async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent("<title>a page</title>");
    expect(await page.title()).toBe("a page");
  } finally {
    await browser.close();
  }
});

it("has WebGPU without a graphics card, if asked for", async () => {
  const server = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<!doctype html>"),
  );
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const browser = await launchBrowser({ webgpu: true });
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${port}/`);
    // The page's own `navigator.gpu`, which this file's types do not know.
    const adapter = await page.evaluate("navigator.gpu.requestAdapter().then((adapter) => adapter !== null)");
    expect(adapter).toBe(true);
  } finally {
    await browser.close();
    server.close();
  }
});

it("unpacks once, also when several processes ask at the same time", async () => {
  const paths = await Promise.all([chromiumPath(), chromiumPath(), chromiumPath()]);
  expect(new Set(paths).size).toBe(1);
});
