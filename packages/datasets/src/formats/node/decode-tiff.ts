import type { Sharp, SharpOptions } from "sharp";
import type { PixelType, Samples, SliceImage } from "../../types.ts";
import { LARGEST_SLICE, MOST_SECONDS } from "../limits.ts";
import { readTiffDirectory, TIFF_TAGS, type TiffDirectory } from "../tiff-directory.ts";

/** A photometric interpretation: white is zero. */
const INVERTED = 0;
const BLACK_IS_ZERO = 1;

/** Samples that make grey or a colour, by photometric interpretation; 3 for those that are not named. */
const COLOURS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 3: 1, 4: 1, 5: 4 };

/**
 * Decodes the TIFF and BigTIFF files whose values the general decoder would clip, invert or refuse: signed numbers,
 * those of more than 16 bits, floats. They are as stored, as tifffile reads them, and Pillow where it has the type;
 * `undefined` for all other files.
 *
 * Throws an `Error` for a stack of pages, and for pixels that are neither grey nor colour.
 */
export async function decodeTiff(bytes: Uint8Array, options: SharpOptions): Promise<SliceImage | undefined> {
  const directory = readTiffDirectory(bytes);
  const { pages, samples, photometric, format, bits } = directory;
  if (pages > 1) throw new Error(`it is a stack of ${pages} pages: save the one you mean as a file`);
  const colours = COLOURS[photometric] ?? 3;
  if (samples !== colours && samples !== colours + 1) {
    throw new Error(`it has ${samples} values a pixel, which are neither grey nor colour`);
  }
  // Pillow inverts 8-bit values of which 0 is white, and leaves those of 16 bits as they are stored.
  const usual =
    format === "unsigned" && ([1, 2, 4, 8].includes(bits) || (bits === 16 && photometric !== INVERTED));
  const colour = photometric > BLACK_IS_ZERO || samples > 1;
  if (usual || (colour && format === "float" && bits === 32)) return undefined;
  const kind = KINDS[`${format} ${bits}`];
  if (kind === undefined) throw new Error(`its values are of the unsupported type ${bits}-bit ${format}`);
  if (colour) throw new Error(`its values are colours or layers of ${bits}-bit ${format} numbers`);
  return readKind(bytes, directory, { ...kind, options });
}

/** A type of values, and the words of which the general decoder hands them over. */
interface Kind {
  readonly type: PixelType;
  readonly word: "uchar" | "ushort" | "uint" | "float";
  /** From words, whose first bytes are the lowest of a value (or, in pairs, the words as the file has them). */
  values(words: ArrayBuffer, littleEndian: boolean): Samples;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "signed 8": { type: "int8", word: "uchar", values: (words) => Int16Array.from(new Int8Array(words)) },
  "unsigned 16": { type: "uint16", word: "ushort", values: (words) => new Uint16Array(words) },
  "signed 16": { type: "int16", word: "ushort", values: (words) => new Int16Array(words) },
  "unsigned 32": {
    type: "uint32",
    word: "uint",
    values: (words) => Float64Array.from(new Uint32Array(words)),
  },
  "signed 32": { type: "int32", word: "uint", values: (words) => Float64Array.from(new Int32Array(words)) },
  "float 16": {
    type: "float32",
    word: "ushort",
    values: (words) => Float32Array.from(new Uint16Array(words), half),
  },
  "float 32": { type: "float32", word: "float", values: (words) => new Float32Array(words) },
  "unsigned 64": pairs("uint64", (view, at) => Number(view.getBigUint64(at))),
  "signed 64": pairs("int64", (view, at) => Number(view.getBigInt64(at))),
  "float 64": pairs("float64", (view, at) => view.getFloat64(at)),
};

/** The general decoder has no words of 64 bits: it is shown twice as many of 32. */
function pairs(type: PixelType, read: (view: DataView, at: number) => number): Kind {
  return {
    type,
    word: "uint",
    values(words, littleEndian) {
      const source = new Uint32Array(words);
      const view = new DataView(new ArrayBuffer(8));
      const [high, low] = littleEndian ? [1, 0] : [0, 1];
      return Float64Array.from({ length: source.length / 2 }, (_, index) => {
        view.setUint32(0, source[2 * index + high]!);
        view.setUint32(4, source[2 * index + low]!);
        return read(view, 0);
      });
    },
  };
}

/** The value of a float of 16 bits (IEEE 754 binary16). */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

async function readKind(
  bytes: Uint8Array,
  { bits, predictor, orientation, width, height, littleEndian, fields }: TiffDirectory,
  { type, word, values, options }: Kind & { readonly options: SharpOptions },
): Promise<SliceImage> {
  const wide = bits === 64;
  const whole = word !== "float";
  if (whole && predictor === 3) throw new Error(`its floats of ${bits} bits are stored as differences`);
  if (wide && (predictor !== 1 || orientation !== 1)) {
    throw new Error(`its values of 64 bits are ${orientation === 1 ? "stored as differences" : "turned"}`);
  }
  // The copy says that its values are whole numbers from 0 up, which the general decoder leaves as they are.
  const copy = new Uint8Array(bytes);
  const set = (tag: number, change: (value: number) => number) => {
    const field = fields.get(tag);
    if (field !== undefined) write(copy, field, change, littleEndian);
  };
  set(TIFF_TAGS.photometric, () => BLACK_IS_ZERO);
  if (whole) set(TIFF_TAGS.format, () => 1);
  if (wide) {
    set(TIFF_TAGS.bits, () => 32);
    set(TIFF_TAGS.width, (value) => 2 * value);
    set(TIFF_TAGS.tileWidth, (value) => 2 * value);
  }
  if (height * width > LARGEST_SLICE) {
    throw new Error(`it has ${height * width} pixels, of at most ${LARGEST_SLICE}`);
  }
  const { default: sharp } = await import("sharp");
  const picture: Sharp = sharp(copy, { ...options, limitInputPixels: 2 * LARGEST_SLICE })
    .timeout({ seconds: MOST_SECONDS })
    .autoOrient();
  const { data, info } = await picture
    .toColourspace(word === "ushort" ? "grey16" : "b-w")
    .raw({ depth: word })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1) throw new Error("its values are not grey");
  const words = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  const decoded = values(words, littleEndian);
  return { height: info.height, width: wide ? info.width / 2 : info.width, values: decoded, type };
}

function write(
  bytes: Uint8Array,
  {
    values,
    at,
    size,
  }: { readonly values: readonly number[]; readonly at: number; readonly size: 1 | 2 | 4 | 8 },
  change: (value: number) => number,
  little: boolean,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [index, value] of values.entries()) {
    const [offset, next] = [at + index * size, change(value)];
    if (size === 1) view.setUint8(offset, next);
    else if (size === 2) view.setUint16(offset, next, little);
    else if (size === 4) view.setUint32(offset, next, little);
    else view.setBigUint64(offset, BigInt(next), little);
  }
}
