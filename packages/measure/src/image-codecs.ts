import type { Sharp } from "sharp";

/** The image formats that slices are compared with at equal bytes. */
export const IMAGE_FORMATS = ["jpeg", "webp"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** An 8-bit grey image, [height, width] row-major. */
export interface GreyImage {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** An image as a format has it. */
export interface CodedImage {
  readonly quality: number;
  readonly bytes: Uint8Array;
}

const LOWEST = 1;
const HIGHEST = 100;
/** Qualities tried above the one found by halving, since bytes do not quite rise with every step. */
const TRIED_ABOVE = 2;

/**
 * The image in that format, at the quality whose file comes nearest to this many bytes without more; at the lowest one,
 * if even that takes more. The search starts `near` a quality, and takes it that files grow with quality but for a
 * step or two.
 *
 * Encoders work as hard as they can: JPEG is MozJPEG's with trellis quantisation, WebP is searched at effort 6.
 */
export async function encodeWithin(
  image: GreyImage,
  format: ImageFormat,
  bytes: number,
  { near = 50 }: { readonly near?: number } = {},
): Promise<CodedImage> {
  const at = async (quality: number): Promise<CodedImage> => ({
    quality,
    bytes: await encode(image, format, quality),
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
  for (quality = high + 1; quality <= Math.min(HIGHEST, high + TRIED_ABOVE); quality++) {
    const tried = await at(quality);
    if (tried.bytes.length <= bytes) best = tried;
  }
  return best ?? at(LOWEST);
}

/** The grey values of such a file, [height, width]. */
export async function decodeGrey(bytes: Uint8Array): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(bytes).toColourspace("b-w").raw().toBuffer();
}

async function encode(
  { data, height, width }: GreyImage,
  format: ImageFormat,
  quality: number,
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const grey: Sharp = sharp(data, { raw: { width, height, channels: 1 } }).toColourspace("b-w");
  return format === "jpeg"
    ? grey.jpeg({ quality, mozjpeg: true }).toBuffer()
    : grey.webp({ quality, effort: 6 }).toBuffer();
}
