import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { launchBrowser } from "@slicebook/testing";
import type axe from "axe-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { comparisonHtml } from "../src/comparison-html.ts";
import { plotCodebookUsage, plotMetrics } from "../src/figures/plot.ts";
import { plotComparison } from "../src/figures/plot-comparison.ts";
import { reportHtml } from "../src/report-html.ts";
import { metricsRows } from "./figures/fixtures.ts";
import { reportInput } from "./fixtures.ts";
import { htmlFaults } from "./html-faults.ts";

const pages: Record<string, string> = {};
let browser: Awaited<ReturnType<typeof launchBrowser>>;
let axeSource: string;

beforeAll(async () => {
  const plots = [
    ...(await plotMetrics(metricsRows(), { codes: 512 })),
    await plotCodebookUsage(Array.from({ length: 64 }, (_, code) => 64 - code)),
  ];
  pages.report = reportHtml({ ...reportInput(), plots, notice: "This run only overfits." });
  const { run, evaluation } = reportInput();
  const summary = {
    name: "a",
    folder: "runs/a",
    state: "complete",
    stages: [],
    created: run.created,
    data: run.data,
    model: run.model,
    engine: "onnx on cpu",
    images: 800,
    seconds: 300,
    ssim: evaluation!.ssim,
    figures: { psnr: 27.3 },
  } as const;
  pages.comparison = comparisonHtml({
    runs: [
      { ...summary, label: "a", difference: null },
      { ...summary, label: "b", difference: { mean: -0.01, ci95: [-0.02, 0], subjects: 6 } },
    ],
    settings: [{ key: "model.width", values: ["96", null] }],
    notes: ["b was not tested on the slices that a was: their figures cannot be compared"],
    plots: await plotComparison([
      { name: "a", metrics: metricsRows() },
      { name: "b", metrics: metricsRows() },
    ]),
    version: "0.1.0",
  });
  axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe.each(["report", "comparison"])("the %s page", (name) => {
  it("is valid HTML", async () => {
    expect(await htmlFaults(pages[name]!)).toEqual([]);
  });

  // The dark page has the same elements: only what is about colours can differ there.
  it.each([
    ["light", {}],
    ["dark", { runOnly: ["color-contrast", "link-in-text-block"] }],
  ] as const)("has no accessibility violation in %s", async (colorScheme, options) => {
    // The page's own policy forbids scripts; the check's is put in from outside.
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.setContent(pages[name]!);
    // What is folded is read, too.
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    await page.evaluate(axeSource);
    const { violations } = (await page.evaluate(
      `axe.run(document, ${JSON.stringify(options)})`,
    )) as axe.AxeResults;
    expect(
      violations.map(({ id, nodes }) => [
        id,
        nodes.slice(0, 3).map(({ html, failureSummary }) => `${html}\n${failureSummary}`),
      ]),
    ).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
  });

  it("fits a narrow window without scrolling sideways", async () => {
    const page = await browser.newPage({ viewport: { width: 360, height: 800 } });
    await page.setContent(pages[name]!);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    await page.close();
  });
});
