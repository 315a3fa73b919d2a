import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, it } from "vitest";
import { crc32, crc32c } from "../src/crc32.ts";
import { random } from "../src/random.ts";

it("checks bytes as RFC 3720 does", () => {
  // Its appendix B.4, and the check value of the polynomial.
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

it("checks bytes as zlib does", () => {
  const stream = random(1, "crc32");
  for (const length of [0, 1, 2, 7, 100, 4096]) {
    const bytes = Uint8Array.from({ length }, () => stream.integer(256));
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
  }
});
