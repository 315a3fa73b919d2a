import { type GridSpace, type Params, param } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LevelConfig } from "./config.ts";

/*
 * Each code of a row looks at its own row and the `window` rows above as a whole, and, where known codes come first, at as many
 * below. Rows outside a grid have keys and values of zero, as the zeros around a grid in a convolution.
 */

/** What the codes of a row look at: each `[n, heads, places, headWidth]`. */
export interface Memory {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

type Grid = Pick<GridSpace, "rows" | "columns">;

/** How far rows look in a grid. */
export interface Reach {
  /** Rows above. */
  readonly window: number;
  /** Rows below. */
  readonly below: number;
  readonly columns: number;
  /** The distances that there are, rows above (below where negative) and columns aside, each with a score of its own. */
  readonly distances: readonly (readonly [above: number, aside: number])[];
}

export function reachOf(
  config: Pick<LevelConfig, "window">,
  { rows, columns }: Grid,
  { below: looksBelow }: { readonly below: boolean },
): Reach {
  const window = Math.max(1, Math.min(config.window, rows - 1));
  const below = looksBelow ? window : 0;
  const sides = 2 * columns - 1;
  const distances = Array.from({ length: (window + 1 + below) * sides }, (_, at) => {
    const down = Math.floor(at / sides);
    return [down > window ? window - down : down, (at % sides) - (columns - 1)] as const;
  });
  return { window, below, columns, distances };
}

/** Of each column of a row, for all places that it can look at: the rows from the highest on, each from left to right. */
export interface Places {
  /** int32 `[columns, places]`: the number of the distance. */
  readonly distance: tf.Tensor;
  /** float32, `[columns, places]` or `[n, 1, columns, places]`: what hides the codes that come later, added to a score. */
  readonly hidden: tf.Tensor;
}

/** How many places a row can look at. */
export function placeCount({ window, below, columns }: Reach): number {
  return (window + 1 + below) * columns;
}

/** How many rows above its own, and columns aside, each place lies that a column of a row can look at. */
function offsetsOf(reach: Reach, column: number): readonly (readonly [above: number, aside: number])[] {
  const { window, columns } = reach;
  return Array.from({ length: placeCount(reach) }, (_, index) => [
    window - Math.floor(index / columns),
    (index % columns) - column,
  ]);
}

/** The number of a position's distance to itself. */
export function nearest({ columns }: Reach): number {
  return columns - 1;
}

/** {@link Places.distance}. */
export function distanceOf(reach: Reach): tf.Tensor {
  const { window, columns } = reach;
  const numbers = Array.from({ length: columns }, (_, column) =>
    offsetsOf(reach, column).map(([above, aside]) => {
      const down = above < 0 ? window - above : above;
      return down * (2 * columns - 1) + aside + columns - 1;
    }),
  );
  return tf.tensor(numbers.flat(), [columns, placeCount(reach)], "int32");
}

/** {@link Places.hidden} of a column: 0 where it `sees` a place, by the rows that lies above and the columns aside. */
export function hiddenFrom(
  reach: Reach,
  column: number,
  sees: (above: number, aside: number) => boolean,
): number[] {
  return offsetsOf(reach, column).map(([above, aside]) => (sees(above, aside) ? 0 : HIDDEN));
}

/** Added to a score, leaves nothing of it after the softmax. */
export const HIDDEN = -1e9;

/** What rows look at, from the keys or values of whole grids: `[b·rows, heads, columns, width]` → `[b·rows, heads, places, width]`. */
export function windowsOf(rowVectors: tf.Tensor, rows: number, { window, below }: Reach): tf.Tensor {
  const [count, heads, columns, width] = rowVectors.shape as [number, number, number, number];
  const each = heads * columns * width;
  const padded = tf.pad(tf.reshape(rowVectors, [count / rows, rows, each]), [
    [0, 0],
    [window, below],
    [0, 0],
  ]);
  const shifted = Array.from({ length: window + 1 + below }, (_, from) =>
    from === window
      ? rowVectors
      : tf.reshape(tf.slice(padded, [0, from, 0], [-1, rows, -1]), rowVectors.shape),
  );
  return tf.concat(shifted, 2);
}

/**
 * What queries `[n, heads, columns, width]` find in a memory, which may be in parts, `[n, heads, columns, width]`.
 *
 * Where the weights have a score for it, a query can find nothing.
 */
export function attend(
  params: Params,
  layer: number,
  queries: tf.Tensor,
  memory: readonly Memory[],
  { distance, hidden }: Places,
): tf.Tensor {
  const [count, heads, columns, width] = queries.shape as [number, number, number, number];
  const table = param(params, `layer${layer}.nearness`);
  const near = tf.gather(table, tf.reshape(distance, [distance.size]) as tf.Tensor1D);
  const nearness = tf.reshape(tf.transpose(near), [heads, columns, distance.size / columns]);
  const asked = tf.mul(queries, 1 / Math.sqrt(width));
  const scores = tf.concat(
    memory.map(({ keys }) => tf.matMul(asked, keys, false, true)),
    3,
  );
  const seen = tf.add(scores, tf.add(nearness, hidden));
  const nothing = params[`layer${layer}.nothing`];
  const shares = tf.softmax(
    nothing === undefined
      ? seen
      : tf.concat(
          [seen, tf.broadcastTo(tf.reshape(nothing, [1, heads, 1, 1]), [count, heads, columns, 1])],
          3,
        ),
  );
  let from = 0;
  const attendedParts = memory.map(({ values }) => {
    const count = values.shape[2]!;
    const ofPart = tf.slice(shares, [0, 0, 0, from], [-1, -1, -1, count]);
    from += count;
    return tf.matMul(ofPart, values);
  });
  return tf.addN(attendedParts);
}
