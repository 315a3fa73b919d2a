import { float32, type HostTensors, type Signature } from "@slicebook/base";
import { add, cos, div, minimum, mul, type Scalar, scalar, sub } from "@tensorflow/tfjs-core";
import { z } from "zod";
import { adam, clipByGlobalNorm } from "./adam.ts";
import { AVERAGE } from "./carry-names.ts";
import { inFloat32 } from "./in-float32.ts";
import {
  mapRecord,
  type Params,
  param,
  type TensorRecord,
  withoutPrefix,
  withPrefix,
  zerosLike,
} from "./params.ts";

const decay = z.number().min(0).lt(1);

/** The options of training's updates, without defaults. */
export const optimizerSchema = z.strictObject({
  learningRate: z.number().positive().describe("Peak learning rate of Adam."),
  warmupSteps: z.int().nonnegative().describe("Steps in which the learning rate rises to its peak."),
  schedule: z
    .enum(["cosine", "constant"])
    .describe("`cosine` lowers the learning rate over the run, `constant` keeps it."),
  finalFraction: z.number().min(0).max(1).describe("Where `cosine` ends, as a fraction of the peak."),
  beta1: decay.describe("Adam's decay of the mean gradient."),
  beta2: decay.describe("Adam's decay of the mean squared gradient."),
  epsilon: z.number().positive().describe("Adam's ε."),
  clipNorm: z.number().nonnegative().describe("Gradients are scaled down to this global norm; 0 never."),
  averageDecay: decay.describe(
    "Decay per step of the weights' moving average, used for evaluation; 0: no average.",
  ),
});

/** How training updates weights. */
export type OptimizerConfig = z.output<typeof optimizerSchema>;

/** The options that work for the VQ-VAE and are a fair start for others. */
export const optimizerDefaults: OptimizerConfig = {
  learningRate: 1e-3,
  warmupSteps: 20,
  schedule: "cosine",
  finalFraction: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clipNorm: 1,
  averageDecay: 0.99,
};

/**
 * What training remembers of weights `<name>`: `weights.<name>`, the moments `adam.first.<name>` and
 * `adam.second.<name>`, the moving average `average.<name>`, and `step`, the number of updates made, a float32 scalar.
 */
export function initialTraining(weights: HostTensors): HostTensors {
  return remembered(weights, zerosLike, float32([0], []));
}

/** The names, shapes and types of {@link initialTraining}. */
export function trainingSpecs(weights: Signature): Signature {
  return remembered(weights, (spec) => spec, { shape: [], dtype: "float32" });
}

function remembered<T>(
  weights: Readonly<Record<string, T>>,
  momentOf: (weight: T) => T,
  step: T,
): Record<string, T> {
  return {
    ...withPrefix("weights.", weights),
    ...mapRecord(weights, momentOf, "adam.first."),
    ...mapRecord(weights, momentOf, "adam.second."),
    ...withPrefix(AVERAGE, weights),
    step,
  };
}

/** The weights of a carry, or their moving average, by their own names. */
export function trainedWeights(carry: HostTensors, { average }: { average: boolean }): HostTensors {
  return withoutPrefix(average ? AVERAGE : "weights.", carry);
}

/**
 * One update of all that {@link initialTraining} lists, from the gradients of the weights.
 *
 * Clips the gradients, takes a step of Adam with the scheduled learning rate, and moves the average. `progress` is
 * the share of the run that is over, from 0 to 1. Gives the new carry, the learning rate and the gradients' norm
 * before clipping.
 */
export function trainingUpdate(
  carry: Params,
  gradients: Params,
  progress: Scalar,
  options: OptimizerConfig,
): { carry: TensorRecord; learningRate: Scalar; gradientNorm: Scalar } {
  return inFloat32(() => updated(carry, gradients, progress, options));
}

function updated(
  carry: Params,
  gradients: Params,
  progress: Scalar,
  options: OptimizerConfig,
): ReturnType<typeof trainingUpdate> {
  const step = param(carry, "step") as Scalar;
  const learningRate = scheduledRate(step, progress, options);
  const clipped = clipByGlobalNorm(gradients, options.clipNorm);
  const moments = {
    first: withoutPrefix("adam.first.", carry),
    second: withoutPrefix("adam.second.", carry),
  };
  const { weights, first, second } = adam(withoutPrefix("weights.", carry), clipped.gradients, moments, {
    ...options,
    learningRate,
    step,
  });
  const share = averageShare(step, options.averageDecay);
  const average = mapRecord(withoutPrefix(AVERAGE, carry), (mean, name) =>
    add(mean, mul(sub(param(weights, name), mean), share)),
  );
  return {
    carry: {
      ...withPrefix("weights.", weights),
      ...withPrefix("adam.first.", first),
      ...withPrefix("adam.second.", second),
      ...withPrefix(AVERAGE, average),
      step: add(step, 1),
    },
    learningRate,
    gradientNorm: clipped.norm,
  };
}

/** How much of the new weights enters their average: 1 − min(decay, (1 + step) / (10 + step)). */
function averageShare(step: Scalar, averageDecay: number): Scalar {
  // Early averages forget faster, or they would hold on to the weights' random start.
  return sub(1, minimum(averageDecay, div(add(step, 1), add(step, 10))));
}

/**
 * The learning rate: a linear rise to its peak over `warmupSteps`, times a cosine from 1 at `progress` 0 to
 * `finalFraction` at 1 (Loshchilov and Hutter, 2017).
 */
export function scheduledRate(
  step: Scalar,
  progress: Scalar,
  { learningRate, warmupSteps, schedule, finalFraction }: OptimizerConfig,
): Scalar {
  const rise: Scalar = warmupSteps === 0 ? scalar(1) : minimum(div(add(step, 1), warmupSteps), 1);
  if (schedule === "constant") return mul(rise, learningRate);
  const fall: Scalar = add(mul(add(cos(mul(progress, Math.PI)), 1), (1 - finalFraction) / 2), finalFraction);
  return mul(mul(rise, fall), learningRate);
}
