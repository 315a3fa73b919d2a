import {
  add,
  addN,
  div,
  minimum,
  mul,
  pow,
  type Scalar,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { mapRecord, type Params, param, type TensorRecord } from "./params.ts";

export interface AdamOptions {
  readonly learningRate: Scalar;
  /** Updates made before this one, float32. */
  readonly step: Scalar;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * One update of Adam (Kingma and Ba, 2015, algorithm 1): w ← w − lr · m̂ / (√v̂ + ε).
 *
 * `first` and `second` are the moments m and v, zeros at the start, with the names of `weights`.
 */
export function adam(
  weights: Params,
  gradients: Params,
  { first, second }: { first: Params; second: Params },
  { learningRate, step, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions,
): { weights: TensorRecord; first: TensorRecord; second: TensorRecord } {
  const count = add(step, 1);
  const correction1 = sub(1, pow(scalar(beta1), count));
  const correction2 = sub(1, pow(scalar(beta2), count));
  // lr · (m / c₁) / (√(v / c₂) + ε), with the scalars gathered so that each tensor is passed over as seldom as can be.
  const root = sqrt(correction2);
  const rate = div(mul(learningRate, root), correction1);
  const offset = mul(root, epsilon);
  const nextFirst = mapRecord(first, (moment, name) => movingAverage(moment, param(gradients, name), beta1));
  const nextSecond = mapRecord(second, (moment, name) =>
    movingAverage(moment, square(param(gradients, name)), beta2),
  );
  const nextWeights = mapRecord(weights, (weight, name) => {
    const scale = add(sqrt(param(nextSecond, name)), offset);
    return sub(weight, mul(rate, div(param(nextFirst, name), scale)));
  });
  return { weights: nextWeights, first: nextFirst, second: nextSecond };
}

/** decay · average + (1 − decay) · value. */
export function movingAverage<T extends Tensor>(average: T, value: Tensor, decay: number): T {
  return add(mul(average, decay), mul(value, 1 - decay));
}

/** √ of the sum of all squares, over all tensors: a scalar. */
export function globalNorm(tensors: Params): Scalar {
  return sqrt(addN(Object.values(tensors).map((tensor) => sum(square(tensor)) as Scalar)));
}

/**
 * Scales gradients down to a global norm of at most `limit` (Pascanu et al., 2013); 0 leaves them as they are.
 *
 * Gives the norm that they had before.
 */
export function clipByGlobalNorm(
  gradients: Params,
  limit: number,
): { gradients: TensorRecord; norm: Scalar } {
  const norm = globalNorm(gradients);
  if (limit === 0) return { gradients: { ...gradients }, norm };
  const scale = minimum(div(limit, add(norm, 1e-6)), 1);
  return { gradients: mapRecord(gradients, (gradient) => mul(gradient, scale)), norm };
}
