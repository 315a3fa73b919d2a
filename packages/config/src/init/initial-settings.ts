import { forLevels, type PresetName, presets } from "@slicebook/core";
import { DEFAULT_PRIOR } from "../built-in-priors.ts";
import { loadPrior } from "../priors.ts";

/** Of the levels of codes, the coarsest first: what was measured to suit slices of 256 pixels a side. */
const SHIPPED = {
  codes: [512, 256, 64],
  batch: [8, 2, 1],
  shares: [10, 6, 5],
  temperature: [0.9, 0.7, 0.8],
};
const DOWNSAMPLING = 4;
/** Codes along the longer side of the coarsest grid: enough for a form, few enough to be learned in minutes. */
const COARSEST_SIDE = 16;

/** Of a prior that is to tell codes rather than to draw them: what few slices teach is kept from being learnt by heart. */
const CODEC_PRIOR = {
  minutes: 10,
  batch: 8,
  keep: "best",
  patience: null,
  options: {
    layers: 8,
    hidden: 64,
    attention: { count: 2 },
    dropout: 0.1,
    optimizer: { learningRate: 3e-3 },
  },
};

/** The presets that a new data set may start with: to draw samples, or to compress. */
export type InitialPreset = Extract<PresetName, "patch" | "codec">;

/**
 * The settings that a new data set starts with, by what it is for.
 *
 * `patch`: as the shipped configurations have them, with as many grids of codes as bring the coarsest down to 16 codes along
 * the longer side, three at most. `codec`: of a rate, and a prior that suits whatever grids follow from it.
 */
export async function initialSettings(size: readonly [height: number, width: number], preset: InitialPreset) {
  const { name, initialOptions } = await loadPrior(DEFAULT_PRIOR);
  const train = { minutes: 5, batch: 2 };
  if (preset === "codec") {
    const { rate } = presets.codec;
    return {
      model: { preset, rate },
      train,
      prior: { name, ...CODEC_PRIOR },
      sample: { count: 16, temperature: 0.9 },
    };
  }
  const grids = Math.log2(Math.max(...size) / DOWNSAMPLING / COARSEST_SIDE);
  const hierarchy = Math.min(Math.max(1 + Math.round(grids), 1), SHIPPED.codes.length);
  return {
    model: { preset, downsampling: DOWNSAMPLING, hierarchy, codes: forLevels(SHIPPED.codes, hierarchy) },
    train,
    prior: {
      name,
      minutes: 20,
      batch: forLevels(SHIPPED.batch, hierarchy),
      ...(hierarchy === 1 ? {} : { shares: forLevels(SHIPPED.shares, hierarchy) }),
      keep: "last",
      patience: null,
      ...(initialOptions && { options: initialOptions(hierarchy) }),
    },
    sample: { count: 16, temperature: forLevels(SHIPPED.temperature, hierarchy), candidates: 16 },
  };
}
