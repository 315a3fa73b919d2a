import type { Signature } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { type Params, param } from "../params.ts";
import { constant, type Weights } from "../weights.ts";
import { type Condition, conditionSpecs, UNKNOWN } from "./conditions.ts";
import type { GridSpace } from "./grid-space.ts";

/** Positions in a scan with a bias of their own, evenly from its first slice to its last. */
const SLICE_KNOTS = 9;
/** Values of a number with a bias of their own, evenly from its least to its greatest: of few subjects, few ages can be told apart. */
const COVARIATE_KNOTS = 5;

/** What a network is told of each slice of a batch besides its codes. */
export interface SliceConditions {
  /** int32 `[batch]`, the class of each, −1 if unknown; absent without classes. */
  readonly labels?: tf.Tensor | undefined;
  /** float32 `[batch]`, where each lies in its scan, 0 to 1, −1 if unknown; unknown of all where it is absent. */
  readonly slicePositions?: tf.Tensor | undefined;
  /** float32 `[batch, n]`, how each was varied, −1 to 1; not at all where it is absent. */
  readonly variations?: tf.Tensor | undefined;
  /** float32 `[batch, n]`, 0 to 1, −1 if unknown; unknown of all where it is absent. */
  readonly covariates?: tf.Tensor | undefined;
}

/** What a network is told of each slice when it draws. */
export function sliceConditionSpecs(
  space: Pick<GridSpace, "classes" | "covariates" | "variations">,
  { slicePosition }: { readonly slicePosition: boolean },
  lanes: number,
): Signature {
  const taken: readonly (Condition | false)[] = [
    space.classes > 0 && "labels",
    slicePosition && "slicePositions",
    space.covariates.length > 0 && "covariates",
  ];
  return conditionSpecs(
    taken.filter((name) => name !== false),
    space,
    lanes,
  );
}

/** The weights of {@link addSliceBiases}. */
export function sliceBiasWeights(
  name: string,
  { classes, variations, covariates }: Pick<GridSpace, "classes" | "variations" | "covariates">,
  {
    slicePosition,
    conditionDropout,
    channels,
  }: { readonly slicePosition: boolean; readonly conditionDropout: number; readonly channels: number },
): Weights {
  const ofCovariates = covariates.map(({ categories }, number) => [
    covariateName(name, number),
    constant([categories || COVARIATE_KNOTS, channels], 0),
  ]);
  return {
    ...(classes > 0 && { [`${name}.classBias`]: constant([classes, channels], 0) }),
    ...(classes > 0 && conditionDropout > 0 && { [`${name}.unknownClassBias`]: constant([1, channels], 0) }),
    ...(slicePosition && { [`${name}.sliceBias`]: constant([SLICE_KNOTS, channels], 0) }),
    ...(variations > 0 && { [`${name}.variationBias`]: constant([variations, channels], 0) }),
    ...Object.fromEntries(ofCovariates),
  };
}

function covariateName(name: string, number: number): string {
  return `${name}.covariateBias${number}`;
}

/** Adds what each slice's class, position in its scan, variation and covariates tell to `[b, r, c, channels]`, alike all over the grid. */
export function addSliceBiases(
  params: Params,
  name: string,
  input: tf.Tensor,
  { labels, slicePositions, variations, covariates }: SliceConditions,
): tf.Tensor {
  const [ofClass, ofPosition] = [params[`${name}.classBias`], params[`${name}.sliceBias`]];
  const ofVariation = params[`${name}.variationBias`];
  let sum = input;
  if (ofClass !== undefined) {
    if (labels === undefined) throw new Error("a prior with classes needs labels");
    sum = tf.add(sum, overGrid(classBias(labels, ofClass, params[`${name}.unknownClassBias`])));
  }
  if (ofPosition !== undefined && slicePositions !== undefined) {
    sum = tf.add(sum, overGrid(biasBetweenKnots(slicePositions, ofPosition)));
  }
  if (ofVariation !== undefined && variations !== undefined) {
    sum = tf.add(sum, overGrid(tf.matMul(variations as tf.Tensor2D, ofVariation as tf.Tensor2D)));
  }
  for (const [number, values] of (covariates === undefined ? [] : tf.unstack(covariates, 1)).entries()) {
    sum = tf.add(sum, overGrid(biasBetweenKnots(values, param(params, covariateName(name, number)))));
  }
  return sum;
}

/** The bias of slices by their classes: labels int32 `[n]`, `[classes, channels]` → `[n, channels]`. */
function classBias(labels: tf.Tensor, ofClass: tf.Tensor, ofUnknown: tf.Tensor | undefined): tf.Tensor {
  if (ofUnknown === undefined) return tf.gather(ofClass, labels as tf.Tensor1D);
  const last = tf.fill(labels.shape, ofClass.shape[0]!, "int32");
  const rows = tf.where(tf.equal(labels, UNKNOWN), last, labels);
  return tf.gather(tf.concat([ofClass, ofUnknown], 0), rows as tf.Tensor1D);
}

/**
 * The bias of slices by a value from 0 to 1, such as the position in the scan: values float32 `[n]`, table `[knots,
 * channels]` → `[n, channels]`.
 *
 * Linear between the knots on both sides; nothing where a value is −1, not known.
 */
function biasBetweenKnots(values: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const count = table.shape[0]!;
  const knots = tf.range(0, count, 1);
  const places = tf.mul(tf.reshape(values, [values.size, 1]), count - 1);
  const weights = tf.relu(tf.sub(1, tf.abs(tf.sub(places, knots))));
  return tf.matMul(weights as tf.Tensor2D, table as tf.Tensor2D);
}

function overGrid(bias: tf.Tensor): tf.Tensor {
  const [batch, channels] = bias.shape as [number, number];
  return tf.reshape(bias, [batch, 1, 1, channels]);
}
