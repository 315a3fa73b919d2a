import { type GridSpace, type Params, param } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LevelConfig } from "./config.ts";

/*
 * Causal attention after PixelSNAIL (Chen et al., "An improved autoregressive generative model", 2018), within the
 * vertical stack: a row looks back at all rows above it, in blocks of `stride` × `stride` codes, so that a sampler
 * needs it once a row only. What is left of a code in its own row is the horizontal stack's.
 */

/** The blocks of the grid that some row can look back at: those that end above the last row. */
export interface Blocks {
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
}

export function blocksOf(
  config: LevelConfig,
  { rows, columns }: Pick<GridSpace, "rows" | "columns">,
): Blocks {
  const stride = config.attention.stride;
  return { stride, rows: Math.floor((rows - 1) / stride), columns: Math.ceil(columns / stride) };
}

/** The number of the attention that follows a layer; undefined where none does. They are spread evenly. */
export function attentionAfter(
  config: LevelConfig,
  layer: number,
  grid: Pick<GridSpace, "rows" | "columns">,
): number | undefined {
  if (blocksOf(config, grid).rows === 0) return undefined;
  const { count } = config.attention;
  // The last layer's vertical output goes nowhere.
  const places = Array.from({ length: count }, (_, index) =>
    Math.floor(((index + 1) * (config.layers - 1)) / (count + 1)),
  );
  const number = layer + 1 < config.layers ? places.indexOf(layer) : -1;
  return number < 0 ? undefined : number;
}

/** What rows look back at, a row of it: features `[b, r, c, hidden]` and embedded codes → `[b, r, C, 2·hidden]`, means over each block's columns. */
export function toBlockColumns(
  features: tf.Tensor,
  embedded: tf.Tensor,
  { stride, columns }: Blocks,
): tf.Tensor {
  const both = tf.concat([features, embedded], 3);
  const [batch, rows, width, channels] = both.shape as [number, number, number, number];
  const padded = tf.pad(both, [
    [0, 0],
    [0, 0],
    [0, columns * stride - width],
    [0, 0],
  ]);
  return tf.mean(tf.reshape(padded, [batch, rows, columns, stride, channels]), 3);
}

/** Keys and values of whole grids: features and embedded codes `[b, r, c, hidden]` → `[b, R·C, 2·hidden]`. */
export function remember(features: tf.Tensor, embedded: tf.Tensor, blocks: Blocks): tf.Tensor {
  const { stride, rows, columns } = blocks;
  const [batch, , width] = features.shape as [number, number, number, number];
  const seen = (x: tf.Tensor) => tf.slice(x, [0, 0, 0, 0], [batch, rows * stride, width, x.shape[3]!]);
  const narrow = toBlockColumns(seen(features), seen(embedded), blocks);
  const channels = narrow.shape[3]!;
  const means = tf.mean(tf.reshape(narrow, [batch, rows, stride, columns * channels]), 2);
  return tf.reshape(means, [batch, rows * columns, channels]);
}

/** What hides from each row the blocks that do not end above it: `[rows, 1, R, 1]` of 0 or a large negative number. */
export function hiddenBlocks(rows: number, blocks: Blocks): tf.Tensor {
  const hidden = Array.from({ length: rows * blocks.rows }, (_, at) => {
    const [row, block] = [Math.floor(at / blocks.rows), at % blocks.rows];
    return (block + 1) * blocks.stride <= row ? 0 : HIDDEN;
  });
  return tf.tensor(hidden, [rows, 1, blocks.rows, 1], "float32");
}

/** Added to a score, leaves nothing of it after the softmax. */
export const HIDDEN = -1e9;

/**
 * What rows find: features `[b, r, c, hidden]` that ask, `memory` `[b, R·C, 2·hidden]` → `[b, r, c, hidden]`.
 *
 * `hidden` is {@link hiddenBlocks} of these rows; `row`, in the sampler, the one row that asks. A score of 0 for
 * nothing at all is among the others, or the first rows had nothing to choose from.
 */
export function attend(
  config: LevelConfig,
  params: Params,
  block: number,
  features: tf.Tensor,
  memory: tf.Tensor,
  { blocks, hidden, row }: { readonly blocks: Blocks; readonly hidden: tf.Tensor; readonly row?: tf.Tensor },
): tf.Tensor {
  const { heads, width } = config.attention;
  const name = `attention${block}`;
  const [batch, rows, columns, channels] = features.shape as [number, number, number, number];
  const positions = params[`${name}.query.position`];
  const queryPosition =
    positions && (row === undefined ? positions : tf.gather(positions, row as tf.Tensor1D));
  const keyPosition = params[`${name}.key.position`];
  const asked = product(features, param(params, `${name}.query.kernel`));
  const keys = product(memory, param(params, `${name}.key.kernel`));
  const values = product(memory, param(params, `${name}.value.kernel`));
  const query = byHead(queryPosition === undefined ? asked : tf.add(asked, queryPosition), heads);
  const key = byHead(keyPosition === undefined ? keys : tf.add(keys, keyPosition), heads);
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width));
  const count = blocks.rows * blocks.columns;
  const spread = tf.reshape(scores, [batch * heads, rows, columns, blocks.rows, blocks.columns]);
  const masked = tf.reshape(tf.add(spread, hidden), [batch, heads, rows * columns, count]);
  const nothing = tf.zeros([batch, heads, rows * columns, 1]);
  const shares = tf.softmax(tf.concat([masked, nothing], 3));
  const attendedByHead = tf.matMul(
    tf.slice(shares, [0, 0, 0, 0], [batch, heads, rows * columns, count]),
    byHead(values, heads),
  );
  const joined = tf.reshape(tf.transpose(attendedByHead, [0, 2, 1, 3]), [
    batch,
    rows,
    columns,
    heads * width,
  ]);
  const output = product(joined, param(params, `${name}.output.kernel`));
  return tf.reshape(tf.add(output, param(params, `${name}.output.bias`)), [batch, rows, columns, channels]);
}

/** `[…, in]` times a matrix → `[…, out]`. */
function product(input: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  const [inputs, outputs] = kernel.shape as [number, number];
  const flat = tf.matMul(tf.reshape(input, [input.size / inputs, inputs]), kernel as tf.Tensor2D);
  return tf.reshape(flat, [...input.shape.slice(0, -1), outputs]);
}

/** `[b, …, heads·width]` → `[b, heads, n, width]`. */
function byHead(input: tf.Tensor, heads: number): tf.Tensor {
  const [batch, channels] = [input.shape[0]!, input.shape.at(-1)!];
  const count = input.size / batch / channels;
  return tf.transpose(tf.reshape(input, [batch, count, heads, channels / heads]), [0, 2, 1, 3]);
}
