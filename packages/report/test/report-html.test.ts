import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { plotMetrics } from "../src/figures/plot.ts";
import { reportHtml } from "../src/report-html.ts";
import type { ReportInput } from "../src/report-input.ts";
import { reportInput } from "./fixtures.ts";
import { htmlFaults } from "./html-faults.ts";

describe("reportHtml", () => {
  let png: Uint8Array;
  let input: ReportInput;
  let page: string;

  beforeAll(async () => {
    png = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const picture = {
      title: "Reconstructions",
      text: "A & B",
      alt: 'Slices over "copies"',
      path: "r.png",
      bytes: png,
    };
    input = {
      ...reportInput(),
      pictures: [picture, { ...picture, title: "Training progression", animated: true }],
      plots: await plotMetrics(reportInput().metrics),
    };
    page = reportHtml(input);
  });

  it("is a valid page with every text escaped", async () => {
    expect(await htmlFaults(page)).toEqual([]);
    expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="en">/);
    expect(page).toContain("case_042 &amp; &lt;co&gt;");
    expect(page).toContain("adapter: hipmri # &lt;slices&gt;");
  });

  it("asks nothing of the network and runs no script", () => {
    expect(page).not.toMatch(/<script|<link|<iframe|@import|javascript:/i);
    expect(page).not.toMatch(/(?:src|href|action)="(?!data:image\/|#)/);
    expect(page).not.toMatch(/https?:/);
    expect(page).toContain("default-src 'none'");
  });

  it("shows the figures with interval, slices, subjects and protocol", () => {
    expect(page).toMatch(
      /<dt>SSIM<\/dt><dd class="value">0\.846<\/dd><dd>95 % interval \[0\.812, 0\.880\]; 70 slices of 6 subjects, test split</,
    );
    expect(page).toContain("11×11 Gaussian window, σ 1.5");
    expect(page).toMatch(/<dt>Prior<\/dt><dd class="value">\d\.\d\d bits<\/dd>/);
    expect(page).toMatch(
      /<th scope="row">training<\/th><td class="number">11,460<\/td><td class="number">16<\/td>/,
    );
    expect(page).toContain("<code>slicebook reconstruct runs/hipmri FILE</code>");
  });

  it("sets commands apart from the text around them", () => {
    expect(page).toContain("the files that <code>slicebook compress --coding tables</code> writes");
    expect(page).toContain("of the model those that <code>slicebook compress --coding tables</code> writes");
    expect(page).not.toContain("`");
  });

  it("holds every picture and plot, described in words", () => {
    const data = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    expect(page).toContain(`<img src="${data}" alt="Slices over &quot;copies&quot;">`);
    const images = Array.from(page.matchAll(/<svg role="img" aria-label="([^"]+)"/g), ([, alt]) => alt);
    expect(images).toEqual(input.plots.map(({ alt }) => alt.replaceAll("'", "&#39;")));
    // A film that starts by itself is in the way of reading.
    expect(page).toMatch(/<details class="film"><summary>Play the film<\/summary>\s*<figure/);
  });

  it("has unique ids, each of which a link leads to, and headings in order", () => {
    const ids = Array.from(page.matchAll(/ id="([^"]+)"/g), ([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Array.from(page.matchAll(/href="#([^"]+)"/g), ([, id]) => id)).toEqual(ids);
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page.match(/<h2 /g)).toHaveLength(ids.length);
    expect(page).not.toMatch(/<h[3-6]/);
  });

  it("leaves out what a run has not yet", async () => {
    const bare = reportHtml({
      run: input.run,
      config: "",
      metrics: [],
      evaluations: [],
      pictures: [],
      plots: [],
      next: [],
    });
    expect(await htmlFaults(bare)).toEqual([]);
    expect(bare).not.toMatch(/SSIM|Curves|Reconstructions|What next/);
    expect(bare).toContain("Environment and time");
  });

  it.each([
    [1, "no interval from 1 subject; 70 slices of 1 subject,"],
    [2, "no interval from 2 subjects; 70 slices of 2 subjects,"],
  ])("says so where %i subjects leave no interval", (subjects, text) => {
    const { evaluation } = reportInput();
    const few = { ...evaluation!, ssim: { ...evaluation!.ssim, subjects, ci95: null } };
    const report = reportHtml({ ...input, evaluation: few });
    expect(report).toContain(text);
    expect(report).toContain("z for SSIM and MS-SSIM");
  });

  it("says what is known of slices besides, and of how many", () => {
    const text = reportHtml(input);
    expect(text).toMatch(/age.*20 to 80.*169.*41.*70/s);
    expect(text).toContain("&lt;1T&gt;, 3T");
    expect(text).toContain("where it is told these, and 4.20 where it is not.");
  });

  it("says how many slices are blank, and that they are in no mean", () => {
    const { evaluation } = reportInput();
    const text = reportHtml({ ...input, evaluation: { ...evaluation!, blank: 3 } });
    expect(text).toContain("3 slices are blank, of one value throughout, and in no mean.");
  });
});
