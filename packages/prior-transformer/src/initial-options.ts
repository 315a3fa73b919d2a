import { forLevels } from "@slicebook/core";

/** Of the levels of codes, the coarsest first: small networks learn more in minutes (docs/prior.md). */
const MEASURED = {
  layers: [4, 3, 2],
  width: [64, 48, 32],
  heads: [2, 2, 1],
  window: [8, 4, 2],
  learningRate: [3e-3, 2e-3, 1e-3],
};

/** The options that a new data set starts with, by its number of code levels. */
export function initialOptions(levels: number) {
  const { learningRate, ...sizes } = MEASURED;
  return {
    ...Object.fromEntries(Object.entries(sizes).map(([name, values]) => [name, forLevels(values, levels)])),
    dropout: 0,
    optimizer: { learningRate: forLevels(learningRate, levels) },
  };
}
