import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fitText, outlineText, svgText, textPath, textWidth, wrapText } from "../../src/figures/font.ts";

const weightSchema = z.enum(["normal", "bold"]);
const golden = z
  .object({
    widths: z.array(z.object({ text: z.string(), weight: weightSchema, width: z.number() })),
    outlines: z.record(
      weightSchema,
      z.array(
        z.object({
          character: z.string(),
          contours: z.int(),
          box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
        }),
      ),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL("golden/font.json", import.meta.url), "utf8")));

describe("textWidth", () => {
  it.each(golden.widths)(
    "measures “$text” ($weight) as FreeType and HarfBuzz do",
    ({ text, weight, width }) => {
      expect(textWidth(text, 2048, weight)).toBeCloseTo(width, 6);
    },
  );
});

describe("textPath", () => {
  it.each(weightSchema.options)("draws every contour of a glyph within its box: %s", (weight) => {
    for (const { character, contours, box } of golden.outlines[weight]) {
      const path = textPath(character, { x: 0, y: 0, size: 2048, weight });
      expect(path.match(/M/g), character).toHaveLength(contours);
      const numbers = Array.from(path.matchAll(/-?[\d.]+/g), Number);
      const xs = numbers.filter((_, index) => index % 2 === 0);
      const ys = numbers.filter((_, index) => index % 2 === 1).map((y) => 0 - y);
      // These fonts have points at the extremes of every curve: no control point lies outside the box.
      expect([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], character).toEqual(box);
    }
  });

  it("anchors a line by its start, middle or end", () => {
    const width = textWidth("Loss", 20);
    const start = textPath("Loss", { x: 100, y: 0, size: 20 });
    expect(textPath("Loss", { x: 100 + width / 2, y: 0, size: 20, anchor: "middle" })).toBe(start);
    expect(textPath("Loss", { x: 100 + width, y: 0, size: 20, anchor: "end" })).toBe(start);
  });

  it("draws a box for a character that the font has not", () => {
    expect(textPath("漢", { x: 0, y: 0, size: 16 })).toBe(textPath("字", { x: 0, y: 0, size: 16 }));
    expect(textPath("漢", { x: 0, y: 0, size: 16 })).not.toBe("");
  });
});

it("draws text that sharp shows without asking for a font", async () => {
  const svg = (content: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="24"><rect width="80" height="24" fill="white"/>${content}</svg>`;
  const pixels = await sharp(Buffer.from(svg(svgText("SSIM", { x: 4, y: 18, size: 16 }))))
    .greyscale()
    .raw()
    .toBuffer();
  const dark = pixels.filter((level) => level < 128).length;
  expect(dark).toBeGreaterThan(60);
  expect(dark).toBeLessThan(400);
});

describe("fitText", () => {
  it("keeps what fits, and else its start and end", () => {
    expect(fitText("case_004", 200, 12)).toBe("case_004");
    const shown = fitText("case_004_week_0_slice_12", 100, 12);
    expect(shown).toMatch(/^case_.*….*_12$/);
    expect(textWidth(shown, 12)).toBeLessThanOrEqual(100);
    expect(fitText("case", 1, 12)).toBe("…");
  });
});

describe("wrapText", () => {
  it("breaks a file's name where its parts end", () => {
    expect(wrapText("case_004_week_0_slice_12", 110, 12, 2)).toEqual(["case_004_week_", "0_slice_12"]);
    expect(wrapText("one", 110, 12, 2)).toEqual(["one"]);
    expect(wrapText("", 110, 12, 2)).toEqual([""]);
  });

  it("shortens what the last line has no room for", () => {
    const lines = wrapText("a_very_long_name_of_a_slice_that_never_ends_12", 90, 12, 2);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/….*12$/);
    for (const line of lines) expect(textWidth(line, 12)).toBeLessThanOrEqual(90);
  });
});

describe("outlineText", () => {
  const text = '<text text-anchor="middle" transform="translate(5,6)" font-size="10px" fill="#123456"';

  it("puts the same line as a path in the text's place", () => {
    const path = textPath("A & B", { x: 0, y: 0, size: 10, anchor: "middle" });
    expect(outlineText(`<g>${text}>A &amp; B</text></g>`)).toBe(
      `<g><path transform="translate(5,6)" fill="#123456" d="${path}"/></g>`,
    );
  });

  it("drops text that is empty or unseen", () => {
    expect(outlineText(`<g>${text}/>${text} opacity="0">1.1</text></g>`)).toBe("<g></g>");
  });

  it("keeps lines apart", () => {
    const path = textPath("a", { x: 0, y: 0, size: 10 }) + textPath("b", { x: 0, y: 12, size: 10 });
    const lines = '<text font-size="10px"><tspan>a</tspan><tspan x="0" dy="12">b</tspan></text>';
    expect(outlineText(lines)).toBe(`<path d="${path}"/>`);
  });
});
