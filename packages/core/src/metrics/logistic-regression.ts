import { countOf, type Points } from "./points.ts";

/** A linear classifier: a point's score is its product with the weights, plus the intercept. */
export interface LinearClassifier {
  readonly weights: Float64Array;
  readonly intercept: number;
}

const MOST_STEPS = 100;
const TOLERANCE = 1e-10;

/**
 * Logistic regression with an L2 penalty: minimises ½ |w|² + C Σ vᵢ ln(1 + exp(−yᵢ (w·xᵢ + b))) by Newton's method, where
 * `positive` says which points have y = 1 and v weighs either class as much as the other, n / (2 nᵧ).
 */
export function logisticRegression(
  points: Points,
  positive: readonly boolean[],
  { inversePenalty }: { /** C. */ readonly inversePenalty: number },
): LinearClassifier {
  const { data, width } = points;
  const count = countOf(points);
  const positives = positive.filter(Boolean).length;
  const side = width + 1;
  const row = (index: number, at: number) => (at === width ? 1 : data[index * width + at]!);
  const weightOf = (index: number) =>
    (inversePenalty * count) / (2 * (positive[index] ? positives : count - positives));

  const scoreOf = (solution: Float64Array, index: number) => {
    let score = 0;
    for (let at = 0; at < side; at++) score += solution[at]! * row(index, at);
    return score;
  };
  const lossOf = (solution: Float64Array) => {
    let loss = 0;
    for (let at = 0; at < width; at++) loss += solution[at]! ** 2 / 2;
    for (let index = 0; index < count; index++) {
      const margin = (positive[index] ? 1 : -1) * scoreOf(solution, index);
      loss += weightOf(index) * (Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin))));
    }
    return loss;
  };

  let solution = new Float64Array(side);
  let loss = lossOf(solution);
  for (let step = 0; step < MOST_STEPS; step++) {
    const gradient = solution.slice();
    gradient[width] = 0;
    const curvature = new Float64Array(side * side);
    for (let at = 0; at < width; at++) curvature[at * side + at] = 1;
    for (let index = 0; index < count; index++) {
      const probability = 1 / (1 + Math.exp(-scoreOf(solution, index)));
      const error = weightOf(index) * (probability - (positive[index] ? 1 : 0));
      const bend = weightOf(index) * probability * (1 - probability);
      for (let at = 0; at < side; at++) {
        const value = row(index, at);
        gradient[at]! += error * value;
        for (let other = 0; other <= at; other++)
          curvature[at * side + other]! += bend * value * row(index, other);
      }
    }
    const direction = solved(curvature, gradient);
    // Halved until it goes down: Newton's steps overshoot where all points are far on their own side.
    let next = solution;
    let reached = loss;
    for (let length = 1; length > 1e-8; length /= 2) {
      next = solution.map((value, at) => value - length * direction[at]!);
      reached = lossOf(next);
      if (reached <= loss) break;
    }
    const gained = loss - reached;
    if (gained >= 0) [solution, loss] = [next, reached];
    if (gained <= TOLERANCE * Math.abs(loss)) break;
  }
  return { weights: solution.slice(0, width), intercept: solution[width]! };
}

/** The solution of A x = b for a symmetric positive definite A, of which the lower half is read (Cholesky). */
function solved(lower: Float64Array, right: Float64Array): Float64Array {
  const side = right.length;
  const factor = lower.slice();
  const x = right.slice();
  for (let row = 0; row < side; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = factor[row * side + column]!;
      for (let at = 0; at < column; at++) sum -= factor[row * side + at]! * factor[column * side + at]!;
      factor[row * side + column] =
        row === column ? Math.sqrt(Math.max(sum, 1e-300)) : sum / factor[column * side + column]!;
    }
  }
  for (let row = 0; row < side; row++) {
    for (let at = 0; at < row; at++) x[row]! -= factor[row * side + at]! * x[at]!;
    x[row]! /= factor[row * side + row]!;
  }
  for (let row = side - 1; row >= 0; row--) {
    for (let at = row + 1; at < side; at++) x[row]! -= factor[at * side + row]! * x[at]!;
    x[row]! /= factor[row * side + row]!;
  }
  return x;
}
