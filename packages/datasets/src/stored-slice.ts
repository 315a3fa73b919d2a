import type { Samples } from "./types.ts";

/** A slice's original values in the smallest type that holds them. */
export type StoredSlice = Uint8Array | Int16Array | Uint16Array | Float32Array;

/**
 * Packs values into the smallest of uint8, int16, uint16 and float32 that holds them.
 *
 * Nothing is lost but what float32 loses of real numbers: at most 2⁻²⁴ of each value.
 */
export function packed(values: Samples): StoredSlice {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (!Number.isInteger(value)) return Float32Array.from(values);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low >= 0 && high <= 0xff) return Uint8Array.from(values);
  if (low >= -0x8000 && high <= 0x7fff) return Int16Array.from(values);
  if (low >= 0 && high <= 0xffff) return Uint16Array.from(values);
  return Float32Array.from(values);
}
