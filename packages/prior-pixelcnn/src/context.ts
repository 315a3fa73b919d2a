import { type Params, param } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LevelConfig } from "./config.ts";
import type { GridSpace } from "./grid-space.ts";

type Grid = Pick<GridSpace, "rows" | "columns">;

/** Vectors of each code of a level before that a code of the next one lies on: down and across. */
export function enlargement(from: Grid, to: Grid): readonly [down: number, across: number] {
  return [Math.ceil(to.rows / from.rows), Math.ceil(to.columns / from.columns)];
}

/**
 * What the levels before tell of each position: their codes, int32 grids `[b, r, c]` of any size → `[b, rows,
 * columns, hidden]`.
 *
 * Their codes are known as a whole, so nothing is masked. From the coarsest on, a level's codes are embedded, added to
 * what those before it tell, passed through a residual block of two 3×3 convolutions at its own resolution, and brought
 * to the next one's, each position of which gets a linear map of its own.
 */
export function contextOf(
  config: LevelConfig,
  params: Params,
  earlier: readonly tf.Tensor[],
  space: Pick<GridSpace, "rows" | "columns" | "earlier">,
): tf.Tensor {
  let told: tf.Tensor | undefined;
  for (const [level, codes] of earlier.entries()) {
    const table = param(params, `context.embedding${level}`);
    const vectors = tf.gather(table, tf.reshape(codes, [codes.size]) as tf.Tensor1D);
    const embedded = tf.reshape(vectors, [...codes.shape, config.hidden]);
    const sum = told === undefined ? embedded : tf.add(told, embedded);
    const name = `context.level${level}`;
    told = lifted(params, `${name}.lift`, residual(params, name, sum), {
      from: space.earlier[level]!,
      to: space.earlier[level + 1] ?? space,
    });
  }
  if (told === undefined) throw new Error("a first level has no context");
  return residual(params, "context", told);
}

/** x + W₂ ReLU(W₁ ReLU(x)) with 3×3 kernels. */
function residual(params: Params, name: string, input: tf.Tensor): tf.Tensor {
  const inner = tf.relu(same(params, `${name}.inner`, tf.relu(input)));
  return tf.add(input, same(params, `${name}.outer`, inner));
}

/** `[b, r, c, hidden]` to another grid: each vector becomes a block of as many as lie on it, by a linear map each. */
function lifted(
  params: Params,
  name: string,
  input: tf.Tensor,
  { from, to }: { readonly from: Grid; readonly to: Grid },
): tf.Tensor {
  const [batch, rows, columns, hidden] = input.shape as [number, number, number, number];
  const [down, across] = enlargement(from, to);
  const kernel = param(params, `${name}.kernel`) as tf.Tensor2D;
  const flat = tf.matMul(tf.reshape(input, [batch * rows * columns, hidden]) as tf.Tensor2D, kernel);
  const blocks = tf.reshape(tf.add(flat, param(params, `${name}.bias`)), [
    batch * rows,
    columns,
    down,
    across * hidden,
  ]);
  const spread = tf.reshape(tf.transpose(blocks, [0, 2, 1, 3]), [
    batch,
    rows * down,
    columns * across,
    hidden,
  ]);
  return nearest(nearest(spread, 1, to.rows), 2, to.columns);
}

/** The values at `side` places along an axis, each the one that lies there. */
function nearest(values: tf.Tensor, axis: number, side: number): tf.Tensor {
  const from = values.shape[axis]!;
  if (from === side) return values;
  const places = Int32Array.from({ length: side }, (_, index) => Math.floor((index * from) / side));
  return tf.gather(values, tf.tensor1d(places, "int32"), axis);
}

function same(params: Params, name: string, input: tf.Tensor): tf.Tensor {
  const kernel = param(params, `${name}.kernel`) as tf.Tensor4D;
  return tf.add(tf.conv2d(input as tf.Tensor4D, kernel, 1, "same"), param(params, `${name}.bias`));
}
