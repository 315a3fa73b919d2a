import { readFileSync } from "node:fs";
import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import wabt from "wabt";
import { createRoom, multiplyInLoops, roomFor } from "../src/exact/room.ts";

describe("the exact product of matrices", () => {
  // `npx vitest run exact-product -u` writes it anew after a change of the text.
  it("is made from the text beside it", async () => {
    const url = new URL("../src/exact/multiply.wat", import.meta.url);
    const { buffer } = (await wabt()).parseWat("multiply.wat", readFileSync(url, "utf8")).toBinary({});
    const text = Buffer.from(buffer).toString("base64");
    const source = [
      "/** `multiply.wat` in base64. Its test writes it: `npx vitest run exact-product -u`. */",
      "export const MULTIPLY_WASM =",
      ...(text.match(/.{1,104}/g) ?? []).map(
        (line, at, { length }) => `  "${line}"${at + 1 < length ? " +" : ";"}`,
      ),
      "",
    ].join("\n");
    await expect(source).toMatchFileSnapshot("../src/exact/multiply-wasm.ts");
  });

  it("has the same bits in WebAssembly and in a loop, and writes no further", () => {
    const draws = random(7, "sizes");
    for (const columns of [1, 3, 15, 16, 17, 33, 64, 70]) {
      for (const [rows, inner] of [
        [1, 1],
        [1, 300],
        [5, 37],
        [2, 0],
      ] as const) {
        const sizes = [rows * inner, inner * columns, rows * columns + 3];
        const room = createRoom(sizes.reduce((sum, size) => sum + roomFor(size), 0));
        const [left, right, out] = sizes.map((size) => room.floats(size)) as [
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        for (const values of [left, right]) {
          values.forEach((_, at) => {
            values[at] = draws.normal() * 10 ** (6 * draws.uniform() - 3);
          });
        }
        out.fill(-7);
        const expected = out.slice();
        multiplyInLoops(left, right, expected.subarray(0, rows * columns), { rows, inner, columns });
        room.multiply(left, right, out, { rows, inner, columns });
        expect(out).toEqual(expected);
      }
    }
  });
});
