import { forLevels, type PresetName, presets } from "@slicebook/core";
import { loadPrior } from "../priors.ts";

/** Of the levels of codes, the coarsest first: what was measured to suit slices of 256 pixels a side. */
const SHIPPED = {
  codes: [512, 256, 64],
  batch: [8, 2, 1],
  shares: [10, 6, 5],
  temperature: [0.9, 0.8, 0.85],
  /** On few slices it is the better of the built-in ones (docs/prior.md). */
  prior: "transformer",
};
const DOWNSAMPLING = 4;
/** Codes along the longer side of the coarsest grid: enough for a form, few enough to be learned in minutes. */
const COARSEST_SIDE = 16;

/** The presets that a new data set may start with: to draw samples, or to compress. */
export type InitialPreset = Extract<PresetName, "patch" | "codec">;

/**
 * The settings that a new data set starts with, by what it is for.
 *
 * `patch`: as the shipped configurations have them, with as many grids of codes as bring the coarsest down to 16 codes along
 * the longer side, three at most. `codec`: a rate, and of the prior what suits any grids that follow from one; the weights
 * that tell unseen slices best are kept.
 */
export async function initialSettings(size: readonly [height: number, width: number], preset: InitialPreset) {
  const grids = Math.log2(Math.max(...size) / DOWNSAMPLING / COARSEST_SIDE);
  const hierarchy = Math.min(Math.max(1 + Math.round(grids), 1), SHIPPED.codes.length);
  const levels = preset === "codec" ? SHIPPED.codes.length : hierarchy;
  const { name, initialOptions } = await loadPrior(SHIPPED.prior);
  return {
    model:
      preset === "codec"
        ? { preset, rate: presets.codec.rate }
        : {
            preset,
            downsampling: DOWNSAMPLING,
            hierarchy,
            codes: forLevels(SHIPPED.codes, hierarchy),
            loss: { bits: presets.codec.loss.bits },
          },
    train: { minutes: 5, batch: 2 },
    prior: {
      name,
      minutes: 20,
      batch: forLevels(SHIPPED.batch, levels),
      ...(levels === 1 ? {} : { shares: forLevels(SHIPPED.shares, levels) }),
      keep: preset === "codec" ? "best" : "last",
      patience: null,
      ...(initialOptions && { options: initialOptions(levels) }),
    },
    sample: { count: 16, temperature: forLevels(SHIPPED.temperature, levels), candidates: 16 },
  };
}
