import { contextOf, type GridSpace, type LevelNetwork, type Prior, priorByLevel } from "@slicebook/core";
import { type LevelConfig, levelConfig, type PixelcnnConfig, pixelcnnSchema } from "./config.ts";
import { initialOptions } from "./initial-options.ts";
import { logits } from "./network.ts";
import { openLevel } from "./sample.ts";
import { weightsOf } from "./weights.ts";

/**
 * The gated PixelCNN (van den Oord et al., "Conditional image generation with PixelCNN decoders", 2016) as a prior.
 *
 * The probability of a grid is the product over its codes, in raster order, of that of each given those before it; of
 * several levels, the product over levels, each given those before. A level has a network of its own.
 */
export const pixelcnn: Prior<PixelcnnConfig> = {
  name: "pixelcnn",
  schema: pixelcnnSchema,
  initialOptions,
  bind: (config, space) =>
    priorByLevel(space, {
      slicePosition: config.slicePosition,
      conditionDropout: config.conditionDropout,
      network: (grid, level) => networkOf(levelConfig(config, level), grid),
    }),
};

function networkOf(config: LevelConfig, space: GridSpace): LevelNetwork {
  const { layers, hidden, dropout, corruption, slicePosition, conditionDropout, optimizer } = config;
  return {
    weights: weightsOf(config, space),
    optimizer,
    // Factors for the gated outputs of the vertical and the horizontal stack.
    noise: {
      corruption,
      slicePosition,
      conditionDropout,
      dropout: { rate: dropout, shape: [layers, 2, hidden] },
    },
    logits: (params, { codes, earlier, ...conditions }) =>
      logits(config, params, codes, {
        ...conditions,
        context: earlier.length > 0 ? contextOf(params, earlier, space) : undefined,
      }),
    open: (session) => openLevel(config, space, session),
  };
}
