import { type Params, param } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { PixelcnnConfig } from "./config.ts";
import type { GridSpace } from "./grid-space.ts";

/**
 * What the levels before tell of each position: their codes, int32 grids `[b, r, c]` of any size → `[b, rows,
 * columns, hidden]`.
 *
 * Their codes are known as a whole, so nothing is masked: each is brought to this level's grid by the nearest code,
 * embedded, and passed through a residual block of two 3×3 convolutions.
 */
export function contextOf(
  config: PixelcnnConfig,
  params: Params,
  earlier: readonly tf.Tensor[],
  { rows, columns }: Pick<GridSpace, "rows" | "columns">,
): tf.Tensor {
  const embedded = earlier.map((codes, level) => {
    const table = param(params, `context.embedding${level}`);
    const near = nearest(nearest(codes, 1, rows), 2, columns);
    const vectors = tf.gather(table, tf.reshape(near, [near.size]) as tf.Tensor1D);
    return tf.reshape(vectors, [...near.shape, config.hidden]);
  });
  const sum = embedded.reduce((total, one) => tf.add(total, one));
  const inner = tf.relu(same(params, "context.inner", tf.relu(sum)));
  return tf.add(sum, same(params, "context.outer", inner));
}

/** Codes at `side` places along an axis, each the one that lies there. */
function nearest(codes: tf.Tensor, axis: number, side: number): tf.Tensor {
  const from = codes.shape[axis]!;
  if (from === side) return codes;
  const places = Int32Array.from({ length: side }, (_, index) => Math.floor((index * from) / side));
  return tf.gather(codes, tf.tensor1d(places, "int32"), axis);
}

function same(params: Params, name: string, input: tf.Tensor): tf.Tensor {
  const kernel = param(params, `${name}.kernel`) as tf.Tensor4D;
  return tf.add(tf.conv2d(input as tf.Tensor4D, kernel, 1, "same"), param(params, `${name}.bias`));
}
