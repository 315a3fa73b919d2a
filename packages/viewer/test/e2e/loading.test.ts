import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type ServedViewer, serveViewer } from "../../src/index.ts";
import { launch, openPage } from "./page.ts";

let viewer: ServedViewer;
let browser: Browser;

beforeAll(async () => {
  viewer = await serveViewer(inject("madeRuns"), { port: 0 });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await viewer?.close();
});

const at = (hash: string) => `${viewer.url}${hash}`;

/** Sums what moves by itself (Cumulative Layout Shift), and notes every height of the header. */
const watchLayout = `{
  globalThis.shift = 0;
  globalThis.heights = new Set();
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) globalThis.shift += value;
  }).observe({ type: "layout-shift", buffered: true });
  const look = () => {
    const header = document.querySelector("header.top");
    if (header !== null) globalThis.heights.add(header.getBoundingClientRect().height);
    requestAnimationFrame(look);
  };
  look();
}`;

describe.each([1280, 360])("at a width of %d px", (width) => {
  it.each([
    ["#/", "table.runs tbody tr"],
    ["#/run/small", ".uplot"],
    ["#/run/small/reconstructions", ".film canvas"],
    ["#/run/small/codebook", ".places canvas"],
    ["#/run/small/samples", ".samples canvas"],
    ["#/run/small/live", ".drop:visible"],
    ["#/run/nowhere", ".notice"],
    ["#/compare/small/levels", "table"],
  ])("nothing moves while %s loads", async (hash, last) => {
    const { page, faults } = await openPage(browser, at(hash), { width, motion: true, script: watchLayout });
    await page.locator(last).last().waitFor({ timeout: 60_000 });
    await page.locator(".pulse.live").waitFor();
    // What it moves is drawn with the next pictures.
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    const { shift, heights } = await page.evaluate<{ shift: number; heights: number[] }>(
      "({ shift: globalThis.shift, heights: [...globalThis.heights] })",
    );
    expect(shift).toBeLessThan(0.02);
    // Nor is anything wider than the screen.
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(heights).toHaveLength(1);
    // The browser itself tells of the answer that there is no such run.
    expect(faults.filter((fault) => !(hash.endsWith("nowhere") && fault.includes("404")))).toEqual([]);
    await page.close();
  });
});

it("says that it is connecting until it is connected, and that it is offline when it is not any more", async () => {
  const page = await browser.newPage();
  let answer: () => void = () => undefined;
  const held = new Promise<void>((done) => {
    answer = done;
  });
  await page.route("**/events", async (route) => {
    await held;
    await route.fulfill({
      contentType: "text/event-stream",
      body: 'retry: 60000\ndata: {"type":"watching"}\n\n',
    });
  });
  const pulse = page.locator(".pulse");
  const said: string[] = [];
  await page.exposeFunction("note", (text: string) => said.push(text));
  await page.addInitScript(`new MutationObserver(() => {
    const pulse = document.querySelector(".pulse");
    if (pulse !== null) note(pulse.textContent);
  }).observe(document, { childList: true, characterData: true, subtree: true });`);
  await page.goto(at("#/"));
  await pulse.waitFor();
  expect(await pulse.textContent()).toBe("Connecting");
  answer();
  // What fulfils a request ends, and the connection with it.
  await expect.poll(() => pulse.textContent()).toBe("Offline");
  expect(said.filter((text, index) => text !== said[index - 1])).toEqual(["Connecting", "Live", "Offline"]);
  await page.close();
});

it.each(["en-US@posix", "C", "", "de_DE.UTF-8", "x"])(
  "shows its charts where the browser's language is %j",
  async (language) => {
    const script = `Object.defineProperty(Navigator.prototype, "language", { get: () => ${JSON.stringify(language)} })`;
    const { page, faults } = await openPage(browser, at("#/run/small"), { script });
    await page.locator(".uplot").first().waitFor();
    expect(faults).toEqual([]);
    await page.close();
  },
);
