import { crc32 } from "@slicebook/base";
import { byteReader, byteWriter, joinedBytes } from "./byte-stream.ts";
import { invalidSlbk } from "./slbk.ts";

/*
 * A slice's packed codes and two checksums: the lower 16 bits of the CRC-32 of what precedes them and of the codes as they
 * are packed, by which most damage is found at once, and the CRC-32 of both with the codes themselves, uint16 each, by
 * which it is certain that they are read as they were written.
 */

/** Bytes of the checksums. */
export const SEAL_BYTES = 6;

/** The packed codes of a slice and their checksums. `before` are the bytes that say how they are read. */
export function sealCodes(before: Uint8Array, packed: Uint8Array, levels: readonly Int32Array[]): Uint8Array {
  const writer = byteWriter();
  writer.bytes(packed);
  writer.int16(lowerBits(crc32(joinedBytes(before, packed))));
  writer.uint32(checksum(before, packed, levels));
  return writer.finish();
}

/** Packed codes whose own checksum is right; throws `SLBK_INVALID` if it is not. */
export interface SealedCodes {
  readonly packed: Uint8Array;
  /** Throws `SLBK_INVALID` if these are not the codes that were packed. */
  check(levels: readonly Int32Array[]): void;
}

/** Reads what {@link sealCodes} wrote. */
export function openSeal(before: Uint8Array, sealed: Uint8Array): SealedCodes {
  if (sealed.length < SEAL_BYTES) throw invalidSlbk("it is cut off");
  const packed = sealed.subarray(0, -SEAL_BYTES);
  const reader = byteReader(sealed.subarray(-SEAL_BYTES));
  if (reader.int16() !== lowerBits(crc32(joinedBytes(before, packed)))) {
    throw invalidSlbk("it is damaged or cut off: its checksum is not that of its bytes");
  }
  const expected = reader.uint32();
  return {
    packed,
    check(levels) {
      if (checksum(before, packed, levels) === expected) return;
      throw invalidSlbk(
        "its codes do not come out as they were written; it is damaged, or by a version that computes otherwise",
      );
    },
  };
}

/** As an int16. */
function lowerBits(checksum: number): number {
  return (checksum << 16) >> 16;
}

function checksum(before: Uint8Array, packed: Uint8Array, levels: readonly Int32Array[]): number {
  const codes = levels.map((codes) => {
    const bytes = new Uint8Array(2 * codes.length);
    const view = new DataView(bytes.buffer);
    for (const [at, code] of codes.entries()) view.setUint16(2 * at, code, true);
    return bytes;
  });
  return crc32(joinedBytes(before, packed, ...codes));
}
