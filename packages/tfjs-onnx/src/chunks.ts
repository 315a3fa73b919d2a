/** So many sums at once keep a large card busy: 65,536 threads with 16 sums each. */
const enoughSums = 2 ** 20;
/** With fewer terms in each chunk, adding up the chunks costs more than they save. */
const fewestTerms = 256;

/** Equal parts of the terms that a product of matrices adds up. */
export interface Chunks {
  readonly count: number;
  /** Terms of each. */
  readonly length: number;
}

/**
 * Into how many chunks the `samples × area` terms of each of so many sums are split for a card, where every sum is one
 * thread's: until 2²⁰ sums run side by side, or a chunk has fewer than 512 terms. The sums of all chunks, which are written out
 * before they are added up, take 4 MiB, up to the next divisor. A chunk is whole samples, or one part of a sample.
 */
export function chunksOf(samples: number, area: number, sums: number): Chunks {
  const terms = samples * area;
  const counts = [...divisors(samples), ...divisors(area).map((parts) => samples * parts)];
  const possible = counts.filter((count) => terms / count >= fewestTerms || count === 1);
  // Shaders read four numbers at a time where a side is a multiple of four.
  const even = possible.filter((count) => (terms / count) % 4 === 0);
  const usable = even.length > 0 ? even : possible;
  const count = usable.find((count) => count * sums >= enoughSums) ?? usable.at(-1)!;
  return { count, length: terms / count };
}

/** Every divisor, the smallest first. */
function divisors(of: number): number[] {
  return Array.from({ length: of }, (_, index) => index + 1).filter((divisor) => of % divisor === 0);
}
