import type { Samples } from "../types.ts";
import { range } from "./slice-statistics.ts";

/** A slice's original values in the smallest type that holds them. */
export type StoredSlice = Exclude<Samples, Float64Array>;

/**
 * Values in the smallest of uint8, int16, uint16 and float32 that holds them: a copy, but for values that are `owned`,
 * which are kept as they are if they have that type and their memory to themselves.
 *
 * Nothing is lost but what float32 loses of real numbers: at most 2⁻²⁴ of each value.
 */
export function packed(values: Samples, { owned = false } = {}): StoredSlice {
  const Type = smallestType(values);
  const alone = values.byteLength === values.buffer.byteLength;
  return owned && alone && values instanceof Type ? values : new Type(values);
}

function smallestType(values: Samples) {
  if (values instanceof Uint8Array) return Uint8Array;
  const bounds =
    values instanceof Float32Array
      ? wholeBounds32(values)
      : values instanceof Float64Array
        ? wholeBounds64(values)
        : range(values);
  if (bounds === undefined) return Float32Array;
  const [low, high] = bounds;
  if (low >= 0 && high <= 0xff) return Uint8Array;
  if (low >= -0x8000 && high <= 0x7fff) return Int16Array;
  if (low >= 0 && high <= 0xffff) return Uint16Array;
  return Float32Array;
}

// One for each type: a loop over both is some times as slow.

function wholeBounds32(values: Float32Array): [low: number, high: number] | undefined {
  let low = 0;
  let high = 0;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const value = values[pixel]!;
    if ((value | 0) !== value) return undefined;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function wholeBounds64(values: Float64Array): [low: number, high: number] | undefined {
  let low = 0;
  let high = 0;
  for (let pixel = 0; pixel < values.length; pixel++) {
    const value = values[pixel]!;
    if ((value | 0) !== value) return undefined;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The types of stored slices, by name. */
export const STORED_TYPES = ["uint8", "int16", "uint16", "float32"] as const;

export type StoredType = (typeof STORED_TYPES)[number];

export function storedTypeOf(values: StoredSlice): StoredType {
  if (values instanceof Uint8Array) return "uint8";
  if (values instanceof Int16Array) return "int16";
  return values instanceof Uint16Array ? "uint16" : "float32";
}

export function storedBytes(type: StoredType): 1 | 2 | 4 {
  return type === "uint8" ? 1 : type === "float32" ? 4 : 2;
}

/** A stored slice in a buffer, at an offset that its type allows. */
export function storedAt(type: StoredType, buffer: ArrayBuffer, at: number, count: number): StoredSlice {
  switch (type) {
    case "uint8":
      return new Uint8Array(buffer, at, count);
    case "int16":
      return new Int16Array(buffer, at, count);
    case "uint16":
      return new Uint16Array(buffer, at, count);
    case "float32":
      return new Float32Array(buffer, at, count);
  }
}
