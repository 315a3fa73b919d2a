import {
  type BoundPrior,
  checkTensors,
  initialTraining,
  type Prior,
  specsOf,
  trainedWeights,
} from "@slicebook/core";
import { type PixelcnnConfig, pixelcnnSchema } from "./config.ts";
import { gridSpace } from "./grid-space.ts";
import { sample } from "./sample.ts";
import { score, stepInputs, stepNoise, trainStep } from "./training.ts";
import { initialWeights } from "./weights.ts";

/**
 * The gated PixelCNN (van den Oord et al., "Conditional image generation with PixelCNN decoders", 2016) as a prior.
 *
 * The probability of a grid is the product over its codes, in raster order, of that of each given those before it.
 */
export const pixelcnn: Prior<PixelcnnConfig> = {
  name: "pixelcnn",
  schema: pixelcnnSchema,
  bind: (config, codeSpace) => {
    const space = gridSpace(codeSpace);
    const initialCarry: BoundPrior["initialCarry"] = (seed, { vectors } = {}) =>
      initialTraining(initialWeights(config, space, { seed, vectors: vectors?.[0] }));
    const scored = score(config, space);
    return {
      initialCarry,
      checkCarry: (carry) => checkTensors("the prior's checkpoint", specsOf(initialCarry(0)), carry),
      trainStep: trainStep(config, space),
      stepInputs: (batch) => stepInputs(config, space, batch),
      stepNoise: (options) => stepNoise(config, space, options),
      parameters: trainedWeights,
      score: scored,
      logLikelihood: (params, codes, labels) => scored(params, codes, labels).logLikelihood,
      sample: async (engine, params, options) => [await sample(config, space, engine, params, options)],
    };
  },
};
