import { SlicebookError } from "@slicebook/base";
import {
  checkPicture,
  decodeNifti,
  greyOf,
  isTiff,
  type Orientation,
  readNiftiHeader,
  type SliceImage,
  unpackNifti,
  volumeSides,
} from "@slicebook/datasets";
import { type DecodedPng, decode as decodePng } from "fast-png";

/** A file that was dropped on the page: one slice, or a volume of them. */
export type Scan =
  | { readonly kind: "slice"; readonly name: string; readonly image: SliceImage }
  | {
      readonly kind: "volume";
      readonly name: string;
      readonly shape: readonly [number, number, number];
      slice(plane: 0 | 1 | 2, index: number): SliceImage;
    };

/** The most bytes that a volume may unpack to: as much as one of 1024×1024×256 values of 16 bits. */
const LARGEST = 2 ** 29;
/** The most pixels of a picture. */
const LARGEST_PICTURE = 2 ** 24;

/**
 * Reads a file, whose kind is told by its first bytes: NIfTI, packed or not, PNG, JPEG, or WebP.
 *
 * `orientation` is how the run's data set has NIfTI images lie.
 */
export async function readScan(file: Blob, name: string, orientation: Orientation): Promise<Scan> {
  try {
    if (file.size === 0) throw new Error("it is empty");
    if (file.size > LARGEST)
      throw new Error(`it has ${mebibytes(file.size)}, of at most ${mebibytes(LARGEST)}`);
    const start = new Uint8Array(await file.slice(0, 12).arrayBuffer());
    const latin = String.fromCharCode(...start);
    const isWebp = latin.startsWith("RIFF") && latin.endsWith("WEBP");
    if (latin.startsWith("\x89PNG") || latin.startsWith("\xff\xd8\xff") || isWebp) {
      checkPicture(new Uint8Array(await file.arrayBuffer()));
    }
    if (latin.startsWith("\x89PNG")) {
      return {
        kind: "slice",
        name,
        image: greyOfPng(decodePng(await file.arrayBuffer(), { checkCrc: true })),
      };
    }
    if (latin.startsWith("\xff\xd8\xff") || isWebp) {
      return { kind: "slice", name, image: await greyOfPicture(file) };
    }
    if (isTiff(start))
      throw new Error("it is a TIFF picture, which the command reads and this page does not");
    const packed = new Uint8Array(await file.arrayBuffer());
    return niftiScan(name, unpackNifti(packed, { limit: LARGEST, anySlice: true }), orientation);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    throw new SlicebookError("SLICE_UNREADABLE", `${name} cannot be read: ${why}`, {
      remedy: "Give a NIfTI file (.nii, .nii.gz), a PNG or a JPEG.",
      cause: error,
    });
  }
}

function niftiScan(name: string, bytes: Uint8Array, orientation: Orientation): Scan {
  const header = readNiftiHeader(bytes);
  if (header.paired) throw new Error("it is the header of a pair; convert both to one .nii file first");
  const isSlice = volumeSides(header)[2] === 1;
  if (isSlice) return { kind: "slice", name, image: decodeNifti(bytes, { orientation }) };
  const shape = volumeSides(header, orientation);
  // What is cut off is found now, not at some slice.
  decodeNifti(bytes, { plane: 2, slice: shape[2] - 1, orientation });
  return {
    kind: "volume",
    name,
    shape,
    slice: (plane, slice) => decodeNifti(bytes, { plane, slice, orientation }),
  };
}

/** The grey values of a PNG of any depth, as the command line's decoder has them: colour by luma, alpha over black. */
function greyOfPng({ width, height, data, depth, channels, palette, transparency }: DecodedPng): SliceImage {
  const wide = depth === 16;
  const full = wide ? 65535 : 255;
  const spread = depth < 8 && palette === undefined ? 255 / (2 ** depth - 1) : 1;
  const at =
    depth < 8
      ? (pixel: number) => {
          // Rows start at whole bytes.
          const perRow = Math.ceil((width * depth) / 8);
          const [row, column] = [Math.floor(pixel / width), pixel % width];
          const bit = column * depth;
          return (data[row * perRow + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
        }
      : (pixel: number) => data[pixel]!;
  /** Whether a pixel has the one colour that is transparent: all of its channels. */
  const isClear = (first: number) =>
    Array.from({ length: channels }, (_, channel) => at(first + channel)).every(
      (value, channel) => value === transparency?.[channel],
    );
  const values = new Float32Array(width * height);
  for (let pixel = 0; pixel < values.length; pixel++) {
    if (palette !== undefined) {
      const [red = 0, green = 0, blue = 0, alpha = 255] = palette[at(pixel)] ?? [];
      values[pixel] = (greyOf(red, green, blue) * alpha) / 255;
      continue;
    }
    const first = pixel * channels;
    const grey = channels >= 3 ? greyOf(at(first), at(first + 1), at(first + 2)) : at(first) * spread;
    if (transparency !== undefined && isClear(first)) continue;
    values[pixel] = channels % 2 === 0 ? (grey * at(first + channels - 1)) / full : grey;
  }
  return { height, width, values, type: wide ? "uint16" : "uint8" };
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
  if (width * height > LARGEST_PICTURE)
    throw new Error(`it has ${width}×${height} pixels, too many for a slice`);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Float32Array(width * height);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const at = 4 * pixel;
    values[pixel] = (greyOf(data[at]!, data[at + 1]!, data[at + 2]!) * data[at + 3]!) / 255;
  }
  return { height, width, values, type: "uint8" };
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
