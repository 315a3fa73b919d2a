import { LARGEST_SLICE } from "./nifti.ts";
import type { SliceImage } from "./types.ts";

/** The order in which a block's 64 coefficients are written (ITU-T T.81, figure A.6). */
const ZIGZAG = Uint8Array.of(
  ...[
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  ],
  ...[14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39],
  ...[46, 53, 60, 61, 54, 47, 55, 62, 63],
);
/** Codes up to this length are looked up at once. */
const LOOK_BITS = 10;
/** Bits are fetched by the byte, up to 32 of them before they are needed. */
const READ_AHEAD = 4;

/** A Huffman table (T.81, annex C): what the next bits mean, by a look at the first ten, or by their length. */
interface Codes {
  /** `length << 8 | symbol` of the code with which ten bits start; 0 if it is longer. */
  readonly look: Uint16Array;
  /** By length: the first code beyond those of the length, aligned to 16 bits. */
  readonly ends: Int32Array;
  /** By length: what to add to a code for its symbol's place. */
  readonly shifts: Int32Array;
  readonly symbols: Uint8Array;
}

interface Scan {
  readonly width: number;
  readonly height: number;
  /** In the order of the zigzag. */
  readonly quantization: Int32Array;
  readonly dc: Codes;
  readonly ac: Codes;
  /** Where the coded blocks start. */
  readonly start: number;
}

/**
 * Decodes a baseline grey JPEG, as data sets have them, several times sooner than the general decoder; `undefined`
 * for any other picture, for one with an orientation or restart markers, and for a damaged one.
 *
 * Values are those of libjpeg's accurate integer transform, which Pillow and most others use.
 */
export function decodeGreyJpeg(bytes: Uint8Array): SliceImage | undefined {
  const scan = readHeaders(bytes);
  if (scan === undefined) return undefined;
  const pixels = decodeBlocks(bytes, scan);
  if (pixels === undefined) return undefined;
  const { height, width } = scan;
  return { height, width, values: new Float32Array(pixels), type: "uint8" };
}

function readHeaders(bytes: Uint8Array): Scan | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const word = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  const quantizations: (Int32Array | undefined)[] = [];
  const codes: (Codes | undefined)[] = [];
  let frame: { height: number; width: number; component: number; quantization: number } | undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const end = at + 2 + word(at + 2);
    const start = at + 4;
    if (end < start || end > bytes.length) return undefined;
    if (marker === 0xdb) {
      for (let table = start; table < end; table += 65) {
        if (bytes[table]! > 3 || table + 65 > end) return undefined; // 16-bit tables are for 12-bit pictures
        quantizations[bytes[table]!] = Int32Array.from(bytes.subarray(table + 1, table + 65));
      }
    } else if (marker === 0xc4) {
      for (let table = start; table < end; ) {
        const count = bytes.subarray(table + 1, table + 17).reduce((sum, length) => sum + length, 0);
        const next = table + 17 + count;
        if (next > end || (bytes[table]! & 0xee) !== 0 || count > 256) return undefined;
        const built = codesOf(bytes.subarray(table + 1, table + 17), bytes.subarray(table + 17, next));
        if (built === undefined) return undefined;
        codes[bytes[table]!] = built;
        table = next;
      }
    } else if (marker === 0xc0) {
      const [precision, height, width, components] = [
        bytes[start]!,
        word(start + 1),
        word(start + 3),
        bytes[start + 5],
      ];
      if (frame !== undefined || end - start !== 9 || precision !== 8 || components !== 1) return undefined;
      if (height === 0 || width === 0 || height * width > LARGEST_SLICE) return undefined;
      frame = { height, width, component: bytes[start + 6]!, quantization: bytes[start + 8]! };
    } else if (marker === 0xda) {
      const quantization = quantizations[frame?.quantization ?? -1];
      if (frame === undefined || quantization === undefined || end - start !== 6) return undefined;
      const [count, component, tables = 0, first, last, precision] = bytes.subarray(start, end);
      const [dc, ac] = [codes[tables >> 4], codes[0x10 | (tables & 15)]];
      const whole =
        count === 1 && component === frame.component && first === 0 && last === 63 && precision === 0;
      if (!whole || dc === undefined || ac === undefined) return undefined;
      const { height, width } = frame;
      return { height, width, quantization, dc, ac, start: end };
    } else if (!isHarmless(marker, bytes, start)) {
      return undefined;
    }
    at = end;
  }
  return undefined;
}

/** A comment, or an application's segment that is neither Exif (orientation) nor Adobe (colour transform). */
function isHarmless(marker: number, bytes: Uint8Array, start: number): boolean {
  if (marker === 0xe1) return bytes[start] !== 0x45; // "E" of Exif
  return marker === 0xfe || (marker >= 0xe0 && marker < 0xee);
}

function codesOf(counts: Uint8Array, symbols: Uint8Array): Codes | undefined {
  const look = new Uint16Array(1 << LOOK_BITS);
  const ends = new Int32Array(18).fill(-1);
  const shifts = new Int32Array(18);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    shifts[length] = place - code;
    if (length <= LOOK_BITS) {
      const spread = 1 << (LOOK_BITS - length);
      for (let index = 0; index < count; index++) {
        const from = (code + index) * spread;
        look.fill((length << 8) | symbols[place + index]!, from, from + spread);
      }
    }
    code += count;
    place += count;
    if (code > 1 << length) return undefined;
    ends[length] = code << (16 - length);
    code <<= 1;
  }
  return { look, ends, shifts, symbols };
}

/** The coded bytes up to the picture's end, without the zeros stuffed after 0xff, and some zeros to read ahead. */
function unstuffed(bytes: Uint8Array, start: number): Uint8Array | undefined {
  const data = new Uint8Array(bytes.length - start + READ_AHEAD);
  let to = 0;
  let from = start;
  for (;;) {
    const next = bytes.indexOf(0xff, from);
    if (next < 0 || next + 1 >= bytes.length) return undefined;
    data.set(bytes.subarray(from, next), to);
    to += next - from;
    from = next + 2;
    const marker = bytes[next + 1]!;
    if (marker === 0) data[to++] = 0xff;
    else return marker === 0xd9 ? data.subarray(0, to + READ_AHEAD) : undefined;
  }
}

/** Decodes all blocks to pixels; `undefined` if their code is broken, or is not used up. */
function decodeBlocks(bytes: Uint8Array, scan: Scan): Uint8Array | undefined {
  const { width, height, quantization, dc, ac } = scan;
  const data = unstuffed(bytes, scan.start);
  if (data === undefined) return undefined;
  const end = data.length - READ_AHEAD;
  const columns = Math.ceil(width / 8);
  const rows = Math.ceil(height / 8);
  const acLook = ac.look;
  const block = new Int32Array(64);
  const pixels = new Uint8Array(width * height);
  const edge = new Uint8Array(64);
  let at = 0;
  let bits = 0;
  let held = 0;
  let level = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      while (held <= 24) {
        bits = (bits << 8) | data[at++]!;
        held += 8;
      }
      let entry = dc.look[(bits >>> (held - LOOK_BITS)) & 0x3ff]!;
      if (entry === 0) entry = longCode(dc, (bits >>> (held - 16)) & 0xffff);
      if (entry === 0) return undefined;
      held -= entry >> 8;
      let size = entry & 0xff;
      if (size > 11) return undefined;
      while (held <= 24) {
        bits = (bits << 8) | data[at++]!;
        held += 8;
      }
      if (size > 0) {
        held -= size;
        const value = (bits >>> held) & ((1 << size) - 1);
        level += value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
      }
      block[0] = Math.imul(level, quantization[0]!);
      let last = 0;
      for (let place = 1; place < 64; place++) {
        while (held <= 24) {
          bits = (bits << 8) | data[at++]!;
          held += 8;
        }
        entry = acLook[(bits >>> (held - LOOK_BITS)) & 0x3ff]!;
        if (entry === 0) entry = longCode(ac, (bits >>> (held - 16)) & 0xffff);
        if (entry === 0) return undefined;
        held -= entry >> 8;
        size = entry & 15;
        const run = (entry >> 4) & 15;
        if (size === 0) {
          if (run !== 15) break;
          place += 15;
          continue;
        }
        place += run;
        if (place > 63 || size > 10) return undefined;
        if (held < size) {
          while (held <= 24) {
            bits = (bits << 8) | data[at++]!;
            held += 8;
          }
        }
        held -= size;
        const value = (bits >>> held) & ((1 << size) - 1);
        const signed = value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
        block[ZIGZAG[place]!] = Math.imul(signed, quantization[place]!);
        last = place;
      }
      if (at - (held >> 3) > end) return undefined;
      const top = row * 8;
      const side = column * 8;
      if (top + 8 <= height && side + 8 <= width) {
        transform(block, last, pixels, top * width + side, width);
      } else {
        transform(block, last, edge, 0, 8);
        const across = Math.min(8, width - side);
        for (let line = 0; line < 8 && top + line < height; line++) {
          pixels.set(edge.subarray(line * 8, line * 8 + across), (top + line) * width + side);
        }
      }
      if (last > 0) block.fill(0);
    }
  }
  return at - (held >> 3) === end ? pixels : undefined;
}

/** The entry of a code of more than ten bits; 0 if there is no such code. */
function longCode({ ends, shifts, symbols }: Codes, bits: number): number {
  for (let length = 1; length <= 16; length++) {
    if (bits < ends[length]!) return (length << 8) | symbols[(bits >> (16 - length)) + shifts[length]!]!;
  }
  return 0;
}

const work = new Int32Array(64);

/**
 * The inverse cosine transform of a block, in integers of 13 and 2 fractional bits (Loeffler, Ligtenberg and
 * Moschytz, 1989, as in libjpeg's `jidctint.c`), with 128 added, into 8×8 pixels.
 */
function transform(block: Int32Array, last: number, out: Uint8Array, start: number, stride: number): void {
  if (last === 0) {
    const value = clamp(((block[0]! << 2) + 16) >> 5);
    for (let line = 0, at = start; line < 8; line++, at += stride) out.fill(value, at, at + 8);
    return;
  }
  for (let column = 0; column < 8; column++) {
    const [v1, v2, v3] = [block[column + 8]!, block[column + 16]!, block[column + 24]!];
    const [v4, v5, v6] = [block[column + 32]!, block[column + 40]!, block[column + 48]!];
    const v7 = block[column + 56]!;
    if ((v1 | v2 | v3 | v4 | v5 | v6 | v7) === 0) {
      const value = block[column]! << 2;
      for (let at = column; at < 64; at += 8) work[at] = value;
      continue;
    }
    pass(block[column]!, v1, v2, v3, v4, v5, v6, v7, 11);
    for (let line = 0; line < 8; line++) work[column + 8 * line] = eight[line]!;
  }
  for (let line = 0, at = start; line < 8; line++, at += stride) {
    const row = 8 * line;
    pass(
      work[row]!,
      work[row + 1]!,
      work[row + 2]!,
      work[row + 3]!,
      work[row + 4]!,
      work[row + 5]!,
      work[row + 6]!,
      work[row + 7]!,
      18,
    );
    for (let column = 0; column < 8; column++) out[at + column] = clamp(eight[column]!);
  }
}

const eight = new Int32Array(8);

/** One-dimensional transform of eight values into `eight`, rounded off by some bits. */
function pass(
  v0: number,
  v1: number,
  v2: number,
  v3: number,
  v4: number,
  v5: number,
  v6: number,
  v7: number,
  shift: number,
): void {
  const half = 1 << (shift - 1);
  // Even part.
  const e1 = Math.imul(v2 + v6, 4433);
  const e2 = e1 - Math.imul(v6, 15137);
  const e3 = e1 + Math.imul(v2, 6270);
  const e0 = ((v0 + v4) << 13) + half;
  const e4 = ((v0 - v4) << 13) + half;
  const a0 = e0 + e3;
  const a3 = e0 - e3;
  const a1 = e4 + e2;
  const a2 = e4 - e2;
  // Odd part.
  const z5 = Math.imul(v7 + v3 + v5 + v1, 9633);
  const z1 = -Math.imul(v7 + v1, 7373);
  const z2 = -Math.imul(v5 + v3, 20995);
  const z3 = z5 - Math.imul(v7 + v3, 16069);
  const z4 = z5 - Math.imul(v5 + v1, 3196);
  const o0 = Math.imul(v7, 2446) + z1 + z3;
  const o1 = Math.imul(v5, 16819) + z2 + z4;
  const o2 = Math.imul(v3, 25172) + z2 + z3;
  const o3 = Math.imul(v1, 12299) + z1 + z4;
  eight[0] = (a0 + o3) >> shift;
  eight[7] = (a0 - o3) >> shift;
  eight[1] = (a1 + o2) >> shift;
  eight[6] = (a1 - o2) >> shift;
  eight[2] = (a2 + o1) >> shift;
  eight[5] = (a2 - o1) >> shift;
  eight[3] = (a3 + o0) >> shift;
  eight[4] = (a3 - o0) >> shift;
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, value + 128));
}
