// In Node, tfjs-core registers no gradients, and its file that does is an ES module which Node does not load;
// tfjs-layers registers them on import. (About 110 ms: nothing but training imports this module.)
import "@tensorflow/tfjs-layers";
import { customGrad, div, keep, mul, type Scalar, type Tensor, valueAndGrads } from "@tensorflow/tfjs-core";
import { mapRecord, type Params, type TensorRecord } from "./params.ts";

/** What a loss function gives: the scalar to lower, and whatever else is wanted from the same forward pass. */
export interface LossAndMore {
  readonly loss: Scalar;
  readonly more: Params;
}

/**
 * Differentiates a loss with respect to every tensor of `weights`.
 *
 * Gives the loss, its gradient by weight, and the other tensors that `compute` returned under `more`. With a `scale` the loss is
 * multiplied by it before it is differentiated, and the gradients are divided by it. Throws if a weight does not take part in the
 * loss.
 */
export function lossAndGradients(
  compute: (weights: Params) => LossAndMore,
  weights: Params,
  scale?: Scalar,
): { loss: Scalar; gradients: TensorRecord; more: TensorRecord } {
  const names = Object.keys(weights);
  let held: TensorRecord = {};
  const { value, grads } = valueAndGrads((...tensors: Tensor[]) => {
    const { loss, more } = compute(Object.fromEntries(names.map((name, index) => [name, tensors[index]!])));
    // The forward scope frees all but the loss, unless it is kept.
    held = mapRecord(more, (tensor) => keep(tensor.clone()));
    return scale === undefined ? loss : mul<Scalar>(loss, scale);
  })(Object.values(weights));
  const more = mapRecord(held, (tensor) => {
    const released = tensor.clone();
    tensor.dispose();
    return released;
  });
  const unscaled = <T extends Tensor>(tensor: T): T => (scale === undefined ? tensor : div<T>(tensor, scale));
  const gradients = Object.fromEntries(names.map((name, index) => [name, unscaled(grads[index]!)]));
  return { loss: unscaled(value), gradients, more };
}

/** The value of `compute` as a constant: no gradient flows through it (the `sg` of the papers). */
export function withoutGradient(compute: () => Tensor): Tensor {
  // With no inputs the operation is not part of the tape's paths, so that its gradient is never asked for.
  return customGrad(() => ({ value: compute(), gradFunc: () => [] }))();
}
