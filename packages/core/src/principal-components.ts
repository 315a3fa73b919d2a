import { add, matMul, sub, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";

/*
 * Principal components of images, as weighted sums of the training images themselves (Sirovich, "Turbulence and the
 * dynamics of coherent structures", 1987): with X [n, p] the centred training images and X Xᵀ = V Λ Vᵀ, the first k
 * components are Λₖ^(-1/2) Vₖᵀ X. An n × n matrix is decomposed, not a p × p one.
 */

/** The products X Xᵀ [n, n] of rows X [n, p]. */
export function rowProducts(rows: Tensor): Tensor {
  return matMul(rows as Tensor2D, rows as Tensor2D, false, true);
}

/**
 * Images [m, p] as their first principal components have them: mean + (images − mean) Xᵀ W X, with the centred training
 * images X [n, p] and W = Vₖ Λₖ⁻¹ Vₖᵀ [n, n].
 */
export function throughComponents(images: Tensor, mean: Tensor, rows: Tensor, weights: Tensor): Tensor {
  return tidy(() => {
    const products = matMul(sub(images, mean) as Tensor2D, rows as Tensor2D, false, true);
    return add(mean, matMul(matMul(products, weights as Tensor2D), rows as Tensor2D));
  });
}
