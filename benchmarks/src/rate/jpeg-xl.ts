import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import decode, { init as initDecoder } from "@jsquash/jxl/decode.js";
import encode, { init as initEncoder } from "@jsquash/jxl/encode.js";
import type { ImageCodec } from "@slicebook/measure";

const EFFORT = 7;

/** JPEG XL by libjxl in WebAssembly, at effort 7 of 9; its files are bare codestreams, without a container. */
export async function createJpegXl(): Promise<ImageCodec> {
  const { resolve } = createRequire(import.meta.url);
  const wasm = (name: string) => readFile(resolve(`@jsquash/jxl/codec/${name}.wasm`));
  await initEncoder({ wasmBinary: await wasm("enc/jxl_enc") });
  await initDecoder({ wasmBinary: await wasm("dec/jxl_dec") });
  return {
    name: "jxl",
    triedAbove: 2,
    async encode({ data, height, width }, quality) {
      const pixels = new Uint8ClampedArray(4 * data.length).fill(255);
      for (const [index, value] of data.entries()) pixels.fill(value, 4 * index, 4 * index + 3);
      const image = { data: pixels, height, width, colorSpace: "srgb" } as const;
      return new Uint8Array(await encode(image, { quality, effort: EFFORT }));
    },
    async decode(file) {
      const { data } = await decode(file.slice().buffer);
      return Uint8Array.from({ length: data.length / 4 }, (_, index) => data[4 * index]!);
    },
  };
}
