import { crc32 } from "node:zlib";
import { random, SlicebookError } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import { codeBits, codeTable, logitTable, tablesChecksum } from "../../src/compression/code-table.ts";
import { packCodes, unpackCodes } from "../../src/compression/pack-codes.ts";
import { decodeSlbk, encodeSlbk, type SlbkHeader, slbkOverhead } from "../../src/compression/slbk.ts";
import { countCodes } from "../../src/metrics/codes.ts";

const header: SlbkHeader = {
  original: { size: [260, 128], type: "int16", range: [-3, 1021.5] },
  size: [256, 128],
  policy: "crop",
  model: "0123456789abcdef",
  tables: 0xdeadbeef,
  map: { offset: 103.123456789, scale: 1 / 87 },
  affine: undefined,
};
const affine = [
  [0.5, 0, 0, -60.25],
  [0, 1.5, 0, 7],
  [0, 0, 2, 1],
  [0, 0, 0, 1],
];

/** Codes of which the k-th is drawn with a share that falls as k to the power of `skew`; 0: all alike. */
function drawn(seed: number, { codes, length, skew }: { codes: number; length: number; skew: number }) {
  const stream = random(seed, "codes", codes, length);
  return Int32Array.from({ length }, () => Math.floor(codes * stream.uniform() ** (1 + skew)));
}

describe("codeTable", () => {
  it("gives every code a part of 2¹⁶, by its count and one more", () => {
    // 4 codes counted 0, 1, 2 and 9 times: 1, 2, 3 and 10 of 16, and a part for each of 65,532 that are shared.
    expect([...codeTable([0, 1, 2, 9]).starts]).toEqual([
      0,
      1 + 4095,
      2 + 3 * 4095 + 2,
      3 + 6 * 4095 + 4,
      65536,
    ]);
  });

  it("leaves no code out, however many there are and however often others are", () => {
    for (const codes of [2, 3, 512, 65536]) {
      const counts = new Float64Array(codes);
      counts[1] = 2 ** 30;
      const { starts } = codeTable(counts);
      expect(starts.at(-1)).toBe(65536);
      expect(starts.every((start, code) => code === 0 || start > starts[code - 1]!)).toBe(true);
    }
    expect(() => codeTable(new Float64Array(65537))).toThrow(SlicebookError);
  });

  it("has a checksum that tells tables apart", () => {
    const one = codeTable([1, 2, 3]);
    expect(tablesChecksum([one])).toBe(tablesChecksum([codeTable([1, 2, 3])]));
    expect(tablesChecksum([one])).not.toBe(tablesChecksum([codeTable([1, 3, 2])]));
    expect(tablesChecksum([one])).not.toBe(tablesChecksum([one, one]));
  });
});

describe("logitTable", () => {
  it("gives every code a part of 2¹⁶ by its share of e to the logits", () => {
    const logits = [Math.log(1), Math.log(2), Math.log(5)].map(Math.fround);
    const { starts } = logitTable(logits);
    const parts = [0, 1, 2].map((code) => starts[code + 1]! - starts[code]!);
    expect(starts.at(-1)).toBe(65536);
    [1, 2, 5].forEach((weight, code) => {
      expect(Math.abs(parts[code]! - 1 - (65533 * weight) / 8)).toBeLessThanOrEqual(1);
    });
  });

  it("is the same everywhere, and leaves no code out", () => {
    const stream = random(4, "logits");
    const tables = [1, 2, 300, 65536].map((codes) =>
      logitTable(Float32Array.from({ length: codes }, () => 60 * stream.uniform() - 30)),
    );
    for (const { starts } of tables) {
      expect(starts.every((start, code) => code === 0 || start > starts[code - 1]!)).toBe(true);
    }
    expect(tablesChecksum(tables)).toBe(108499022);
  });

  it("refuses what is not a probability", () => {
    for (const wrong of [[Number.NaN, 1], [1, Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY]]) {
      expect(() => logitTable(wrong)).toThrow(expect.objectContaining({ code: "PRIOR_INVALID" }));
    }
  });
});

describe("packCodes", () => {
  const cases = [1, 2, 3, 64, 512, 8192, 65536].flatMap((codes) =>
    [0, 1, 7, 256, 4096].flatMap((length) => [0, 1, 5, 40].map((skew) => ({ codes, length, skew }))),
  );

  it("is undone exactly, and takes what the codes cost by their table", () => {
    for (const [seed, options] of cases.entries()) {
      const { codes, length } = options;
      const values = drawn(seed, options);
      const table = codeTable(countCodes(drawn(seed + 1, { ...options, length: 4096 }), codes));
      const bytes = packCodes([values], [table]);
      expect(unpackCodes(bytes, [length], [table])).toEqual([values]);
      const bits = values.reduce((sum, code) => sum + codeBits(table, code), 0);
      // One percent, a thousandth of a bit for rounding the range at each code, and a byte at the end.
      expect(bytes.length, JSON.stringify(options)).toBeLessThanOrEqual(
        (1.01 * bits + 0.001 * length) / 8 + 2,
      );
      expect(bytes.length).toBeGreaterThanOrEqual(Math.floor(bits / 8) - 1);
    }
  });

  it("packs levels of several codebooks in a row, as Int32 codes of each", () => {
    const levels = [
      drawn(1, { codes: 16, length: 64, skew: 2 }),
      drawn(2, { codes: 512, length: 256, skew: 1 }),
    ];
    const tables = [codeTable(new Float64Array(16)), codeTable(new Float64Array(512).fill(3))];
    expect(unpackCodes(packCodes(levels, tables), [64, 256], tables)).toEqual(levels);
  });

  it("carries through a run of full bytes", () => {
    // The last codes of a skewed table bring the low end close to the top again and again.
    const counts = new Float64Array(4);
    counts[3] = 2 ** 20;
    const table = codeTable(counts);
    const stream = random(9, "carries");
    for (let turn = 0; turn < 200; turn++) {
      const values = Int32Array.from({ length: 400 }, () =>
        stream.uniform() < 0.98 ? 3 : stream.integer(4),
      );
      expect(unpackCodes(packCodes([values], [table]), [400], [table])).toEqual([values]);
    }
  });

  it("refuses a code that is not in its table", () => {
    expect(() => packCodes([[4]], [codeTable([0, 0, 0, 0])])).toThrow("code 4 is not among the 4");
  });
});

describe("a .slbk file", () => {
  const codes = Uint8Array.of(1, 2, 3, 0, 255);

  it("gives back its header and codes, with and without an affine", () => {
    for (const one of [header, ...[0, 1, 2, 5].map((affineCode) => ({ ...header, affine, affineCode }))]) {
      const bytes = encodeSlbk(one, codes);
      expect(bytes.length).toBe(slbkOverhead({ affine: one.affine !== undefined }) + codes.length);
      expect(decodeSlbk(bytes)).toEqual({ header: one, codes });
    }
  });

  it("is refused with any bit flipped, and cut off anywhere", () => {
    const bytes = encodeSlbk({ ...header, affine }, codes);
    const refused = (damaged: Uint8Array) =>
      expect(() => decodeSlbk(damaged)).toThrow(expect.objectContaining({ code: "SLBK_INVALID" }));
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      refused(damaged);
    }
    for (let length = 0; length < bytes.length; length++) refused(bytes.slice(0, length));
  });

  it("of the first version is read as ever", () => {
    const kept =
      "U0xCSwEBAgIEAYAAAAGAAAEjRWeJq83v776t3lnOTbfmx1lAyKR4gUyKhz8AAEDAAGB/RAAAAD8AAAAAAAAAAAAAccIAAAAAAADAPwAAAAAAAOBAAAAAAAAAAAAAAABAAACAP327fByrEsY=";
    const bytes = Buffer.from(kept, "base64");
    const found = decodeSlbk(bytes);
    expect(found.header).toEqual({ ...header, affine, affineCode: 1 });
    const tables = [codeTable([5, 0, 2]), codeTable([1, 1, 1, 30])];
    const levels = [Int32Array.of(0, 2, 0, 1), Int32Array.of(3, 3, 3, 3, 3, 0, 3, 2)];
    expect(unpackCodes(found.codes, [4, 8], tables)).toEqual(levels);
    expect(Buffer.from(encodeSlbk(found.header, packCodes(levels, tables))).toString("base64")).toBe(kept);
  });

  it("of a later version is refused by that version", () => {
    const bytes = Buffer.from(encodeSlbk(header, codes));
    bytes[4] = 2;
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    expect(() => decodeSlbk(bytes)).toThrow("it is of version 2, of which only 1 is known");
  });
});
