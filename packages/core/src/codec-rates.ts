/** The bits per pixel that the preset `codec` is for. */
export const CODEC_RATES = { least: 0.05, most: 0.7 };

/** The rate that it has unless told otherwise. */
export const DEFAULT_CODEC_RATE = 0.25;

/** What decides how many codes a slice takes, of one grid. */
interface Tokenizer {
  readonly downsampling: 4 | 8 | 16;
  readonly hierarchy: number;
  readonly codes: number;
  readonly depth: number;
}

/** Tokenizers by the bits per pixel that they took, coded by a prior: docs/codebook.md has the measurements. */
const TOKENIZERS: readonly (Tokenizer & { readonly rate: number })[] = [
  { rate: 0.05, downsampling: 8, hierarchy: 1, codes: 256, depth: 1 },
  { rate: 0.065, downsampling: 8, hierarchy: 1, codes: 512, depth: 1 },
  { rate: 0.1, downsampling: 8, hierarchy: 1, codes: 128, depth: 2 },
  { rate: 0.15, downsampling: 8, hierarchy: 1, codes: 512, depth: 2 },
  { rate: 0.24, downsampling: 8, hierarchy: 1, codes: 512, depth: 3 },
  { rate: 0.33, downsampling: 8, hierarchy: 1, codes: 512, depth: 4 },
  { rate: 0.43, downsampling: 8, hierarchy: 1, codes: 512, depth: 5 },
  { rate: 0.53, downsampling: 8, hierarchy: 1, codes: 512, depth: 6 },
  { rate: 0.64, downsampling: 8, hierarchy: 1, codes: 512, depth: 7 },
];

/** The tokenizer whose rate is the nearest, by ratio. */
export function tokenizerAt(rate: number): Tokenizer {
  const distance = (own: number) => Math.abs(Math.log(own / rate));
  const { rate: _, ...nearest } = TOKENIZERS.reduce((best, one) =>
    distance(one.rate) < distance(best.rate) ? one : best,
  );
  return nearest;
}
