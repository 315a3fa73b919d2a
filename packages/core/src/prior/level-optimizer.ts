import { z } from "zod";
import { optimizerDefaults, optimizerSchema } from "../optimizer.ts";
import { perLevel } from "../per-level.ts";

/** The optimiser's options, with defaults that suit priors, and the learning rate of all levels or of each. */
export function levelOptimizer(learningRate: number) {
  const { shape } = optimizerSchema;
  return z.strictObject({
    learningRate: perLevel(z.number().positive())
      .default(learningRate)
      .describe("Peak learning rate of Adam, of all levels or of each; lower for smaller batches."),
    warmupSteps: shape.warmupSteps.default(optimizerDefaults.warmupSteps),
    schedule: shape.schedule.default(optimizerDefaults.schedule),
    finalFraction: shape.finalFraction.default(0.05),
    beta1: shape.beta1.default(optimizerDefaults.beta1),
    beta2: shape.beta2.default(optimizerDefaults.beta2),
    epsilon: shape.epsilon.default(optimizerDefaults.epsilon),
    clipNorm: shape.clipNorm.default(optimizerDefaults.clipNorm),
    averageDecay: shape.averageDecay.default(optimizerDefaults.averageDecay),
  });
}
