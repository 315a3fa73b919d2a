import { type HostTensors, sizeOf } from "@slicebook/base";
import { mapRecord } from "./params.ts";
import { checkName, invalid, METADATA, readSafetensorsHeader, tensorAt } from "./safetensors-header.ts";

/** What {@link decodeSafetensors} reads. */
export interface Safetensors {
  readonly tensors: HostTensors;
  /** The file's `__metadata__`; empty where it has none. */
  readonly metadata: Readonly<Record<string, string>>;
}

const DTYPES = { float32: "F32", int32: "I32" } as const;
const ARRAYS = { float32: Float32Array, int32: Int32Array } as const;

/**
 * Writes named tensors as the bytes of a safetensors file: an 8-byte little-endian header length, a JSON header padded
 * with spaces to a multiple of 8, and the values, little-endian and row-major, in the order of their names.
 *
 * The same tensors and metadata give the same bytes, in whatever order they are listed. Throws `SAFETENSORS_INVALID`
 * for a name that the format reserves, or a tensor of another type or whose values do not fill its shape.
 */
export function encodeSafetensors(
  tensors: HostTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const named = sorted(tensors);
  const comments = sorted(metadata);
  const header: Record<string, unknown> = {};
  if (comments.length > 0) {
    for (const [key] of comments) checkName(key);
    header[METADATA] = Object.fromEntries(comments);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of named) {
    checkName(name);
    const ofType = Object.hasOwn(ARRAYS, dtype) && data instanceof ARRAYS[dtype];
    if (!ofType) {
      const actual = `${dtype} in a ${Object.prototype.toString.call(data).slice(8, -1)}`;
      throw invalid(
        `tensor "${name}" is ${actual}; a file takes float32 in a Float32Array and int32 in an Int32Array`,
      );
    }
    if (data.length !== sizeOf(shape)) {
      throw invalid(`tensor "${name}" has ${data.length} values, which do not fill [${shape.join(", ")}]`);
    }
    header[name] = { dtype: DTYPES[dtype], shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }

  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(text, 8);
  let position = 8 + headerLength;
  for (const [, { data }] of named) {
    // Typed arrays have the machine's byte order, which is little-endian wherever JavaScript runs today.
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a safetensors file, which may come from anywhere: see {@link readSafetensorsHeader}.
 *
 * The values are copied. Throws `SAFETENSORS_INVALID` with what is wrong.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { tensors, metadata } = readSafetensorsHeader(bytes, bytes.length);
  return { tensors: mapRecord(tensors, (place) => tensorAt(place, bytes)), metadata };
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
