import { type GridSpace, type Params, param } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LevelConfig } from "./config.ts";

/*
 * Each code of a row looks back on the codes to its left and on the `window` rows above as a whole. Rows above the grid
 * have keys and values of zero, as the zeros around a grid in a convolution. Keys are in raster order, a row's own last.
 */

/** What the codes of a row look back on: each `[n, heads, places, headWidth]`. */
export interface Memory {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

type Grid = Pick<GridSpace, "rows" | "columns">;

/** How far rows look back in a grid. */
export interface Reach {
  /** Rows above. */
  readonly window: number;
  readonly columns: number;
  /** The distances that there are, rows above and columns aside, each with a score of its own. */
  readonly distances: readonly (readonly [above: number, aside: number])[];
}

export function reachOf(config: Pick<LevelConfig, "window">, { rows, columns }: Grid): Reach {
  const window = Math.max(1, Math.min(config.window, rows - 1));
  const sides = 2 * columns - 1;
  const distances = Array.from(
    { length: (window + 1) * sides },
    (_, at) => [Math.floor(at / sides), (at % sides) - (columns - 1)] as const,
  );
  return { window, columns, distances };
}

/** Of each column of a row, for all places that it can look back on. */
export interface Places {
  /** int32 `[columns, places]`: the number of the distance. */
  readonly distance: tf.Tensor;
  /** float32 `[columns, places]`: what hides the codes that come later, added to a score. */
  readonly hidden: tf.Tensor;
}

export function placesOf({ window, columns }: Reach): Places {
  const places = (window + 1) * columns;
  const distance = new Int32Array(columns * places);
  const hidden = new Float32Array(columns * places);
  for (let at = 0; at < distance.length; at++) {
    const [column, place] = [Math.floor(at / places), at % places];
    const above = window - Math.floor(place / columns);
    const aside = (place % columns) - column;
    distance[at] = above * (2 * columns - 1) + aside + columns - 1;
    if (above === 0 && aside > 0) hidden[at] = HIDDEN;
  }
  return {
    distance: tf.tensor(distance, [columns, places], "int32"),
    hidden: tf.tensor(hidden, [columns, places], "float32"),
  };
}

/** Added to a score, leaves nothing of it after the softmax. */
const HIDDEN = -1e9;

/** What rows look back on, from the keys or values of whole grids: `[b·rows, heads, columns, width]` → `[b·rows, heads, places, width]`. */
export function windowsOf(own: tf.Tensor, rows: number, { window }: Reach): tf.Tensor {
  const [count, heads, columns, width] = own.shape as [number, number, number, number];
  const each = heads * columns * width;
  const padded = tf.pad(tf.reshape(own, [count / rows, rows, each]), [
    [0, 0],
    [window, 0],
    [0, 0],
  ]);
  const shifted = Array.from({ length: window }, (_, from) =>
    tf.reshape(tf.slice(padded, [0, from, 0], [-1, rows, -1]), own.shape),
  );
  return tf.concat([...shifted, own], 2);
}

/** What queries `[n, heads, columns, width]` find in a memory, which may be in parts, `[n, heads, columns, width]`. */
export function attend(
  params: Params,
  layer: number,
  queries: tf.Tensor,
  memory: readonly Memory[],
  { distance, hidden }: Places,
): tf.Tensor {
  const [, heads, columns, width] = queries.shape as [number, number, number, number];
  const table = param(params, `layer${layer}.nearness`);
  const near = tf.gather(table, tf.reshape(distance, [distance.size]) as tf.Tensor1D);
  const nearness = tf.reshape(tf.transpose(near), [heads, columns, distance.size / columns]);
  const asked = tf.mul(queries, 1 / Math.sqrt(width));
  const scores = tf.concat(
    memory.map(({ keys }) => tf.matMul(asked, keys, false, true)),
    3,
  );
  const shares = tf.softmax(tf.add(scores, tf.add(nearness, hidden)));
  let from = 0;
  const found = memory.map(({ values }) => {
    const count = values.shape[2]!;
    const ofPart = tf.slice(shares, [0, 0, 0, from], [-1, -1, -1, count]);
    from += count;
    return tf.matMul(ofPart, values);
  });
  return tf.addN(found);
}
