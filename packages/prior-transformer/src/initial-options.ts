import { forLevels } from "@slicebook/core";

/** Of the levels of codes, the coarsest first: a larger network looks back further on the coarser, smaller grids. */
const BY_LEVEL = {
  layers: [6, 5, 4],
  width: [128, 96, 64],
  heads: [4, 3, 2],
  window: [15, 7, 3],
  learningRate: [2e-3, 1.5e-3, 1e-3],
};

/** The options that a new data set starts with, by its number of code levels. */
export function initialOptions(levels: number) {
  const { learningRate, ...sizes } = BY_LEVEL;
  return {
    ...Object.fromEntries(Object.entries(sizes).map(([name, values]) => [name, forLevels(values, levels)])),
    optimizer: { learningRate: forLevels(learningRate, levels) },
  };
}
