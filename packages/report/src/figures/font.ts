import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Contour, parseTrueType, type TrueTypeFont } from "./truetype.ts";

export type FontWeight = "normal" | "bold";

/** How a line of text is drawn; `x` and `y` are where its baseline starts, or its middle or end by `anchor`. */
export interface TextOptions {
  readonly x: number;
  readonly y: number;
  /** Pixels per em. */
  readonly size: number;
  readonly weight?: FontWeight;
  readonly anchor?: "start" | "middle" | "end";
  readonly fill?: string;
}

const files = { normal: "DejaVuSans.ttf", bold: "DejaVuSans-Bold.ttf" } as const;
const fonts = new Map<FontWeight, TrueTypeFont>();

function fontOf(weight: FontWeight): TrueTypeFont {
  let font = fonts.get(weight);
  if (font === undefined) {
    const path = createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${files[weight]}`);
    font = parseTrueType(readFileSync(path));
    fonts.set(weight, font);
  }
  return font;
}

/** The width in pixels of a line of text in DejaVu Sans. */
export function textWidth(text: string, size: number, weight: FontWeight = "normal"): number {
  const font = fontOf(weight);
  return (layOut(font, text).width * size) / font.unitsPerEm;
}

/** The data of an SVG path that draws a line of text in DejaVu Sans: text that needs no fonts to be shown. */
export function textPath(text: string, options: TextOptions): string {
  const { x, y, size, weight = "normal", anchor = "start" } = options;
  const font = fontOf(weight);
  const { glyphs, width } = layOut(font, text);
  const scale = size / font.unitsPerEm;
  const left = x - width * scale * { start: 0, middle: 0.5, end: 1 }[anchor];
  return glyphs
    .flatMap(({ glyph, at }) =>
      font.contours(glyph).map((contour) => contourPath(contour, left + at * scale, y, scale)),
    )
    .join("");
}

/** An SVG element that draws a line of text in DejaVu Sans. */
export function svgText(text: string, options: TextOptions): string {
  return `<path fill="${options.fill ?? "#000000"}" d="${textPath(text, options)}"/>`;
}

/** The text, or as much of its start and end as fits in `width` pixels, with an ellipsis between. */
export function fitText(text: string, width: number, size: number, weight: FontWeight = "normal"): string {
  if (textWidth(text, size, weight) <= width) return text;
  const characters = Array.from(text);
  for (let kept = characters.length - 1; kept > 1; kept--) {
    const [start, end] = [Math.ceil(kept / 2), characters.length - Math.floor(kept / 2)];
    const shown = `${characters.slice(0, start).join("")}…${characters.slice(end).join("")}`;
    if (textWidth(shown, size, weight) <= width) return shown;
  }
  return "…";
}

/**
 * The text in lines of at most `width` pixels, broken after spaces, `_`, `-`, `.` and `/` as file names need it.
 *
 * What does not fit into `most` lines is shortened in the middle of the last.
 */
export function wrapText(text: string, width: number, size: number, most: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/[^ _\-./]*[ _\-./]?/g) ?? []) {
    const isFull = line !== "" && textWidth((line + word).trimEnd(), size) > width;
    if (isFull && lines.length < most - 1) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += word;
  }
  return [...lines, line].map((one) => fitText(one, width, size));
}

/**
 * Draws the text of an SVG document as paths, so that it looks the same with any fonts or none.
 *
 * Made for what Vega writes: `text` elements with their style in presentation attributes, and `tspan`s for lines.
 */
export function outlineText(svg: string): string {
  const element = /<text\b([^>]*?)(?:\/>|>([\s\S]*?)<\/text>)/g;
  return svg.replace(element, (_element, attributes: string, content = "") => {
    const attribute = (name: string) => new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
    // Axis labels that would overlap are still written, but empty or unseen.
    if (content === "" || attribute("opacity") === "0") return "";
    const anchor = attribute("text-anchor");
    const options = {
      size: Number.parseFloat(attribute("font-size") ?? "16"),
      weight: attribute("font-weight") === "bold" ? "bold" : "normal",
      anchor: anchor === "middle" || anchor === "end" ? anchor : "start",
    } as const;
    const lines = content.includes("<tspan")
      ? Array.from(
          content.matchAll(/<tspan\b([^>]*)>([\s\S]*?)<\/tspan>/g),
          ([, position = "", text = ""]) => ({
            x: Number(/\bx="([^"]*)"/.exec(position)?.[1] ?? 0),
            dy: Number(/\bdy="([^"]*)"/.exec(position)?.[1] ?? 0),
            text,
          }),
        )
      : [{ x: 0, dy: 0, text: content }];
    let y = 0;
    const paths = lines.map((line) => {
      y += line.dy;
      return textPath(unescapeXml(line.text), { ...options, x: line.x, y });
    });
    const kept = ["transform", "fill", "opacity", "fill-opacity"]
      .map((name) => ({ name, value: attribute(name) }))
      .filter(({ value }) => value !== undefined)
      .map(({ name, value }) => ` ${name}="${value}"`);
    return `<path${kept.join("")} d="${paths.join("")}"/>`;
  });
}

function layOut(
  font: TrueTypeFont,
  text: string,
): { readonly glyphs: readonly { readonly glyph: number; readonly at: number }[]; readonly width: number } {
  let width = 0;
  let previous: number | undefined;
  const glyphs = Array.from(text, (character) => {
    const glyph = font.glyph(character.codePointAt(0)!);
    if (previous !== undefined) width += font.kerning(previous, glyph);
    const at = width;
    width += font.advance(glyph);
    previous = glyph;
    return { glyph, at };
  });
  return { glyphs, width };
}

function contourPath(contour: Contour, x: number, y: number, scale: number): string {
  const at = (px: number, py: number) => `${round(x + px * scale)} ${round(y - py * scale)}`;
  const count = contour.length;
  const first = contour.findIndex((point) => point.onCurve);
  // A curve of control points only starts half-way between the last and the first.
  const last = contour[count - 1]!;
  const origin = contour[Math.max(first, 0)]!;
  const start = first >= 0 ? origin : { x: (last.x + origin.x) / 2, y: (last.y + origin.y) / 2 };
  let path = `M${at(start.x, start.y)}`;
  const begin = first >= 0 ? first + 1 : 0;
  const remaining = first >= 0 ? count - 1 : count;
  for (let index = 0; index < remaining; index++) {
    const point = contour[(begin + index) % count]!;
    if (point.onCurve) {
      path += `L${at(point.x, point.y)}`;
      continue;
    }
    const isLast = index === remaining - 1;
    const next = isLast ? { ...start, onCurve: true } : contour[(begin + index + 1) % count]!;
    const end = next.onCurve ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    path += `Q${at(point.x, point.y)} ${at(end.x, end.y)}`;
    if (next.onCurve && !isLast) index++;
  }
  return `${path}Z`;
}

/** Two decimals, without trailing zeros: a hundredth of a pixel is not seen. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function unescapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (entity, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return entities[name ?? ""] ?? entity;
    },
  );
}
