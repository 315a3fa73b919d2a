import { createRequire } from "node:module";
import { isOutOfMemory } from "../../out-of-memory.ts";
import type { SliceImage } from "../../types.ts";
import { LARGEST_SLICE } from "../limits.ts";

/** What is used of libjpeg-turbo's build in WebAssembly; the bytes it hands out are its own memory. */
interface JpegDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  /** Throws for damaged data, and for what libjpeg warns of. */
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
}
/** What it prints when it aborts is thrown, too. */
type CreateDecoders = (
  output: Record<"print" | "printErr", () => void>,
) => Promise<{ readonly JPEGDecoder: new () => JpegDecoder }>;

const ignore = () => {};
let decoder: Promise<JpegDecoder | undefined> | undefined;

/**
 * Decodes a grey JPEG by libjpeg-turbo, as data sets have them, several times sooner than the general decoder, and
 * to the same values; `undefined` for any other picture, for one with Exif data (which may turn it), for a damaged
 * one, and where there is no room for WebAssembly's memory.
 */
export async function decodeGreyJpeg(bytes: Uint8Array): Promise<SliceImage | undefined> {
  if (!isPlainGrey(bytes)) return undefined;
  decoder ??= createDecoder();
  const jpeg = await decoder;
  if (jpeg === undefined) return undefined;
  try {
    jpeg.getEncodedBuffer(bytes.length).set(bytes);
    jpeg.decode();
  } catch (error) {
    // After it has aborted, as for want of memory, it cannot go on.
    if (error instanceof Error && error.name === "RuntimeError") decoder = undefined;
    return undefined;
  }
  const { width, height, componentCount } = jpeg.getFrameInfo();
  const values = new Uint8Array(jpeg.getDecodedBuffer());
  if (componentCount !== 1 || values.length !== width * height) return undefined;
  return { height, width, values, type: "uint8" };
}

async function createDecoder(): Promise<JpegDecoder | undefined> {
  // A script in CommonJS, without types.
  const create: CreateDecoders = createRequire(import.meta.url)(
    "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs",
  );
  try {
    const { JPEGDecoder } = await create({ print: ignore, printErr: ignore });
    return new JPEGDecoder();
  } catch (error) {
    // WebAssembly takes gigabytes of addresses, which a limit may not leave it.
    if (isOutOfMemory(error)) return undefined;
    throw error;
  }
}

/** Whether the headers are those of one 8-bit component of allowed size, and say nothing of Exif. */
function isPlainGrey(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  const word = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff; at += 2 + word(at + 2)) {
    const marker = bytes[at + 1]!;
    if (isFrame(marker)) {
      const [precision, height, width, components] = [
        bytes[at + 4],
        word(at + 5),
        word(at + 7),
        bytes[at + 9],
      ];
      return precision === 8 && components === 1 && height * width > 0 && height * width <= LARGEST_SLICE;
    }
    const isExif = marker === 0xe1 && bytes[at + 4] === 0x45; // "E"
    if (isExif || marker === 0xda) return false;
  }
  return false;
}

/** Start of a frame: 0xc0 to 0xcf, but for those that bring tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
