import type { Metadata, Sharp, SharpOptions } from "sharp";
import type { PixelType, SliceImage } from "../../types.ts";
import { greyOf, greysOfPixels } from "../grey.ts";
import { LARGEST_SLICE, MOST_SECONDS } from "../limits.ts";
import { isTiff } from "../tiff-directory.ts";
import { decodeGreyJpeg } from "./decode-grey-jpeg.ts";
import { decodeGreyPng } from "./decode-grey-png.ts";
import { decodeTiff } from "./decode-tiff.ts";

/**
 * Decodes a PNG, JPEG, TIFF or WebP picture to one grey slice.
 *
 * Pixels of 16 bits and more, signed ones and floats keep their values, 1- to 4-bit ones are widened to 8 bits (a 4-bit
 * 15 becomes 255), palettes are looked up, and colour turns to grey by BT.601's luma, as in Pillow's `convert("L")`,
 * CMYK among them. Alpha, also a PNG's transparent colour, is laid over black. The EXIF orientation is applied; colour
 * profiles are not.
 */
export async function decodeStill(bytes: Uint8Array): Promise<SliceImage> {
  return decodeGreyPng(bytes) ?? (await decodeGreyJpeg(bytes)) ?? (await decodeAnyPicture(bytes));
}

/** The general decoder, sharp: for every kind of picture, and for saying what is wrong with a damaged one. */
export async function decodeAnyPicture(bytes: Uint8Array): Promise<SliceImage> {
  const { default: sharp } = await import("sharp");
  const options: SharpOptions = { failOn: "warning", limitInputPixels: LARGEST_SLICE, ignoreIcc: true };
  const special = isTiff(bytes) ? await decodeTiff(bytes, options) : undefined;
  if (special !== undefined) return special;
  const metadata = await sharp(bytes, options).metadata();
  const type = pixelType(metadata);
  const printed = metadata.space === "cmyk";
  if (printed && type !== "uint8") throw new Error(`its colours are CMYK of more than 8 bits`);
  const opened = sharp(bytes, options).timeout({ seconds: MOST_SECONDS }).autoOrient();
  const picture = printed
    ? opened.pipelineColourspace("cmyk").toColourspace("cmyk").raw()
    : inDepth(opened, metadata, type);
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  const stored = typed(data, type);
  const { width, height, channels } = info;
  const values = printed
    ? Float32Array.from({ length: width * height }, (_, pixel) => greyOfPrint(stored, pixel * channels))
    : greysOfPixels(stored, {
        channels,
        alpha: metadata.hasAlpha === true && channels % 2 === 0,
        full: type === "uint16" ? 65535 : type === "uint8" ? 255 : 1,
        ...(type === "float32" && { luma: lumaOfFloats }),
      });
  return { height, width, values, type };
}

function lumaOfFloats(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Without a profile, as Pillow: each of cyan, magenta and yellow takes its part of what black leaves. */
function greyOfPrint(stored: ArrayLike<number>, at: number): number {
  const left = 255 - stored[at + 3]!;
  const [red, green, blue] = [0, 1, 2].map((ink) => {
    const product = stored[at + ink]! * left + 128;
    return left - ((product + (product >> 8)) >> 8);
  }) as [number, number, number];
  return greyOf(red, green, blue);
}

function pixelType({ depth }: Metadata): Extract<PixelType, "uint8" | "uint16" | "float32"> {
  if (depth === "ushort" || depth === "short") return "uint16";
  if (depth === "float" || depth === "double") return "float32";
  return "uint8";
}

function inDepth(picture: Sharp, { channels = 1 }: Metadata, type: PixelType): Sharp {
  // Raw output in a grey colour space would drop the alpha of a grey picture.
  const colour = channels >= 2;
  if (type === "uint16") return picture.toColourspace(colour ? "rgb16" : "grey16").raw({ depth: "ushort" });
  if (type === "float32") return picture.toColourspace(colour ? "scrgb" : "b-w").raw({ depth: "float" });
  return picture.toColourspace(colour ? "srgb" : "b-w").raw({ depth: "uchar" });
}

function typed(data: Buffer, type: PixelType): Uint8Array | Uint16Array | Float32Array {
  if (type === "uint8") return data;
  const copy = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  return type === "uint16" ? new Uint16Array(copy) : new Float32Array(copy);
}
