import { UNKNOWN_SLICE_POSITION } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";

/** Positions in a scan with a bias of their own, evenly from its first slice to its last. */
export const SLICE_KNOTS = 9;

/** The share of training slices whose position is withheld, so that slices without one can be scored. */
export const WITHHELD = 0.1;

/**
 * The bias of slices by their positions in the scan: positions float32 `[n]`, table `[SLICE_KNOTS, channels]` → `[n,
 * channels]`.
 *
 * Linear between the knots on both sides; nothing where a position is not known.
 */
export function sliceBias(positions: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const knots = tf.range(0, SLICE_KNOTS, 1);
  const places = tf.mul(tf.reshape(positions, [positions.size, 1]), SLICE_KNOTS - 1);
  const weights = tf.relu(tf.sub(1, tf.abs(tf.sub(places, knots))));
  return tf.matMul(weights as tf.Tensor2D, table as tf.Tensor2D);
}

/** Positions `[n]` of which those are withheld whose `shown` `[n]` is 0 instead of 1. */
export function withheld(positions: tf.Tensor, shown: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(tf.sub(positions, UNKNOWN_SLICE_POSITION), shown), UNKNOWN_SLICE_POSITION);
}
