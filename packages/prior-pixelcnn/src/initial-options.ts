/** Of the levels of codes, the coarsest first: what was measured to suit slices of 256 pixels a side. */
const MEASURED = {
  layers: [8, 6, 4],
  hidden: [64, 48, 32],
  attention: [2, 1, 0],
  learningRate: [3e-3, 2e-3, 1e-3],
};

/** The options that a new data set starts with, by its number of code levels. */
export function initialOptions(levels: number) {
  const ofLevels = (values: readonly number[]) => (levels === 1 ? values[0]! : values.slice(0, levels));
  return {
    layers: ofLevels(MEASURED.layers),
    hidden: ofLevels(MEASURED.hidden),
    firstKernel: 5,
    attention: { count: ofLevels(MEASURED.attention) },
    dropout: 0,
    optimizer: { learningRate: ofLevels(MEASURED.learningRate) },
  };
}
