import { SlicebookError } from "@slicebook/base";
import {
  decodeNifti,
  greyOf,
  niftiByteLength,
  type Orientation,
  readNiftiHeader,
  type SliceImage,
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
/** Enough of a file for a NIfTI header. */
const HEADER = 540;
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
    if (latin.startsWith("\x89PNG")) {
      return {
        kind: "slice",
        name,
        image: greyOfPng(decodePng(await file.arrayBuffer(), { checkCrc: true })),
      };
    }
    if (latin.startsWith("\xff\xd8\xff") || (latin.startsWith("RIFF") && latin.endsWith("WEBP"))) {
      return { kind: "slice", name, image: await greyOfPicture(file) };
    }
    return niftiScan(name, await unpacked(file, start), orientation);
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

/** The content of a file that may be packed; no more is unpacked than its NIfTI header announces. */
async function unpacked(file: Blob, start: Uint8Array): Promise<Uint8Array> {
  if (start[0] !== 0x1f || start[1] !== 0x8b) return new Uint8Array(await file.arrayBuffer());
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  let out = new Uint8Array(HEADER);
  let length = 0;
  let announced: number | undefined;
  for (;;) {
    const { value, done } = await reader.read().catch((): never => {
      throw new Error("its compressed data is damaged or cut off");
    });
    if (done) break;
    if (announced === undefined && length + value.length > out.length)
      out = grown(out, length + value.length);
    const taken = value.subarray(0, out.length - length);
    out.set(taken, length);
    length += taken.length;
    if (announced === undefined && length >= HEADER) {
      announced = niftiByteLength(readNiftiHeader(out.subarray(0, length)));
      if (announced > LARGEST) {
        throw new Error(`its header announces ${mebibytes(announced)}, of at most ${mebibytes(LARGEST)}`);
      }
      if (announced > out.length) out = grown(out, announced);
    }
    if (announced !== undefined && length >= announced) {
      await reader.cancel();
      break;
    }
  }
  return out.subarray(0, length);
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  all.set(bytes.subarray(0, length));
  return all;
}

/** The grey values of a PNG of any depth, as the command line's decoder has them: colour by luma, alpha over black. */
function greyOfPng({ width, height, data, depth, channels, palette }: DecodedPng): SliceImage {
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
  const values = new Float32Array(width * height);
  for (let pixel = 0; pixel < values.length; pixel++) {
    if (palette !== undefined) {
      const [red = 0, green = 0, blue = 0, alpha = 255] = palette[at(pixel)] ?? [];
      values[pixel] = (greyOf(red, green, blue) * alpha) / 255;
      continue;
    }
    const first = pixel * channels;
    const grey = channels >= 3 ? greyOf(at(first), at(first + 1), at(first + 2)) : at(first) * spread;
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
