import { forLevels } from "@slicebook/core";
import { loadPrior } from "../priors.ts";

/** Of the levels of codes, the coarsest first: what was measured to suit slices of 256 pixels a side. */
const SHIPPED = {
  codes: [512, 256, 64],
  batch: [8, 2, 1],
  shares: [10, 6, 5],
  temperature: [0.8, 0.7, 0.8],
  /** On few slices it is the better of the built-in ones (docs/prior.md). */
  prior: "transformer",
};
const DOWNSAMPLING = 4;
/** Codes along the longer side of the coarsest grid: enough for a form, few enough to be learned in minutes. */
const COARSEST_SIDE = 16;

/**
 * The settings that a new data set starts with, as the shipped configurations have them: as many grids of codes as bring
 * the coarsest down to 16 codes along the longer side, three at most.
 */
export async function initialSettings([height, width]: readonly [height: number, width: number]) {
  const grids = Math.log2(Math.max(height, width) / DOWNSAMPLING / COARSEST_SIDE);
  const hierarchy = Math.min(Math.max(1 + Math.round(grids), 1), SHIPPED.codes.length);
  const { name, initialOptions } = await loadPrior(SHIPPED.prior);
  return {
    model: {
      preset: "patch",
      downsampling: DOWNSAMPLING,
      hierarchy,
      codes: forLevels(SHIPPED.codes, hierarchy),
    },
    train: { minutes: 5, batch: 2 },
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
