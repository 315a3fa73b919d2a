import type { Metadata, Sharp, SharpOptions } from "sharp";
import { decodeGreyJpeg } from "./decode-grey-jpeg.ts";
import { decodeGreyPng } from "./decode-grey-png.ts";
import { greyOf } from "./grey.ts";
import { LARGEST_SLICE } from "./nifti.ts";
import type { PixelType, SliceImage } from "./types.ts";

/**
 * Decodes a PNG, JPEG, TIFF or WebP picture to one grey slice; Node only.
 *
 * 16-bit and float pixels keep their depth, 1- to 4-bit ones are widened to 8 bits (a 4-bit 15 becomes 255),
 * palettes are looked up, and colour turns to grey by BT.601's luma, as in Pillow's `convert("L")`. Alpha is
 * laid over black. The EXIF orientation is applied; colour profiles are not.
 */
export async function decodePicture(bytes: Uint8Array): Promise<SliceImage> {
  return decodeGreyPng(bytes) ?? (await decodeGreyJpeg(bytes)) ?? (await decodeAnyPicture(bytes));
}

/** The general decoder, sharp: for every kind of picture, and for saying what is wrong with a damaged one. */
export async function decodeAnyPicture(bytes: Uint8Array): Promise<SliceImage> {
  const { default: sharp } = await import("sharp");
  const options: SharpOptions = { failOn: "warning", limitInputPixels: LARGEST_SLICE, ignoreIcc: true };
  const metadata = await sharp(bytes, options).metadata();
  const type = pixelType(metadata);
  const picture = inDepth(sharp(bytes, options).autoOrient(), metadata, type);
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  const stored = typed(data, type);
  const { width, height, channels } = info;
  const values = new Float32Array(width * height);
  const full = type === "uint16" ? 65535 : type === "uint8" ? 255 : 1;
  const opaque = metadata.hasAlpha === true && channels % 2 === 0 ? channels - 1 : channels;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const at = pixel * channels;
    const grey =
      opaque >= 3 && type !== "float32"
        ? greyOf(stored[at]!, stored[at + 1]!, stored[at + 2]!)
        : opaque >= 3
          ? 0.299 * stored[at]! + 0.587 * stored[at + 1]! + 0.114 * stored[at + 2]!
          : stored[at]!;
    const alpha = opaque < channels ? stored[at + opaque]! : full;
    values[pixel] = alpha === full ? grey : (grey * alpha) / full;
  }
  return { height, width, values, type };
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
