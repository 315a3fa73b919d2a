/** Bytes that are written one after the other. */
export interface ByteWriter {
  byte(value: number): void;
  /** A whole number, 0 or more, in as few bytes as it takes: 7 bits each, the lowest first (LEB128). */
  varint(value: number): void;
  /** Little-endian, as the three below. */
  int16(value: number): void;
  uint32(value: number): void;
  float32(value: number): void;
  bytes(values: Uint8Array): void;
  /** All that was written. */
  finish(): Uint8Array;
}

export function byteWriter(): ByteWriter {
  const written: number[] = [];
  const view = new DataView(new ArrayBuffer(4));
  const push = (count: number) => {
    for (let at = 0; at < count; at++) written.push(view.getUint8(at));
  };
  return {
    byte: (value) => void written.push(value & 255),
    varint(value) {
      let rest = value;
      for (; rest > 127; rest = Math.floor(rest / 128)) written.push((rest % 128) + 128);
      written.push(rest);
    },
    int16(value) {
      view.setInt16(0, value, true);
      push(2);
    },
    uint32(value) {
      view.setUint32(0, value, true);
      push(4);
    },
    float32(value) {
      view.setFloat32(0, value, true);
      push(4);
    },
    bytes(values) {
      for (const value of values) written.push(value);
    },
    finish: () => Uint8Array.from(written),
  };
}

/** Reads what a {@link ByteWriter} wrote; throws a `RangeError` behind the end of the bytes. */
export interface ByteReader {
  byte(): number;
  varint(): number;
  int16(): number;
  uint32(): number;
  float32(): number;
  bytes(count: number): Uint8Array;
  /** How many bytes were read. */
  readonly at: number;
}

/** A varint of more bytes is none that was written. */
const LONGEST_VARINT = 5;

export function byteReader(content: Uint8Array): ByteReader {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let at = 0;
  const next = (count: number) => {
    if (!(count <= content.length - at)) throw new RangeError("it is cut off");
    at += count;
    return at - count;
  };
  return {
    byte: () => view.getUint8(next(1)),
    varint() {
      let value = 0;
      for (let index = 0; index < LONGEST_VARINT; index++) {
        const byte = view.getUint8(next(1));
        value += (byte & 127) * 128 ** index;
        if (byte < 128) return value;
      }
      throw new RangeError("a number in it is too long");
    },
    int16: () => view.getInt16(next(2), true),
    uint32: () => view.getUint32(next(4), true),
    float32: () => view.getFloat32(next(4), true),
    bytes(count) {
      const start = next(count);
      return content.subarray(start, start + count);
    },
    get at() {
      return at;
    },
  };
}

/** The bytes of all parts, one after the other. */
export function joinedBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
