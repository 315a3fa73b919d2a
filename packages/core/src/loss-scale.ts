import { type Signature, SlicebookError } from "@slicebook/base";
import { isFinite as finite, tidy, where } from "@tensorflow/tfjs-core";
import { mapRecord, type Params, param, type TensorRecord } from "./params.ts";

type Step = (carry: Params, inputs: Params) => [TensorRecord, TensorRecord];

/** What a step takes besides its own inputs where its loss is scaled: see {@link withLossScale}. */
export const lossScaleInputs: Signature = { lossScale: { shape: [], dtype: "float32" } };

/**
 * A step whose gradients may overflow: where its metric `gradientNorm` is not finite, the carry stays as it is. Throws if it has no
 * such metric.
 *
 * The step's own inputs then have `lossScale` [], by which its loss is multiplied before it is differentiated, so that small
 * gradients do not vanish in half precision, and its gradients are divided afterwards (`lossAndGradients` does both).
 */
export function withLossScale(step: Step): Step {
  return (carry, inputs) =>
    tidy(() => {
      const [updated, metrics] = step(carry, inputs);
      if (metrics.gradientNorm === undefined) {
        throw new SlicebookError(
          "PRIOR_INVALID",
          "the step has no gradientNorm among its metrics, which tells overflows in half precision",
          {
            remedy:
              "Give the norm of all gradients, divided by inputs.lossScale, or leave engine.precision out.",
          },
        );
      }
      const usable = finite(metrics.gradientNorm);
      return [mapRecord(updated, (value, name) => where(usable, value, param(carry, name))), metrics];
    });
}
