import { type ImageSize, ownUnitRange, rangeOf } from "@slicebook/core";
import type { Sharp } from "sharp";

/** An 8-bit grey image, [height, width] row-major. */
export interface GreyImage {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A slice in 8 bits: its least value becomes 0 and its greatest 255. */
export function greyImage(slice: Float32Array, { height, width }: ImageSize): GreyImage {
  return { data: Uint8Array.from(ownUnitRange(slice), (value) => Math.round(255 * value)), height, width };
}

/** Grey values in the units of the slice whose range they span. */
export function inUnitsOf(slice: Float32Array, greys: Uint8Array | Float32Array): Float32Array {
  const { minimum, range } = rangeOf(slice);
  return Float32Array.from(greys, (value) => minimum + (value / 255) * range);
}

/** An image as a format has it. */
export interface CodedImage {
  readonly quality: number;
  readonly bytes: Uint8Array;
}

/** A lossy image format, with qualities from 1 to 100. */
export interface ImageCodec {
  readonly name: string;
  encode(image: GreyImage, quality: number): Promise<Uint8Array>;
  /** The grey values of a file, [height, width]. */
  decode(file: Uint8Array): Promise<Uint8Array>;
  /** Qualities tried above the one found by halving, since files do not quite grow with every step of quality. */
  readonly triedAbove: number;
}

/**
 * The image formats that slices are compared with at equal bytes, the older first.
 *
 * Encoders work as hard as is affordable: JPEG is MozJPEG's with trellis quantisation, WebP is searched at effort 6 of 6,
 * AVIF (by libaom) at effort 6 of 9, tuned for likeness to the eye, which gives the best SSIM too: effort 9 takes four
 * times as long for 1 to 2 % of the bytes. AVIF's files shrink by a few bytes at most from one quality to the next, and
 * take the longest to write, so that none is tried above.
 */
export const IMAGE_CODECS = [
  {
    name: "jpeg",
    encode: async (image, quality) => (await grey(image)).jpeg({ quality, mozjpeg: true }).toBuffer(),
    decode: decodeGrey,
    triedAbove: 2,
  },
  {
    name: "webp",
    encode: async (image, quality) => (await grey(image)).webp({ quality, effort: 6 }).toBuffer(),
    decode: decodeGrey,
    triedAbove: 2,
  },
  {
    name: "avif",
    encode: async (image, quality) =>
      (await grey(image)).avif({ quality, effort: 6, tune: "iq", chromaSubsampling: "4:2:0" }).toBuffer(),
    decode: decodeGrey,
    triedAbove: 0,
  },
] as const satisfies readonly ImageCodec[];

const LOWEST = 1;
const HIGHEST = 100;

/**
 * The image by that codec, at the quality whose file comes nearest to this many bytes without more; at the lowest one,
 * if even that takes more. The search starts `near` a quality, and takes it that files grow with quality but for a
 * step or two.
 */
export async function encodeWithin(
  image: GreyImage,
  codec: ImageCodec,
  bytes: number,
  { near = 50 }: { readonly near?: number | undefined } = {},
): Promise<CodedImage> {
  const at = async (quality: number): Promise<CodedImage> => ({
    quality,
    bytes: await codec.encode(image, quality),
  });
  let best: CodedImage | undefined;
  // The highest quality known to fit and the lowest known not to.
  let [low, high] = [LOWEST - 1, HIGHEST + 1];
  let quality = near;
  for (let step = 4; high - low > 1; step *= 2) {
    const tried = await at(quality);
    if (tried.bytes.length <= bytes) [best, low] = [tried, quality];
    else high = quality;
    const bounded = low >= LOWEST && high <= HIGHEST;
    const next = bounded ? Math.floor((low + high) / 2) : low < LOWEST ? high - step : low + step;
    quality = Math.max(low + 1, Math.min(high - 1, next));
  }
  for (quality = high + 1; quality <= Math.min(HIGHEST, high + codec.triedAbove); quality++) {
    const tried = await at(quality);
    if (tried.bytes.length <= bytes) best = tried;
  }
  return best ?? at(LOWEST);
}

async function decodeGrey(file: Uint8Array): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(file).toColourspace("b-w").raw().toBuffer();
}

async function grey({ data, height, width }: GreyImage): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  return sharp(data, { raw: { width, height, channels: 1 } }).toColourspace("b-w");
}
