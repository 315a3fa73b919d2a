import type { GivenCodes, GridSpace } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { HIDDEN, hiddenFrom, placeCount, type Reach, windowsOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";

/*
 * In which order codes come. In raster order a code sees those before it. A network of random orders is told for each grid which
 * codes are known: these come first, in raster order, and then the others.
 */

type Grid = Pick<GridSpace, "rows" | "columns">;

/** How early each code of grids comes, from 1 for the last, larger for those before it: `[b, rows, columns]`; `known` is 0 or 1. */
export function earliness({ rows, columns }: Grid, known: tf.Tensor): tf.Tensor {
  const size = rows * columns;
  const inRaster = tf.reshape(tf.range(size, 0, -1, "float32"), [1, rows, columns]);
  return tf.add(inRaster, tf.mul(tf.cast(known, "float32"), size));
}

/** {@link earliness} of one grid on the host. */
function hostEarliness({ rows, columns }: Grid, known: GivenCodes["known"] | undefined): number[] {
  const size = rows * columns;
  return Array.from(
    { length: size },
    (_, at) => size - at + (known !== undefined && known[at] !== 0 ? size : 0),
  );
}

/** What hides those that come later or lie outside of the grid, of grids of such earliness: float32 `[b·rows, 1, columns, places]`. */
export function hiddenBy(early: tf.Tensor, reach: Reach): tf.Tensor {
  const [batch, rows, columns] = early.shape as [number, number, number];
  const ownTimes = tf.reshape(early, [batch * rows, 1, columns, 1]);
  const places = windowsOf(ownTimes, rows, reach);
  const seen = tf.greater(tf.reshape(places, [batch * rows, 1, 1, places.size / (batch * rows)]), ownTimes);
  return tf.mul(tf.sub(1, tf.cast(seen, "float32")), HIDDEN);
}

/** What hides the places of a column that come later in raster order. */
function hiddenInRaster(reach: Reach, column: number): number[] {
  return hiddenFrom(reach, column, (above, aside) => above > 0 || aside <= 0);
}

/** What hides those that come later in raster order: float32 `[columns, places]`. */
export function allHiddenInRaster(reach: Reach): tf.Tensor {
  const hidden = Array.from({ length: reach.columns }, (_, column) => hiddenInRaster(reach, column));
  return tf.tensor(hidden.flat(), [reach.columns, placeCount(reach)], "float32");
}

const AROUND = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((aside) => [down, aside] as const));
/** Where the codes lie that a position starts from, in rows down and columns aside: in raster order, and in any. */
const NEIGHBOURS = {
  raster: AROUND.slice(0, 3),
  random: AROUND.filter(([down, aside]) => down !== 0 || aside !== 0),
};

/** How many codes a position starts from; in raster order the one before it, besides those above it. */
export function neighbourCount({ order }: Pick<LevelConfig, "order">): number {
  return NEIGHBOURS[order].length + (order === "raster" ? 1 : 0);
}

/** The vectors of each position's neighbours in raster order, `[b, r, c, width]` → `[b, r, c, 4·width]`. */
export function neighboursInRaster(embedded: tf.Tensor): tf.Tensor {
  const [batch, rows, columns, width] = embedded.shape as [number, number, number, number];
  const padded = tf.pad(embedded, [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 0],
  ]);
  const above = [0, 1, 2].map((from) => tf.slice(padded, [0, 0, from, 0], [batch, rows, columns, width]));
  const inOrder = tf.pad(tf.reshape(embedded, [batch, rows * columns, width]), [
    [0, 0],
    [1, 0],
    [0, 0],
  ]);
  const before = tf.slice(inOrder, [0, 0, 0], [batch, rows * columns, width]);
  return tf.concat([...above, tf.reshape(before, [batch, rows, columns, width])], 3);
}

/** The vectors of each position's eight neighbours, zeros for those that come later, `[b, r, c, width]` → `[b, r, c, 8·width]`. */
export function neighboursBy(early: tf.Tensor, embedded: tf.Tensor): tf.Tensor {
  const margin = [1, 1] as [number, number];
  const vectors = tf.pad(embedded, [[0, 0], margin, margin, [0, 0]]);
  const times = tf.pad(early, [[0, 0], margin, margin]);
  const near = NEIGHBOURS.random.map(([down, aside]) => {
    const seen = tf.greater(tf.slice(times, [0, 1 + down, 1 + aside], early.shape), early);
    const neighbour = tf.slice(vectors, [0, 1 + down, 1 + aside, 0], embedded.shape);
    return tf.mul(neighbour, tf.expandDims(tf.cast(seen, "float32"), 3));
  });
  return tf.concat(near, 3);
}

/** What the positions of one grid see as its codes come, on the host. */
export interface Sight {
  /** The numbers in the grid of the codes that a position starts from; −1 where there is none, or none yet. */
  neighboursOf(position: number): number[];
  /** What hides the places that a position does not see, `[places]`. */
  hiddenOf(position: number): number[];
}

export function sightOf(
  { order }: Pick<LevelConfig, "order">,
  grid: Grid,
  reach: Reach,
  known: GivenCodes["known"] | undefined,
): Sight {
  const { rows, columns } = grid;
  const inside = (row: number, column: number) =>
    row < 0 || row >= rows || column < 0 || column >= columns ? -1 : row * columns + column;
  const at = (position: number) =>
    NEIGHBOURS[order].map(([down, aside]) =>
      inside(Math.floor(position / columns) + down, (position % columns) + aside),
    );
  if (order === "raster") {
    return {
      neighboursOf: (position) => [...at(position), position - 1],
      hiddenOf: (position) => hiddenInRaster(reach, position % columns),
    };
  }
  const early = hostEarliness(grid, known);
  const sees = (position: number, other: number) => other >= 0 && early[other]! > early[position]!;
  return {
    neighboursOf: (position) => at(position).map((other) => (sees(position, other) ? other : -1)),
    hiddenOf: (position) => {
      const [row, column] = [Math.floor(position / columns), position % columns];
      return hiddenFrom(reach, column, (above, aside) => sees(position, inside(row - above, column + aside)));
    },
  };
}
