import { TOTAL_BITS } from "./code-table.ts";

/** The range is kept at or above this, so that the rarest code still has a part of it. */
const LEAST_RANGE = 2 ** 24;
const FULL_RANGE = 0xffffffff;

/** A part of 2¹⁶: where it starts, and how long it is. */
interface Interval {
  readonly start: number;
  readonly length: number;
}

export interface RangeEncoder {
  put(interval: Interval): void;
  /** The bytes of all that was put, without the zeros at their end. */
  finish(): Uint8Array;
}

/**
 * A range encoder with 32 bits of state (Martin, "Range encoding", 1979); carries go into bytes that wait for them, as
 * Subbotin's and LZMA's coders do.
 */
export function rangeEncoder(): RangeEncoder {
  const bytes: number[] = [];
  /** Below 2³³: the 33rd bit is a carry. */
  let low = 0;
  let range = FULL_RANGE;
  /** The last byte that a carry can still change, and how many bytes of 255 follow it. */
  let waiting = 0;
  let full = 0;

  const shift = () => {
    if (low < 0xff000000 || low > FULL_RANGE) {
      const carry = low > FULL_RANGE ? 1 : 0;
      bytes.push((waiting + carry) & 255);
      for (; full > 0; full--) bytes.push((255 + carry) & 255);
      waiting = (low >>> 24) & 255;
    } else {
      full += 1;
    }
    low = ((low & 0x00ffffff) << 8) >>> 0;
  };

  return {
    put({ start, length }) {
      const part = range >>> TOTAL_BITS;
      low += part * start;
      range = part * length;
      while (range < LEAST_RANGE) {
        range *= 256;
        shift();
      }
    },
    finish() {
      // Of the numbers in the range the one with the most zeros at its end, which are not written.
      low = Math.floor((low + range - 1) / LEAST_RANGE) * LEAST_RANGE;
      for (let byte = 0; byte < 5; byte++) shift();
      let end = bytes.length;
      while (end > 1 && bytes[end - 1] === 0) end -= 1;
      return Uint8Array.from(bytes.slice(1, end)); // the first byte waits for a carry that cannot come
    },
  };
}

export interface RangeDecoder {
  /** A number below 2¹⁶ in the interval that was put next. */
  peek(): number;
  /** Goes on behind that interval. */
  take(interval: Interval): void;
}

/** Reads what {@link rangeEncoder} wrote; behind the end of the bytes there are zeros. */
export function rangeDecoder(bytes: Uint8Array): RangeDecoder {
  let at = 0;
  let code = 0;
  let range = FULL_RANGE;
  const next = () => {
    code = ((code << 8) | (bytes[at++] ?? 0)) >>> 0;
  };
  for (let byte = 0; byte < 4; byte++) next();
  return {
    peek: () => Math.min(2 ** TOTAL_BITS - 1, Math.floor(code / (range >>> TOTAL_BITS))),
    take({ start, length }) {
      const part = range >>> TOTAL_BITS;
      code -= part * start;
      range = part * length;
      while (range < LEAST_RANGE) {
        range *= 256;
        next();
      }
    },
  };
}
