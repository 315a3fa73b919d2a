import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../params.ts";
import { constant, type Weights } from "../weights.ts";
import type { GridSpace } from "./grid-space.ts";

/** Positions in a scan with a bias of their own, evenly from its first slice to its last. */
const SLICE_KNOTS = 9;

/** What a network is told of each slice of a batch besides its codes. */
export interface SliceConditions {
  /** int32 `[batch]`, the class of each; absent without classes. */
  readonly labels?: tf.Tensor | undefined;
  /** float32 `[batch]`, where each lies in its scan, 0 to 1, −1 if unknown; unknown of all where it is absent. */
  readonly slicePositions?: tf.Tensor | undefined;
  /** float32 `[batch, n]`, how each was varied, −1 to 1; not at all where it is absent. */
  readonly variations?: tf.Tensor | undefined;
}

/** The weights of {@link addSliceBiases}. */
export function sliceBiasWeights(
  name: string,
  { classes, variations }: Pick<GridSpace, "classes" | "variations">,
  { slicePosition, channels }: { readonly slicePosition: boolean; readonly channels: number },
): Weights {
  return {
    ...(classes > 0 && { [`${name}.classBias`]: constant([classes, channels], 0) }),
    ...(slicePosition && { [`${name}.sliceBias`]: constant([SLICE_KNOTS, channels], 0) }),
    ...(variations > 0 && { [`${name}.variationBias`]: constant([variations, channels], 0) }),
  };
}

/** Adds what each slice's class, position in its scan and variation tell to `[b, r, c, channels]`, alike all over the grid. */
export function addSliceBiases(
  params: Params,
  name: string,
  input: tf.Tensor,
  { labels, slicePositions, variations }: SliceConditions,
): tf.Tensor {
  const [ofClass, ofPosition] = [params[`${name}.classBias`], params[`${name}.sliceBias`]];
  const ofVariation = params[`${name}.variationBias`];
  let sum = input;
  if (ofClass !== undefined) {
    if (labels === undefined) throw new Error("a prior with classes needs labels");
    sum = tf.add(sum, overGrid(tf.gather(ofClass, labels as tf.Tensor1D)));
  }
  if (ofPosition !== undefined && slicePositions !== undefined) {
    sum = tf.add(sum, overGrid(positionBias(slicePositions, ofPosition)));
  }
  if (ofVariation !== undefined && variations !== undefined) {
    sum = tf.add(sum, overGrid(tf.matMul(variations as tf.Tensor2D, ofVariation as tf.Tensor2D)));
  }
  return sum;
}

/**
 * The bias of slices by their positions in the scan: positions float32 `[n]`, table `[SLICE_KNOTS, channels]` → `[n,
 * channels]`.
 *
 * Linear between the knots on both sides; nothing where a position is not known.
 */
function positionBias(positions: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const knots = tf.range(0, SLICE_KNOTS, 1);
  const places = tf.mul(tf.reshape(positions, [positions.size, 1]), SLICE_KNOTS - 1);
  const weights = tf.relu(tf.sub(1, tf.abs(tf.sub(places, knots))));
  return tf.matMul(weights as tf.Tensor2D, table as tf.Tensor2D);
}

function overGrid(bias: tf.Tensor): tf.Tensor {
  const [batch, channels] = bias.shape as [number, number];
  return tf.reshape(bias, [batch, 1, 1, channels]);
}
