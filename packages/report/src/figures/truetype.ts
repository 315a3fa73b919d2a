/** The parts of a TrueType font that drawing left-to-right text as outlines needs; lengths in font units. */
export interface TrueTypeFont {
  readonly unitsPerEm: number;
  /** The number of a character's glyph; 0, the empty box, if the font has none. */
  glyph(codePoint: number): number;
  advance(glyph: number): number;
  /** What to add to the first glyph's advance before the second. */
  kerning(first: number, second: number): number;
  /** Closed contours; y grows upwards. */
  contours(glyph: number): readonly Contour[];
}

/** Points of one closed curve: off-curve ones are control points of quadratic Béziers. */
export type Contour = readonly Point[];

interface Point {
  readonly x: number;
  readonly y: number;
  readonly onCurve: boolean;
}

/**
 * Reads a TrueType font (Apple, "TrueType Reference Manual": head, hhea, maxp, hmtx, cmap, kern, loca, glyf).
 *
 * Text is drawn as outlines because librsvg asks fontconfig for fonts, which finds none on a bare machine, and a
 * worker thread cannot tell fontconfig where ours are: the environment it changes is its own copy.
 *
 * opentype.js 2.0.0 takes 350 ms of CPU to read DejaVu Sans where this takes 1 ms, cannot lay out a line of it ("lookupType:
 * 6 - substFormat: 2 is not yet supported"), and gives 220 of 4900 pairs of characters another kerning.
 */
export function parseTrueType(bytes: Uint8Array): TrueTypeFont {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<string, number>();
  for (let index = 0; index < view.getUint16(4); index++) {
    const record = 12 + 16 * index;
    tables.set(String.fromCharCode(...bytes.subarray(record, record + 4)), view.getUint32(record + 8));
  }
  const table = (tag: string): number => {
    const offset = tables.get(tag);
    if (offset === undefined) throw new Error(`the font has no "${tag}" table`);
    return offset;
  };

  const head = table("head");
  const unitsPerEm = view.getUint16(head + 18);
  const longOffsets = view.getInt16(head + 50) === 1;
  const metrics = view.getUint16(table("hhea") + 34);
  const hmtx = table("hmtx");
  const loca = table("loca");
  const glyf = table("glyf");
  const glyph = characterMap(view, table("cmap"));
  const kern = tables.get("kern");
  const pairs = kern === undefined ? new Map<number, number>() : kerningPairs(view, kern);

  function advance(index: number): number {
    return view.getUint16(hmtx + 4 * Math.min(index, metrics - 1));
  }

  function kerning(first: number, second: number): number {
    return pairs.get(first * 0x10000 + second) ?? 0;
  }

  function glyphOffset(index: number): number {
    return longOffsets ? view.getUint32(loca + 4 * index) : 2 * view.getUint16(loca + 2 * index);
  }

  function contours(index: number): readonly Contour[] {
    const start = glyphOffset(index);
    if (glyphOffset(index + 1) === start) return [];
    const count = view.getInt16(glyf + start);
    const body = glyf + start + 10;
    return count >= 0 ? simpleContours(view, body, count) : compositeContours(view, body, contours);
  }

  return { unitsPerEm, glyph, advance, kerning, contours };
}

/** The Unicode character map of format 4: the Basic Multilingual Plane. */
function characterMap(view: DataView, cmap: number): (codePoint: number) => number {
  let offset: number | undefined;
  for (let index = 0; index < view.getUint16(cmap + 2); index++) {
    const subtable = cmap + view.getUint32(cmap + 4 + 8 * index + 4);
    const isUnicode = [0, 3].includes(view.getUint16(cmap + 4 + 8 * index));
    if (isUnicode && view.getUint16(subtable) === 4) offset = subtable;
  }
  if (offset === undefined) throw new Error("the font has no character map of format 4");
  const map = offset;
  const segments = view.getUint16(map + 6) / 2;
  const ends = map + 14;
  const starts = ends + 2 * segments + 2;
  const deltas = starts + 2 * segments;
  const ranges = deltas + 2 * segments;

  return (codePoint) => {
    for (let segment = 0; segment < segments; segment++) {
      if (view.getUint16(ends + 2 * segment) < codePoint) continue;
      const start = view.getUint16(starts + 2 * segment);
      if (start > codePoint) return 0;
      const delta = view.getUint16(deltas + 2 * segment);
      const range = view.getUint16(ranges + 2 * segment);
      if (range === 0) return (codePoint + delta) & 0xffff;
      const glyph = view.getUint16(ranges + 2 * segment + range + 2 * (codePoint - start));
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
    return 0;
  };
}

/** Kerning pairs of the first horizontal subtable of format 0, by `first * 65536 + second`. */
function kerningPairs(view: DataView, kern: number): Map<number, number> {
  const pairs = new Map<number, number>();
  const count = view.getUint16(kern + 10);
  for (let index = 0; index < count; index++) {
    const pair = kern + 18 + 6 * index;
    pairs.set(view.getUint32(pair), view.getInt16(pair + 4));
  }
  return pairs;
}

const ON_CURVE = 0x01;
const SHORT_X = 0x02;
const SHORT_Y = 0x04;
const REPEAT = 0x08;
const SAME_OR_POSITIVE_X = 0x10;
const SAME_OR_POSITIVE_Y = 0x20;

function simpleContours(view: DataView, body: number, count: number): Contour[] {
  const ends = Array.from({ length: count }, (_, index) => view.getUint16(body + 2 * index));
  const points = count === 0 ? 0 : ends[count - 1]! + 1;
  let cursor = body + 2 * count;
  cursor += 2 + view.getUint16(cursor);

  const flags: number[] = [];
  while (flags.length < points) {
    const flag = view.getUint8(cursor++);
    const repeats = flag & REPEAT ? view.getUint8(cursor++) : 0;
    for (let repeat = 0; repeat <= repeats; repeat++) flags.push(flag);
  }

  function coordinates(short: number, sameOrPositive: number): number[] {
    let value = 0;
    return flags.map((flag) => {
      if (flag & short) {
        value += flag & sameOrPositive ? view.getUint8(cursor) : -view.getUint8(cursor);
        cursor += 1;
      } else if (!(flag & sameOrPositive)) {
        value += view.getInt16(cursor);
        cursor += 2;
      }
      return value;
    });
  }
  const xs = coordinates(SHORT_X, SAME_OR_POSITIVE_X);
  const ys = coordinates(SHORT_Y, SAME_OR_POSITIVE_Y);

  return ends.map((end, contour) => {
    const start = contour === 0 ? 0 : ends[contour - 1]! + 1;
    return Array.from({ length: end + 1 - start }, (_, index) => {
      const point = start + index;
      return { x: xs[point]!, y: ys[point]!, onCurve: (flags[point]! & ON_CURVE) !== 0 };
    });
  });
}

const WORDS = 0x0001;
const OFFSETS = 0x0002;
const ONE_SCALE = 0x0008;
const MORE_COMPONENTS = 0x0020;
const TWO_SCALES = 0x0040;
const MATRIX = 0x0080;

function compositeContours(
  view: DataView,
  body: number,
  contours: (glyph: number) => readonly Contour[],
): Contour[] {
  const result: Contour[] = [];
  let cursor = body;
  let flags: number;
  const fraction = () => {
    cursor += 2;
    return view.getInt16(cursor - 2) / 0x4000;
  };
  do {
    flags = view.getUint16(cursor);
    const component = view.getUint16(cursor + 2);
    const words = (flags & WORDS) !== 0;
    let [dx, dy] = words
      ? [view.getInt16(cursor + 4), view.getInt16(cursor + 6)]
      : [view.getInt8(cursor + 4), view.getInt8(cursor + 5)];
    // Components placed by matching points are rare, and DejaVu has none among the characters we draw.
    if (!(flags & OFFSETS)) [dx, dy] = [0, 0];
    cursor += words ? 8 : 6;
    let [a, b, c, d] = [1, 0, 0, 1];
    if (flags & ONE_SCALE) {
      a = fraction();
      d = a;
    } else if (flags & TWO_SCALES) {
      a = fraction();
      d = fraction();
    } else if (flags & MATRIX) {
      a = fraction();
      b = fraction();
      c = fraction();
      d = fraction();
    }
    for (const contour of contours(component)) {
      result.push(
        contour.map(({ x, y, onCurve }) => ({ x: a * x + c * y + dx, y: b * x + d * y + dy, onCurve })),
      );
    }
  } while (flags & MORE_COMPONENTS);
  return result;
}
