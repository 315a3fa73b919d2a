import { type GridSpace, type LevelNetwork, type Prior, priorByLevel } from "@slicebook/core";
import { type LevelConfig, levelConfig, type TransformerConfig, transformerSchema } from "./config.ts";
import { initialOptions } from "./initial-options.ts";
import { logits } from "./network.ts";
import { openLevel } from "./sample.ts";
import { weightsOf } from "./weights.ts";

/**
 * A decoder-only transformer (Vaswani et al., "Attention is all you need", 2017) over code grids as a prior.
 *
 * The probability of a grid is the product over its codes, in raster order, of that of each given those before it; of
 * several levels, the product over levels, each given those before. A level has a network of its own.
 */
export const transformer: Prior<TransformerConfig> = {
  name: "transformer",
  schema: transformerSchema,
  initialOptions,
  bind: (config, space) =>
    priorByLevel(space, {
      slicePosition: config.slicePosition,
      conditionDropout: config.conditionDropout,
      knownFirst: config.order === "random",
      network: (grid, level) => networkOf(levelConfig(config, level), grid),
    }),
};

/** The share of the training slices of which a part comes first; the others come in raster order, as samples do. */
const KNOWN_SHARE = 0.5;

function networkOf(config: LevelConfig, space: GridSpace): LevelNetwork {
  const { layers, width, order, dropout, corruption, slicePosition, conditionDropout, optimizer } = config;
  return {
    weights: weightsOf(config, space),
    optimizer,
    // Factors for what a layer's attention and its matrices add.
    noise: {
      corruption,
      slicePosition,
      conditionDropout,
      knownFirst: order === "random" ? KNOWN_SHARE : 0,
      dropout: { rate: dropout, shape: [layers, 2, width] },
    },
    logits: (params, given) => logits(config, space, params, given),
    open: (session) => openLevel(config, space, session),
  };
}
