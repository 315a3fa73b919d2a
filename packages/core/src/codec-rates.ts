/** The bits per pixel that the preset `codec` is for. */
export const CODEC_RATES = { least: 0.05, most: 0.7 };

/** The rate that it has unless told otherwise. */
export const DEFAULT_CODEC_RATE = 0.25;

/** What decides how many codes a slice takes. */
interface Tokenizer {
  readonly downsampling: 4 | 8;
  readonly hierarchy: number;
  readonly codes: number | number[];
  readonly depth: number;
}

const oneGrid = { downsampling: 8, hierarchy: 1 } as const;

/** Coarse grids that hold the form at any rate, and a finest whose codes decide what is spent on detail. */
function threeGrids(finest: number): Omit<Tokenizer, "depth"> {
  return { downsampling: 4, hierarchy: 3, codes: [512, 256, finest] };
}

/** Tokenizers by the bits per pixel that slices of brains took, coded by a prior: docs/codebook.md says which were measured. */
const TOKENIZERS: readonly (Tokenizer & { readonly rate: number })[] = [
  { rate: 0.05, ...oneGrid, codes: 512, depth: 1 },
  { rate: 0.065, ...oneGrid, codes: 2048, depth: 1 },
  { rate: 0.1, ...oneGrid, codes: 512, depth: 2 },
  { rate: 0.13, ...threeGrids(8), depth: 1 },
  { rate: 0.155, ...threeGrids(16), depth: 1 },
  { rate: 0.18, ...threeGrids(32), depth: 1 },
  { rate: 0.2, ...threeGrids(64), depth: 1 },
  { rate: 0.24, ...threeGrids(128), depth: 1 },
  { rate: 0.28, ...threeGrids(256), depth: 1 },
  { rate: 0.32, ...threeGrids(512), depth: 1 },
  { rate: 0.38, ...threeGrids(16), depth: 2 },
  { rate: 0.44, ...threeGrids(32), depth: 2 },
  { rate: 0.5, ...threeGrids(64), depth: 2 },
  { rate: 0.62, ...threeGrids(128), depth: 2 },
  { rate: 0.76, ...threeGrids(256), depth: 2 },
];

/** The tokenizer whose rate is the nearest to the one asked for, in bits per pixel, by ratio. */
export function tokenizerAt(rate: number): Tokenizer {
  const distance = (own: number) => Math.abs(Math.log(own / rate));
  const { rate: _, ...nearest } = TOKENIZERS.reduce((best, one) =>
    distance(one.rate) < distance(best.rate) ? one : best,
  );
  return nearest;
}
