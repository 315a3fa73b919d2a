import type { Target } from "./graph.ts";

/** Where there are many processors, and each wants sums of its own. */
export type Card = Exclude<Target, "cpu">;

/**
 * This many sums at once keep a large card busy: 65,536 threads with 16 sums each. CUDA's libraries split sums themselves, and
 * chunks that are parts of a sample cost two copies there.
 */
const enoughSums: Readonly<Record<Card, number>> = { webgpu: 2 ** 20, cuda: 2 ** 18 };
/** With fewer terms in each chunk, adding up the chunks costs more than they save. */
const fewestTerms = 256;

/** Equal parts of the terms that a product of matrices adds up. */
export interface Chunks {
  readonly count: number;
  /** Terms of each. */
  readonly length: number;
}

/**
 * Into how many chunks the `samples × area` terms of each of `sums` sums are split: until enough sums run side by side, or a
 * chunk has fewer than 512 terms. The sums of all chunks, which are written out before they are added up, take 4 MiB on WebGPU and
 * 1 MiB on CUDA, up to the next divisor, or one set of sums for each sample. A chunk is whole samples, or one part of a sample.
 */
export function chunksOf(card: Card, samples: number, area: number, sums: number): Chunks {
  const terms = samples * area;
  // Samples are joined only where they are small: that takes copies.
  const joined = area < fewestTerms ? divisors(samples) : [];
  const counts = [...joined, ...divisors(area).map((parts) => samples * parts)];
  const possible = counts.filter((count) => terms / count >= fewestTerms || count === 1);
  // Shaders read four numbers at a time where a side is a multiple of four.
  const even = possible.filter((count) => (terms / count) % 4 === 0);
  const usable = even.length > 0 ? even : possible;
  const count = usable.find((count) => count * sums >= enoughSums[card]) ?? usable.at(-1)!;
  return { count, length: terms / count };
}

/** Every divisor, the smallest first. */
function divisors(of: number): number[] {
  return Array.from({ length: of }, (_, index) => index + 1).filter((divisor) => of % divisor === 0);
}
