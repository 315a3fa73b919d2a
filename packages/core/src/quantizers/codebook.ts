import {
  add,
  argMin,
  cast,
  div,
  exp,
  expandDims,
  gather,
  greater,
  less,
  log,
  matMul,
  mean,
  min,
  mul,
  neg,
  oneHot,
  relu,
  type Scalar,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  where,
} from "@tensorflow/tfjs-core";
import { movingAverage } from "../adam.ts";
import { withoutGradient } from "../gradients.ts";

/**
 * The nearest code of each vector, by Euclidean distance: [n, D] and a codebook [K, D] → int32 [n], the first of equals.
 *
 * |z − e|² = |z|² − 2 z·e + |e|², of which |z|² is the same for all codes and left out.
 */
export function nearestCodes(vectors: Tensor2D, codebook: Tensor2D): Tensor1D {
  return argMin(add(products(vectors, codebook), sum(square(codebook), 1)), 1);
}

/** −2 z·e of each vector [n, D] and code [K, D]: [n, K]. */
function products(vectors: Tensor2D, codebook: Tensor2D): Tensor2D {
  return matMul(vectors, mul(codebook, -2), false, true);
}

/** The squared Euclidean distance of each vector to each code: [n, D] and a codebook [K, D] → [n, K]. */
export function squaredDistances(vectors: Tensor2D, codebook: Tensor2D): Tensor2D {
  const lengths = sum(square(vectors), 1, true);
  return relu(add(add(products(vectors, codebook), sum(square(codebook), 1)), lengths));
}

/** The codes of indices: int32 of any shape [...] and a codebook [K, D] → [..., D]. */
export function lookUp(codebook: Tensor2D, indices: Tensor): Tensor {
  return gather(codebook, indices);
}

/** How a batch's encodings fall on the codes. */
export interface Assignments {
  /** Encodings of each code, as a share of all: [K], sums to 1. */
  readonly shares: Tensor1D;
  /** Sum of each code's encodings, over the number of all: [K, D]. */
  readonly sums: Tensor2D;
}

/** Counts and sums encodings [n, D] by the code that each is assigned to, int32 [n]. */
export function countAssignments(encodings: Tensor2D, indices: Tensor1D, codes: number): Assignments {
  const total = encodings.shape[0];
  const membership = oneHot(indices, codes, 1, 0, "float32") as Tensor2D;
  return {
    shares: div(sum(membership, 0), total),
    sums: div(matMul(membership, encodings, true), total),
  };
}

/** The exponential of the entropy of shares [K]: 1 if one code has all, K if all are used alike. */
export function perplexity(shares: Tensor1D): Scalar {
  return exp(neg(sum(mul(shares, log(add(shares, 1e-10))))));
}

/** The number of codes with any share. */
export function codesInUse(shares: Tensor1D): Scalar {
  return sum(cast(greater(shares, 0), "float32"));
}

/**
 * The bits that a code of encodings [n, D] is expected to take by codes' shares [K] of them: the mean of −log2 of each share,
 * smoothed by one encoding a code, weighed by how likely an encoding falls on that code of the codebook [K, D] if it
 * scatters as all do around their nearest codes: softmax(−D |z − e|² / 2σ²), with σ² the mean squared distance to the nearest.
 *
 * Its gradient draws encodings to codes that are near and often used. Shares, codebook and σ² have none.
 */
export function expectedBits(encodings: Tensor2D, codebook: Tensor2D, shares: Tensor1D): Scalar {
  const [count, dimension] = encodings.shape;
  const codes = codebook.shape[0];
  const distances = squaredDistances(encodings, codebook);
  const scatter = withoutGradient(() => add(mean(min(distances, 1)), 1e-12));
  const likely = softmax(mul(div(distances, scatter), -dimension / 2));
  const smoothed = div(add(mul(shares, count), 1), count + codes);
  const bits: Tensor1D = mul(log(smoothed), -1 / Math.LN2);
  return mean(sum(mul(likely, bits), 1));
}

/** What the EMA quantizer remembers: its codes, and moving averages of their shares and sums. */
export interface CodebookStatistics {
  /** [K, D] */
  readonly codebook: Tensor2D;
  /** Moving average of each code's share of the encodings: [K], sums to 1. */
  readonly usage: Tensor1D;
  /** Moving average of {@link Assignments.sums}: [K, D]. */
  readonly sums: Tensor2D;
}

/**
 * Moves codes to the moving averages of their encodings (van den Oord et al., 2017, appendix A.1).
 *
 * N ← γN + (1 − γ)n, M ← γM + (1 − γ)m, e = M / N, with Laplace smoothing N ← (N + ε) / (ΣN + Kε) · ΣN. The paper
 * counts encodings; these are shares of a batch's `encodings`, so that the statistics of a checkpoint hold for any
 * batch size, and ε, which is in encodings, is divided by their number.
 */
export function moveCodes(
  { usage, sums }: CodebookStatistics,
  assignments: Assignments,
  { decay, epsilon, encodings }: { decay: number; epsilon: number; encodings: number },
): CodebookStatistics {
  const nextUsage = movingAverage(usage, assignments.shares, decay);
  const nextSums = movingAverage(sums, assignments.sums, decay);
  const smoothing = epsilon / encodings;
  const total = sum(nextUsage);
  const smoothed = mul(div(add(nextUsage, smoothing), add(total, usage.shape[0] * smoothing)), total);
  return { codebook: div(nextSums, expandDims(smoothed, 1)), usage: nextUsage, sums: nextSums };
}

/** Which codes are dead: those whose `usage` [K] is under `threshold` even shares (1/K); bool [K]. */
export function deadCodes(usage: Tensor1D, threshold: number): Tensor1D {
  return less(usage, threshold / usage.shape[0]);
}

/** The usage [K] after restarts: a dead code starts at twice the threshold, so that it has time to find its place. */
export function revivedUsage(usage: Tensor1D, dead: Tensor1D, threshold: number): Tensor1D {
  return where(dead, (2 * threshold) / usage.shape[0], usage);
}

/** The rows of `values` [K, D], with those of dead codes [K] replaced by the rows of `replacement` [K, D]. */
export function replaceRows(values: Tensor2D, dead: Tensor1D, replacement: Tensor2D | number): Tensor2D {
  return where(expandDims(dead, 1), replacement, values);
}

/**
 * The decoder's input: the value of `quantized`, with the gradient passed straight to `encodings`.
 *
 * z + sg(share · (q − z)): a `share` of 1 quantizes, one of 0 leaves the encodings as they are.
 */
export function straightThrough<T extends Tensor>(
  encodings: T,
  quantized: Tensor,
  share: Scalar | number = 1,
): T {
  return add(
    encodings,
    withoutGradient(() => mul(sub(quantized, encodings), share)),
  );
}

/**
 * The value of `quantized` [n, D], with the gradient of the rotation and scaling that take each encoding to its code
 * (Fifty et al., "Restructuring vector quantization with the rotation trick", 2024): (|q| / |z|) · R z with
 * R = I − 2rrᵀ + 2q̂ẑᵀ and r the unit vector along ẑ + q̂, all of it held fast but for z.
 */
export function rotated(encodings: Tensor2D, quantized: Tensor2D): Tensor2D {
  const fixed = (compute: () => Tensor) => withoutGradient(compute) as Tensor2D;
  const from = fixed(() => unitLength(encodings));
  const to = fixed(() => unitLength(quantized));
  const between = fixed(() => unitLength(add(from, to)));
  const scale = fixed(() => div(lengths(quantized), lengths(encodings)));
  const along = (axis: Tensor2D) => sum(mul(encodings, axis), 1, true);
  const turned = add(sub(encodings, mul(mul(between, along(between)), 2)), mul(mul(to, along(from)), 2));
  return mul(turned, scale);
}

/** Vectors [n, D] at length 1. */
export function unitLength(vectors: Tensor2D): Tensor2D {
  return div(vectors, lengths(vectors));
}

function lengths(vectors: Tensor2D): Tensor2D {
  return sqrt(add(sum(square(vectors), 1, true), 1e-12)) as Tensor2D;
}

/**
 * The mean of |sg(z) − e|² over all elements, for the gradient-trained codebook [K, D].
 *
 * Written as Σₖ (nₖ|eₖ|² − 2 eₖ·mₖ) + |z|² with the assignments' shares n and sums m: the same value and gradient as
 * with the codes looked up, but its gradient needs no scatter.
 */
export function codebookLoss(codebook: Tensor2D, encodings: Tensor2D, { shares, sums }: Assignments): Scalar {
  const [count, dimension] = encodings.shape;
  const codeNorms: Scalar = sum(mul(shares, sum(square(codebook), 1)));
  const cross: Scalar = sum(mul(codebook, sums));
  const constant: Scalar = div(sum(square(encodings)), count);
  return div(add(sub(codeNorms, mul(cross, 2)), constant), dimension);
}
