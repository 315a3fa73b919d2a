import {
  type BoundPrior,
  type Condition,
  drawLevels,
  drawWeights,
  initialTraining,
  type Prior,
  type PriorPart,
  trainedWeights,
  withPrefix,
} from "@slicebook/core";
import { type LevelConfig, levelConfig, type PixelcnnConfig, pixelcnnSchema } from "./config.ts";
import { type GridSpace, gridSpaces, levelPrefix } from "./grid-space.ts";
import { initialOptions } from "./initial-options.ts";
import { openLevel } from "./sample.ts";
import { score, stepNoise, trainStep } from "./training.ts";
import { weightsOf, withVectors } from "./weights.ts";

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
  bind: (config, space): BoundPrior => {
    const spaces = gridSpaces(space);
    const taken: readonly [Condition, boolean][] = [
      ["labels", space.classes > 0],
      ["slicePositions", config.slicePosition],
      ["variations", (space.variations ?? 0) > 0],
    ];
    const conditions = taken.flatMap(([name, isTaken]) => (isTaken ? [name] : []));
    return {
      space,
      conditions,
      switches: { slicePositions: "slicePosition" },
      parts: spaces.map((_, level) => levelPart(levelConfig(config, level), spaces, level)),
      parameters: trainedWeights,
      sample: (engine, parameters, options) =>
        drawLevels({ space, conditions }, options, (level, lanes) =>
          openLevel(levelConfig(config, level), spaces, { engine, parameters, level, lanes }),
        ),
    };
  },
};

/** One level's network, which is trained by itself. */
function levelPart(config: LevelConfig, spaces: readonly GridSpace[], level: number): PriorPart {
  const space = spaces[level]!;
  const prefix = levelPrefix(level, spaces.length);
  const weights = weightsOf(config, space);
  return {
    levels: [level],
    initialCarry(seed, { vectors = [] } = {}) {
      const drawn = drawWeights(withVectors(weights, vectors, config, space), seed, {
        prefix: level === 0 ? "" : `level${level}.`,
      });
      return initialTraining(withPrefix(prefix, drawn));
    },
    trainStep: trainStep(config, space, prefix),
    stepNoise: (options) => stepNoise(config, space, { ...options, prefix }),
    score: score(config, space, prefix),
  };
}
