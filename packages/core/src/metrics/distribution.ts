import { SlicebookError } from "@slicebook/base";
import { covariance, EigenvalueDecomposition, type Matrix } from "ml-matrix";
import { countOf, matrixOf, type Points, squaredDistance } from "./points.ts";

/**
 * The squared maximum mean discrepancy of two sets of points, by its unbiased estimate (Gretton et al., "A kernel
 * two-sample test", 2012, equation 3) with the Gaussian kernel exp(−|x − y|² / (2 bandwidth²)).
 *
 * 0 on average where both are of one distribution, so a little below 0 now and then. Throws `METRIC_INPUT_INVALID`
 * unless each set has two points.
 */
export function mmd(first: Points, second: Points, { bandwidth }: { readonly bandwidth: number }): number {
  checkPoints(first, second);
  const [n, m] = [countOf(first), countOf(second)];
  const kernel = (square: number) => Math.exp(-square / (2 * bandwidth ** 2));
  const sum = (a: Points, b: Points, skipEqual: boolean) => {
    let total = 0;
    for (let i = 0; i < countOf(a); i++) {
      for (let j = 0; j < countOf(b); j++) {
        if (!(skipEqual && i === j)) total += kernel(squaredDistance(a, i, b, j));
      }
    }
    return total;
  };
  return (
    sum(first, first, true) / (n * (n - 1)) +
    sum(second, second, true) / (m * (m - 1)) -
    (2 * sum(first, second, false)) / (n * m)
  );
}

/** The median distance between two different points of a set: the usual bandwidth for {@link mmd}. */
export function medianDistance(points: Points): number {
  checkPoints(points, points);
  const distances: number[] = [];
  for (let i = 0; i < countOf(points); i++) {
    for (let j = 0; j < i; j++) distances.push(Math.sqrt(squaredDistance(points, i, points, j)));
  }
  const sorted = Float64Array.from(distances).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The Fréchet distance of two sets of points, each taken as a normal distribution: |μ₁ − μ₂|² + tr(C₁ + C₂ −
 * 2 (C₁ C₂)^½), covariances divided by n − 1 (Dowson and Landau, 1982; Heusel et al., 2017).
 *
 * It is larger for fewer points: compare only sets of like sizes. Throws `METRIC_INPUT_INVALID` unless each set has
 * two points.
 */
export function frechetDistance(first: Points, second: Points): number {
  checkPoints(first, second);
  const [a, b] = [matrixOf(first), matrixOf(second)];
  const means = b.mean("column");
  const apart = a.mean("column").reduce((sum, value, index) => sum + (value - means[index]!) ** 2, 0);
  const [ofFirst, ofSecond] = [covariance(a), covariance(b)];
  // (C₁ C₂)^½ has the trace of (C₁^½ C₂ C₁^½)^½, whose matrix is symmetric.
  const root = squareRoot(ofFirst);
  const mixed = squareRoot(root.mmul(ofSecond).mmul(root));
  return Math.max(0, apart + ofFirst.trace() + ofSecond.trace() - 2 * mixed.trace());
}

/** The symmetric square root of a symmetric matrix without negative eigenvalues; those of rounding count as 0. */
function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  return eigenvectorMatrix.clone().mulRowVector(roots).mmul(eigenvectorMatrix.transpose());
}

function checkPoints(first: Points, second: Points): void {
  for (const points of [first, second]) {
    const count = countOf(points);
    if (points.width === first.width && Number.isInteger(count) && count >= 2) continue;
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `distributions are compared by at least two points each, of one width: found ${points.data.length} values of ` +
        `width ${points.width}, and the width ${first.width}`,
    );
  }
}
