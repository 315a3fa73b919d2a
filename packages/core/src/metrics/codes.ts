import { SlicebookError } from "@slicebook/base";

/**
 * How often each code occurs in `indices`, as float64 counts of length `codes`.
 *
 * Pass `counts` to add to those of earlier images. Throws `METRIC_INPUT_INVALID` at an index outside [0, `codes`).
 */
export function countCodes(
  indices: Int32Array,
  codes: number,
  counts: Float64Array = new Float64Array(codes),
): Float64Array {
  for (const index of indices) {
    if (index < 0 || index >= codes) {
      throw new SlicebookError(
        "METRIC_INPUT_INVALID",
        `code ${index} is not in the codebook, whose ${codes} codes are numbered from 0 to ${codes - 1}`,
      );
    }
    counts[index]! += 1;
  }
  return counts;
}

/** How many codes occur at all. */
export function codesInUse(counts: ArrayLike<number>): number {
  let used = 0;
  for (let code = 0; code < counts.length; code++) if (counts[code]! > 0) used += 1;
  return used;
}

/**
 * The entropy of the codes' frequencies in bits per code, −Σ p log₂ p: what an ideal coder needs that knows how often
 * each code occurs, and nothing of its neighbours. 0 where nothing was counted.
 */
export function entropyBits(counts: ArrayLike<number>): number {
  let total = 0;
  for (let code = 0; code < counts.length; code++) total += counts[code]!;
  let entropy = 0;
  for (let code = 0; code < counts.length; code++) {
    const count = counts[code]!;
    if (count > 0) entropy -= (count / total) * Math.log2(count / total);
  }
  return entropy;
}

/** The number of equally frequent codes of the same entropy, 2^H: from 1 (collapse) to the size of the codebook. */
export function perplexity(counts: ArrayLike<number>): number {
  return 2 ** entropyBits(counts);
}

/**
 * What an image costs in bits per pixel when each of its codes costs `bitsPerCode`.
 *
 * That is log₂ K at a fixed length, {@link entropyBits} with an entropy coder, or a prior's mean −log₂ p.
 * `codes` and `pixels` are their numbers in one image: 2,048 and 32,768 for a 64×32 grid of a 256×128 slice.
 */
export function bitsPerPixel(
  bitsPerCode: number,
  { codes, pixels }: { codes: number; pixels: number },
): number {
  return (bitsPerCode * codes) / pixels;
}
