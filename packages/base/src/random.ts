/** A part of a stream's key: the name of what is drawn, or the number of a sample, a step, a position. */
export type RandomKey = number | string;

/** A stream of pseudo-random numbers that depends on its key only. */
export interface Random {
  /** The next 32 random bits, as an unsigned integer. */
  bits(): number;
  /** The next number in [0, 1), a multiple of 2⁻²⁴ (exact in float32). */
  uniform(): number;
  /** The next number of the standard normal distribution (Box and Muller, 1958). */
  normal(): number;
  /** The next integer in [0, `bound`), without bias. */
  integer(bound: number): number;
  /** The integers from 0 to `count - 1` in random order (Fisher and Yates). */
  permutation(count: number): Int32Array;
  /** `size` numbers in [`low`, `high`). */
  uniforms(size: number, low?: number, high?: number): Float32Array;
  /** `size` numbers of the normal distribution with the given standard deviation. */
  normals(size: number, deviation?: number): Float32Array;
}

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/**
 * Opens the random stream of a seed and a key: `random(seed, "sample", 3, 17)`.
 *
 * Streams with different keys are independent, so that a number drawn for one sample or position does not depend on
 * how many others are drawn. The generator is Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", 2011), whose 64-bit key is the seed's hash and whose counter is the key's hash and a running number.
 */
export function random(seed: number, ...key: readonly RandomKey[]): Random {
  const [key0, key1] = hash64([seed]);
  const [stream0, stream1] = hash64(key);
  const block = new Uint32Array(4);
  let next = 4;
  let counter = 0;
  let spare: number | undefined;

  function bits(): number {
    if (next === 4) {
      philox(block, counter >>> 0, Math.floor(counter / 2 ** 32), stream0, stream1, key0, key1);
      counter += 1;
      next = 0;
    }
    return block[next++]!;
  }

  function uniform(): number {
    return (bits() >>> 8) * 2 ** -24;
  }

  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  function integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`a random integer needs a bound from 1 to 2^32, not ${bound}`);
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = bits();
    while (value >= limit) value = bits();
    return value % bound;
  }

  function permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = integer(last + 1);
      const value = order[last]!;
      order[last] = order[other]!;
      order[other] = value;
    }
    return order;
  }

  function uniforms(size: number, low = 0, high = 1): Float32Array {
    const values = new Float32Array(size);
    for (let index = 0; index < size; index++) values[index] = low + (high - low) * uniform();
    return values;
  }

  function normals(size: number, deviation = 1): Float32Array {
    const values = new Float32Array(size);
    for (let index = 0; index < size; index++) values[index] = deviation * normal();
    return values;
  }

  return { bits, uniform, normal, integer, permutation, uniforms, normals };
}

/** Philox 4x32-10: fills `out` with the four words of one counter and key. Exported for its known answers. */
export function philox(
  out: Uint32Array,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let [a, b, c, d] = [counter0, counter1, counter2, counter3];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, a);
    const low0 = Math.imul(MULTIPLIER_0, a);
    const high1 = multiplyHigh(MULTIPLIER_1, c);
    const low1 = Math.imul(MULTIPLIER_1, c);
    a = high1 ^ b ^ key0;
    b = low1;
    c = high0 ^ d ^ key1;
    d = low0;
    key0 = (key0 + WEYL_0) | 0;
    key1 = (key1 + WEYL_1) | 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

/** Two FNV-1a hashes, with MurmurHash3's finalizer, of a key's parts. */
function hash64(parts: readonly RandomKey[]): [number, number] {
  const text = JSON.stringify(parts);
  return [hash32(text, 0x811c9dc5), hash32(text, 0x2f0b4c47)];
}

function hash32(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
