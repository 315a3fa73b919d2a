import { forLevels } from "@slicebook/core";

/** Of the levels of codes, the coarsest first: what was measured to suit slices of 256 pixels a side. */
const MEASURED = {
  layers: [8, 6, 4],
  hidden: [64, 48, 32],
  attention: [2, 1, 0],
  learningRate: [3e-3, 2e-3, 1e-3],
};

/** The options that a new data set starts with, by its number of code levels. */
export function initialOptions(levels: number) {
  return {
    layers: forLevels(MEASURED.layers, levels),
    hidden: forLevels(MEASURED.hidden, levels),
    firstKernel: 5,
    attention: { count: forLevels(MEASURED.attention, levels) },
    dropout: 0,
    optimizer: { learningRate: forLevels(MEASURED.learningRate, levels) },
  };
}
