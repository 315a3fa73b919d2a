import { readFileSync } from "node:fs";
import { random } from "@slicebook/base";
import { describe, expect, it } from "vitest";
import wabt from "wabt";
import { mapValues } from "../src/map-values.ts";

describe("mapValues", () => {
  // `npx vitest run map-values -u` writes it anew after a change of the text.
  it("is made from the text beside it", async () => {
    const url = new URL("../src/map-values.wat", import.meta.url);
    const { buffer } = (await wabt()).parseWat("map-values.wat", readFileSync(url, "utf8")).toBinary({});
    const source = [
      "/** `map-values.wat` in base64. Its test writes it: `npx vitest run map-values -u`. */",
      "export const MAP_VALUES_WASM =",
      ...lines(Buffer.from(buffer).toString("base64")),
      "",
    ].join("\n");
    await expect(source).toMatchFileSnapshot("../src/map-values-wasm.ts");
  });

  for (const [type, all] of [
    ["bytes", Uint8Array.from({ length: 256 }, (_, value) => value)],
    ["16-bit numbers", Int16Array.from({ length: 65_536 }, (_, value) => value - 32_768)],
  ] as const) {
    it(`gives all ${type} the very float32s that float64 arithmetic rounds to`, () => {
      for (const [offset, scale] of [
        [0, 1],
        [73.456789012345, 0.0213456789],
        [-1e-3, 1 / 3],
        [12_345.678, 1e30],
        [0.1, 5e-42],
      ] as const) {
        const out = new Float32Array(all.length);
        mapValues(all, { offset, scale }, out);
        expect(out).toEqual(Float32Array.from(all, (value) => (value - offset) * scale));
      }
    });
  }

  it("takes any number of values from anywhere in a buffer, and writes no further", () => {
    const draws = random(5, "lengths");
    for (const length of [0, 1, 15, 16, 17, 16_383, 16_384, 16_385, 40_001]) {
      for (const type of [Uint8Array, Int16Array]) {
        const whole = new type(length + 3).map(() => draws.uniform() * 255);
        const out = new Float32Array(length + 5).fill(-7);
        mapValues(whole.subarray(3), { offset: 3, scale: 0.5 }, out.subarray(2, 2 + length));
        const expected = Float32Array.from(whole.subarray(3), (value) => (value - 3) * 0.5);
        expect(out).toEqual(Float32Array.of(-7, -7, ...expected, -7, -7, -7));
      }
    }
  });
});

function lines(text: string): string[] {
  const parts = text.match(/.{1,96}/g)!;
  return parts.map((part, index) => `  "${part}"${index + 1 < parts.length ? " +" : ";"}`);
}
