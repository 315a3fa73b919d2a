import { random, SlicebookError } from "@slicebook/base";
import { EigenvalueDecomposition } from "ml-matrix";
import { logisticRegression } from "./logistic-regression.ts";
import { countOf, matrixOf, type Points } from "./points.ts";
import type { SliceFeatures } from "./slice-features.ts";

/** A set of images for {@link twoSampleAuc}. */
export interface TwoSampleSet {
  readonly features: SliceFeatures;
  /** A name for each image: those of one name, of either set, are in one fold. */
  readonly groups: readonly string[];
}

export interface TwoSampleOptions {
  /** Folds at most; never more than the groups of either set. */
  readonly folds: number;
  readonly seed: number;
}

/** Principal components of the pictures that the classifier is told. */
const COMPONENTS = 16;
/** The inverse of the penalty: some fifty features of about a hundred images need a strong one. */
const INVERSE_PENALTY = 0.1;

/**
 * How well a classifier tells images of one set from those of another that it has not seen: the area under the ROC curve
 * of a two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017), cross-validated. 0.5: not at
 * all; 1: always.
 *
 * The classifier is a logistic regression on principal components of the reduced pictures, their squares, and
 * {@link SliceFeatures}' statistics, all fitted without the fold that is scored. Pairs of one image of each set are
 * compared within a fold only, since scores of two classifiers are not on one scale.
 *
 * Throws `METRIC_INPUT_INVALID` unless each set has images of two groups.
 */
export function twoSampleAuc(
  first: TwoSampleSet,
  second: TwoSampleSet,
  { folds, seed }: TwoSampleOptions,
): number {
  return aucOverFolds(
    first.features,
    second.features,
    dealtFolds(first.groups, second.groups, { folds, seed }),
  );
}

/** The fold of each image of two sets. */
export interface Folds {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

/**
 * Deals images of two sets into folds, a group's into one, so that each has about as many of either set: larger groups
 * first, those of one size in an order drawn by the seed.
 */
export function dealtFolds(
  first: readonly string[],
  second: readonly string[],
  { folds, seed }: TwoSampleOptions,
): Folds {
  const count = Math.min(folds, new Set(first).size, new Set(second).size);
  if (count < 2) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `a classifier is cross-validated on images of two groups of each set at least: found ${new Set(first).size} ` +
        `and ${new Set(second).size}`,
    );
  }
  const placed = new Map<string, number>();
  for (const [part, groups] of [second, first].entries()) {
    const filled = new Float64Array(count);
    for (const group of groups) {
      const fold = placed.get(group);
      if (fold !== undefined) filled[fold]! += 1;
    }
    const sizes = new Map<string, number>();
    for (const group of groups) if (!placed.has(group)) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    const names = [...sizes.keys()];
    const order = random(seed, "folds", part).permutation(names.length);
    const dealt = Array.from(order, (index) => names[index]!).sort((a, b) => sizes.get(b)! - sizes.get(a)!);
    for (const group of dealt) {
      const fold = filled.indexOf(Math.min(...filled));
      placed.set(group, fold);
      filled[fold]! += sizes.get(group)!;
    }
  }
  const foldOf = (group: string) => placed.get(group)!;
  return { first: first.map(foldOf), second: second.map(foldOf) };
}

/** The AUC of {@link twoSampleAuc} for folds that are given: pairs of all folds in which the first set's image scores higher. */
export function aucOverFolds(first: SliceFeatures, second: SliceFeatures, folds: Folds): number {
  const pictures = joined(first.pictures, second.pictures);
  const statistics = joined(first.statistics, second.statistics);
  const fold = [...folds.first, ...folds.second];
  const isFirst = fold.map((_, index) => index < folds.first.length);
  let [higher, pairs] = [0, 0];
  for (const heldOut of new Set(fold)) {
    const training = indicesOf(fold, (other) => other !== heldOut);
    const tested = indicesOf(fold, (other) => other === heldOut);
    const known = training.map((index) => isFirst[index]!);
    if (!known.includes(true) || !known.includes(false)) continue;
    const components = principalComponents(taken(pictures, training));
    const rows = (indices: readonly number[]) => {
      const scores = components(taken(pictures, indices));
      return beside([scores, squares(scores), taken(statistics, indices)]);
    };
    const trained = rows(training);
    const standardise = standardiser(trained);
    const { weights } = logisticRegression(standardise(trained), known, { inversePenalty: INVERSE_PENALTY });
    const { data, width } = standardise(rows(tested));
    const scores = tested.map((_, index) =>
      weights.reduce((sum, weight, at) => sum + weight * data[index * width + at]!, 0),
    );
    for (const [a, one] of scores.entries()) {
      if (!isFirst[tested[a]!]) continue;
      for (const [b, other] of scores.entries()) {
        if (isFirst[tested[b]!]) continue;
        pairs += 1;
        higher += one > other ? 1 : one === other ? 0.5 : 0;
      }
    }
  }
  return higher / pairs;
}

/** Maps points to their scores on the first principal components of `points`, each of deviation 1 over these. */
function principalComponents(points: Points): (others: Points) => Points {
  const count = countOf(points);
  const rows = matrixOf(points);
  const mean = rows.mean("column");
  rows.subRowVector(mean);
  // The products of the images with one another, of which there are fewer than of pixels (Sirovich, 1987).
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(rows.mmul(rows.transpose()), {
    assumeSymmetric: true,
  });
  const least = 1e-10 * Math.max(...realEigenvalues);
  // They come in rising order, and rounding leaves n points n − 1 directions at most.
  const kept = [...realEigenvalues.keys()]
    .reverse()
    .slice(0, Math.min(COMPONENTS, count - 1, points.width))
    .filter((index) => realEigenvalues[index]! > least);
  const shares = eigenvectorMatrix
    .subMatrixColumn(kept)
    .divRowVector(kept.map((index) => realEigenvalues[index]! / Math.sqrt(count)));
  const axes = rows.transpose().mmul(shares);
  return (others) => ({
    data: matrixOf(others).subRowVector(mean).mmul(axes).to1DArray(),
    width: kept.length,
  });
}

/** Maps points so that each number of `points` has mean 0 and deviation 1; one that does not vary becomes 0. */
function standardiser({ data, width }: Points): (others: Points) => Points {
  const count = data.length / width;
  const [mean, square] = [new Float64Array(width), new Float64Array(width)];
  for (let at = 0; at < data.length; at++) mean[at % width]! += data[at]! / count;
  for (let at = 0; at < data.length; at++)
    square[at % width]! += (data[at]! - mean[at % width]!) ** 2 / count;
  const scale = square.map((value, at) => (value > 1e-20 * mean[at]! ** 2 ? 1 / Math.sqrt(value) : 0));
  return (others) => ({
    data: Float64Array.from(others.data, (value, at) => (value - mean[at % width]!) * scale[at % width]!),
    width,
  });
}

function squares({ data, width }: Points): Points {
  return { data: Float64Array.from(data, (value) => value * value), width };
}

function joined(first: Points, second: Points): Points {
  const data = new Float64Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { data, width: first.width };
}

function taken({ data, width }: Points, indices: readonly number[]): Points {
  const rows = new Float64Array(indices.length * width);
  for (const [row, index] of indices.entries()) {
    for (let at = 0; at < width; at++) rows[row * width + at] = data[index * width + at]!;
  }
  return { data: rows, width };
}

/** The numbers of each point side by side. */
function beside(parts: readonly Points[]): Points {
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const count = Math.max(...parts.map((part) => (part.width === 0 ? 0 : countOf(part))));
  const data = new Float64Array(count * width);
  let from = 0;
  for (const part of parts) {
    for (let at = 0; at < part.data.length; at++) {
      data[Math.floor(at / part.width) * width + from + (at % part.width)] = part.data[at]!;
    }
    from += part.width;
  }
  return { data, width };
}

function indicesOf(folds: readonly number[], which: (fold: number) => boolean): number[] {
  return [...folds.keys()].filter((index) => which(folds[index]!));
}

/** The standard error of an AUC of two sets of these sizes that are alike: that of Mann and Whitney's U, 1947. */
export function standardError(first: number, second: number): number {
  return Math.sqrt((first + second + 1) / (12 * first * second));
}
