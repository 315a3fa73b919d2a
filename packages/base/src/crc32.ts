/** A cyclic redundancy check of 32 bits over bytes, by a table for its polynomial with bits reversed. */
function crcBy(polynomial: number): (bytes: Uint8Array) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
    return remainder;
  });
  return (bytes) => {
    let remainder = 0xffffffff;
    for (const byte of bytes) remainder = (remainder >>> 8) ^ table[(remainder ^ byte) & 255]!;
    return ~remainder >>> 0;
  };
}

/** The CRC-32 of bytes that zlib and PNG use (ISO 3309). */
export const crc32 = crcBy(0xedb88320);

/** The CRC-32C (Castagnoli) of bytes, as iSCSI has it (RFC 3720). */
export const crc32c = crcBy(0x82f63b78);
