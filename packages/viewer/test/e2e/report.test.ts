import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { getDocumentProxy, getResolvedPDFJS } from "unpdf";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launch } from "./page.ts";

/** A line of text of a printed page, in points from its lower left corner. */
interface Line {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly size: number;
}

interface PrintedPage {
  readonly width: number;
  readonly lines: readonly Line[];
  readonly images: number;
  readonly paths: number;
}

let browser: Browser;
let pdf: Uint8Array;
let pages: PrintedPage[];
const report = () => join(inject("madeRuns"), "small", "report.html");

beforeAll(async () => {
  browser = await launch();
  const page = await browser.newPage();
  await page.goto(pathToFileURL(report()).href);
  pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
  await page.close();
  pages = await readPages(pdf);
});
afterAll(() => browser?.close());

const allText = () => pages.flatMap(({ lines }) => lines.map(({ text }) => text)).join(" ");

describe("the report, printed", () => {
  it("has something on every page, on few pages and in few bytes", () => {
    for (const [index, { lines, images, paths }] of pages.entries()) {
      // The frames alone of what is on a page are some ten paths.
      expect(lines.length > 3 || images > 0 || paths > 40, `page ${index + 1} of ${pages.length}`).toBe(true);
    }
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.length).toBeLessThan(25);
    expect(pdf.length).toBeLessThan(3e6);
  });

  it("has no heading at the foot of a page, away from what it is over", async () => {
    const html = await readFile(report(), "utf8");
    const headings = [...html.matchAll(/<h2 id="[^"]+">([^<]+)<\/h2>/g)].map(([, text]) => text!);
    const found = pages.flatMap(({ lines }) =>
      lines.filter(({ text, size }) => size > 15 && headings.includes(text)),
    );
    // The film does not play on paper.
    expect(found.map(({ text }) => text)).toEqual(
      headings.filter((heading) => heading !== "Training progression"),
    );
    for (const { text, bottom } of found) expect(bottom, text).toBeGreaterThan(90);
  });

  it("has every column of its tables within the page", () => {
    expect(allText()).toContain("MSE");
    for (const [index, { width, lines }] of pages.entries()) {
      for (const { text, left, right } of lines) {
        expect(left, `page ${index + 1}: ${text}`).toBeGreaterThan(30);
        expect(right, `page ${index + 1}: ${text}`).toBeLessThan(width - 30);
      }
    }
  });

  it("has all that is folded away on the screen", async () => {
    const text = allText();
    expect(text).toContain("Means of each subject");
    const config = await readFile(join(inject("madeRuns"), "small", "config.yaml"), "utf8");
    for (const key of ["codeDimension", "headWidth", "restartBelow"]) {
      expect(config).toContain(`${key}:`);
      expect(text).toContain(`${key}:`);
    }
  });
});

/** What PDF.js gives of a piece of text. */
interface TextItem {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
}

async function readPages(bytes: Uint8Array): Promise<PrintedPage[]> {
  const { OPS } = await getResolvedPDFJS();
  const document = await getDocumentProxy(Uint8Array.from(bytes), { verbosity: 0 });
  const read: PrintedPage[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const { items } = (await page.getTextContent()) as { readonly items: readonly (TextItem | object)[] };
    const { fnArray: operators } = (await page.getOperatorList()) as { readonly fnArray: readonly number[] };
    const count = (operator: number) => operators.filter((one) => one === operator).length;
    read.push({
      width: page.view[2]! - page.view[0]!,
      lines: items.flatMap((item): Line[] => {
        if (!("str" in item) || item.str.trim() === "") return [];
        const [, , , , left, bottom] = item.transform;
        return [
          { text: item.str, left: left!, right: left! + item.width, bottom: bottom!, size: item.height },
        ];
      }),
      images: count(OPS.paintImageXObject),
      paths: count(OPS.constructPath),
    });
  }
  return read;
}
