import type { Samples, SliceImage } from "../../types.ts";
import type { SliceOptions } from "../format.ts";
import { type NiftiHeader, niftiByteLength, niftiType, readNiftiHeader } from "./header.ts";
import { invalid } from "./invalid.ts";
import { slicePlace } from "./slice-place.ts";

/**
 * Decodes one slice: `values[row * width + column]` is what nibabel's `dataobj[row, column]` is.
 *
 * Axis 0 of the array is rows, although it runs fastest in the file; of a volume, the two axes that remain
 * keep their order. `scl_slope` and `scl_inter` are applied in float64. Integers are exact up to 2⁵³. Colour
 * turns to grey. Throws `NIFTI_INVALID` for bytes that are not a NIfTI image, or when which slice is meant is
 * not clear.
 */
export function decodeNifti(bytes: Uint8Array, options: SliceOptions = {}): SliceImage {
  const header = readNiftiHeader(bytes);
  const { height, width, start, rowStride, columnStride, affine } = slicePlace(header, options);
  const source = header.paired ? options.image : bytes;
  if (source === undefined) throw invalid("it is the header of a pair, whose .img file was not given");
  const needed = niftiByteLength(header);
  if (source.length < needed) throw invalid(`it is cut off after ${source.length} of ${needed} bytes`);
  const affineCode = codeOf(header, options);
  const type = niftiType(header.type);
  const { slope, intercept, littleEndian, offset } = header;
  const scaled = slope !== 1 || intercept !== 0;
  const plain =
    columnStride === height && rowStride === 1
      ? plainValues(source, header, offset + start * type.bytes, height * width)
      : undefined;
  if (plain !== undefined) {
    const values = transposed(plain, header, { height, width });
    return { height, width, values, type: header.type, affine, affineCode };
  }
  const values = type.exact && !scaled ? new Float32Array(height * width) : new Float64Array(height * width);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let row = 0; row < height; row++) {
    let at = offset + (start + row * rowStride) * type.bytes;
    for (let column = 0; column < width; column++) {
      const stored = type.read(view, at, littleEndian);
      values[row * width + column] = scaled ? stored * slope + intercept : stored;
      at += columnStride * type.bytes;
    }
  }
  return { height, width, values, type: header.type, affine, affineCode };
}

/** Axes that are chosen or turned by a guess are said to be "aligned", as nibabel does when it turns an image. */
function codeOf({ affineCode, affineFault }: NiftiHeader, options: SliceOptions): number {
  const { plane = 2, orientation = "file" } = options;
  const asInFile = plane === 2 && orientation === "file";
  return affineCode === 0 && affineFault === undefined && !asInFile ? ALIGNED : affineCode;
}

const ALIGNED = 2;

/** Values that lie together in this machine's byte order are taken at once, which is much faster. */
function plainValues(
  source: Uint8Array,
  { type, littleEndian }: NiftiHeader,
  at: number,
  count: number,
): Samples | undefined {
  if (!littleEndian || !LITTLE_ENDIAN_MACHINE) return undefined;
  const aligned = (bytes: number): [ArrayBufferLike, number, number] =>
    (source.byteOffset + at) % bytes === 0
      ? [source.buffer, source.byteOffset + at, count]
      : [new Uint8Array(source.subarray(at, at + bytes * count)).buffer, 0, count];
  switch (type) {
    case "uint8":
      return new Uint8Array(...aligned(1));
    case "int16":
      return new Int16Array(...aligned(2));
    case "uint16":
      return new Uint16Array(...aligned(2));
    case "float32":
      return new Float32Array(...aligned(4));
    case "float64":
      return new Float64Array(...aligned(8));
    default:
      return undefined;
  }
}

const LITTLE_ENDIAN_MACHINE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** From the file's order, axis 0 fastest, to rows; scaled. */
function transposed(source: Samples, { slope, intercept }: NiftiHeader, sides: Sides): Samples {
  if (slope === 1 && intercept === 0) {
    if (source instanceof Uint8Array) return transpose(source, new Uint8Array(source.length), sides);
    if (source instanceof Int16Array) return transpose(source, new Int16Array(source.length), sides);
    if (source instanceof Uint16Array) return transpose(source, new Uint16Array(source.length), sides);
    if (source instanceof Float32Array) return transpose(source, new Float32Array(source.length), sides);
    return transpose(source, new Float64Array(source.length), sides);
  }
  const out = transpose(source, new Float64Array(source.length), sides);
  for (let pixel = 0; pixel < out.length; pixel++) out[pixel] = out[pixel]! * slope + intercept;
  return out;
}

function transpose<Out extends Samples>(source: Samples, out: Out, { height, width }: Sides): Out {
  // In strips of columns, whose cache lines stay while the rows below are filled.
  for (let strip = 0; strip < width; strip += TRANSPOSED_COLUMNS) {
    const end = Math.min(width, strip + TRANSPOSED_COLUMNS);
    for (let row = 0; row < height; row++) {
      for (let column = strip; column < end; column++) {
        out[row * width + column] = source[column * height + row]!;
      }
    }
  }
  return out;
}

const TRANSPOSED_COLUMNS = 16;
