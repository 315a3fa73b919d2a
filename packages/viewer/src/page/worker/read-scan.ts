import { SlicebookError } from "@slicebook/base";
import {
  formatOf,
  greysOfPixels,
  isGzip,
  LARGEST_FILE,
  LARGEST_SLICE,
  type Orientation,
  type SliceImage,
  unpackFile,
} from "@slicebook/datasets";
import { type DecodedPng, decode as decodePng } from "fast-png";

/** A file that was dropped on the page: one slice, or a volume of them. */
export type Scan =
  | { readonly kind: "slice"; readonly name: string; readonly image: SliceImage }
  | {
      readonly kind: "volume";
      readonly name: string;
      readonly shape: readonly [number, number, number];
      slice(plane: 0 | 1 | 2, index: number): SliceImage | Promise<SliceImage>;
    };

/**
 * Reads a file, whose format is told by its first bytes.
 *
 * `orientation` is how the run's data set has NIfTI images lie.
 */
export async function readScan(file: Blob, name: string, orientation: Orientation): Promise<Scan> {
  try {
    if (file.size === 0) throw new Error("it is empty");
    if (file.size > LARGEST_FILE)
      throw new Error(`it has ${mebibytes(file.size)}, of at most ${mebibytes(LARGEST_FILE)}`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const packedHeader = (start: Uint8Array) => formatOf(start, { packed: true }).header?.(start);
    const content = unpackFile(bytes, { header: packedHeader });
    const format = formatOf(content, { packed: isGzip(bytes) });
    if (format.nodeOnly)
      throw new Error(`it is a ${format.name} picture, which the command reads and this page does not`);
    const decodePicture = async () =>
      format.name === "PNG" ? greyOfPng(decodePng(bytes, { checkCrc: true })) : greyOfPicture(file);
    const header = format.header?.(content);
    if (header?.paired) throw new Error("it is the header of a pair; convert both to one .nii file first");
    if (header === undefined || header.sides()[2] === 1) {
      return { kind: "slice", name, image: await format.decode(content, { orientation }, decodePicture) };
    }
    const shape = header.sides(orientation);
    const slice = (plane: 0 | 1 | 2, slice: number) =>
      format.decode(content, { plane, slice, orientation }, decodePicture);
    // What is cut off is found now, not at some slice.
    await slice(2, shape[2] - 1);
    return { kind: "volume", name, shape, slice };
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    throw new SlicebookError("SLICE_UNREADABLE", `${name} cannot be read: ${why}`, {
      remedy: "Give a NIfTI file (.nii, .nii.gz), a PNG or a JPEG.",
      cause: error,
    });
  }
}

/** The grey values of a PNG of any depth, as the command line's decoder has them: colour by luma, alpha over black. */
function greyOfPng({ width, height, data, depth, channels, palette, transparency }: DecodedPng): SliceImage {
  const wide = depth === 16;
  const stored = depth < 8 ? unpackedBits(data, { width, height, depth }) : data;
  const spread = depth < 8 && palette === undefined ? 255 / (2 ** depth - 1) : 1;
  const values =
    palette === undefined
      ? greysOfPixels(stored, { channels, alpha: channels % 2 === 0, full: wide ? 65535 : 255 })
      : greysOfPixels(coloured(stored, palette), { channels: 4, alpha: true, full: 255 });
  for (const [pixel, value] of values.entries()) {
    const isClear = transparency?.every((part, channel) => stored[pixel * channels + channel] === part);
    values[pixel] = isClear && palette === undefined ? 0 : value * spread;
  }
  return { height, width, values, type: wide ? "uint16" : "uint8" };
}

/** Pixels of less than a byte each, whose rows start at whole bytes. */
function unpackedBits(
  data: ArrayLike<number>,
  { width, height, depth }: Pick<DecodedPng, "width" | "height" | "depth">,
): Uint8Array {
  const perRow = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, pixel) => {
    const bit = (pixel % width) * depth;
    const byte = data[Math.floor(pixel / width) * perRow + (bit >> 3)]!;
    return (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  });
}

/** The red, green, blue and alpha of pixels that are numbers of a palette's colours. */
function coloured(pixels: ArrayLike<number>, palette: NonNullable<DecodedPng["palette"]>): Uint8Array {
  const colours = new Uint8Array(4 * pixels.length);
  for (let pixel = 0; pixel < pixels.length; pixel++) {
    const [red = 0, green = 0, blue = 0, alpha = 255] = palette[pixels[pixel]!] ?? [];
    colours.set([red, green, blue, alpha], 4 * pixel);
  }
  return colours;
}

async function greyOfPicture(file: Blob): Promise<SliceImage> {
  const bitmap = await createImageBitmap(file, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
    imageOrientation: "from-image",
  }).catch((): never => {
    throw new Error("its data is damaged or cut off");
  });
  const { width, height } = bitmap;
  if (width * height > LARGEST_SLICE)
    throw new Error(`it has ${width}×${height} pixels, too many for a slice`);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const values = greysOfPixels(data, { channels: 4, alpha: true, full: 255 });
  return { height, width, values, type: "uint8" };
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
