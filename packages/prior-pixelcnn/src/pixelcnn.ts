import {
  type BoundPrior,
  checkTensors,
  initialTraining,
  type Prior,
  specsOf,
  trainedWeights,
  withPrefix,
} from "@slicebook/core";
import { type PixelcnnConfig, pixelcnnSchema } from "./config.ts";
import { gridSpaces, levelPrefix } from "./grid-space.ts";
import { sample } from "./sample.ts";
import { score, stepInputs, stepNoise, trainStep } from "./training.ts";
import { initialWeights } from "./weights.ts";

/**
 * The gated PixelCNN (van den Oord et al., "Conditional image generation with PixelCNN decoders", 2016) as a prior.
 *
 * The probability of a grid is the product over its codes, in raster order, of that of each given those before it; of
 * several levels, the product over levels, each given those before. A level has a network of its own.
 */
export const pixelcnn: Prior<PixelcnnConfig> = {
  name: "pixelcnn",
  schema: pixelcnnSchema,
  bind: (config, space) => {
    const spaces = gridSpaces(space);
    const initialCarry: BoundPrior["initialCarry"] = (seed, { vectors = [] } = {}) => {
      const levels = spaces.map((one, level) =>
        withPrefix(levelPrefix(level, spaces.length), initialWeights(config, one, { seed, level, vectors })),
      );
      return initialTraining(Object.assign({}, ...levels));
    };
    const scored = score(config, spaces);
    return {
      initialCarry,
      checkCarry: (carry) => checkTensors("the prior's checkpoint", specsOf(initialCarry(0)), carry),
      trainStep: trainStep(config, spaces),
      stepInputs: (batch) => stepInputs(config, spaces, batch),
      stepNoise: (options) => stepNoise(config, spaces, options),
      parameters: trainedWeights,
      score: scored,
      logLikelihood: (...given) => scored(...given).logLikelihood,
      sample: (engine, params, options) => sample(config, spaces, engine, params, options),
    };
  },
};
