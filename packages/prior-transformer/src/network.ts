import {
  addSliceBiases,
  contextOf,
  dropChannels,
  type GridSpace,
  type LevelInput,
  type Params,
  param,
  type SliceConditions,
} from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { attend, type Memory, type Places, placesOf, reachOf, windowsOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";

/** The logits of every code given the codes before it in raster order: int32 `[b, r, c]` → `[b·r·c, K]`. */
export function logits(
  config: LevelConfig,
  space: GridSpace,
  params: Params,
  { codes, earlier, dropout, ...told }: LevelInput,
): tf.Tensor {
  const context = earlier.length > 0 ? contextOf(params, earlier, space) : undefined;
  return head(params, features(config, space, params, embed(params, codes), { ...told, context, dropout }));
}

/** What is told besides codes; `context`, `[b, r, c, width]`, is of the levels before (see `contextOf`). */
export interface Told extends SliceConditions {
  readonly context?: tf.Tensor | undefined;
}

/**
 * All layers over whole grids: embedded codes `[b, r, c, width]` → `[b, r, c, width]`, of each those before it only.
 *
 * `dropout`, `[b, layers, 2, width]`, are factors for the channels that a layer's attention and its matrices add.
 */
export function features(
  config: LevelConfig,
  space: Pick<GridSpace, "rows" | "columns">,
  params: Params,
  embedded: tf.Tensor,
  { dropout, ...told }: Told & Pick<LevelInput, "dropout"> = {},
): tf.Tensor {
  const reach = reachOf(config, space);
  const places = placesOf(reach);
  const rows = tf.pad(embedded, [
    [0, 0],
    [1, 0],
    [0, 0],
    [0, 0],
  ]);
  let values = start(params, neighbours(rows), told);
  for (let layer = 0; layer < config.layers; layer++) {
    const lookBack = ({ keys, values }: Memory) => [
      { keys: windowsOf(keys, space.rows, reach), values: windowsOf(values, space.rows, reach) },
    ];
    values = passLayer(config, params, layer, values, { places, lookBack, dropout });
  }
  return values;
}

/** The learned vectors of codes: int32 of any shape `[...]` → `[..., width]`. */
export function embed(params: Params, codes: tf.Tensor): tf.Tensor {
  const table = param(params, "embedding");
  const vectors = tf.gather(table, tf.reshape(codes, [codes.size]) as tf.Tensor1D);
  return tf.reshape(vectors, [...codes.shape, table.shape[1]!]);
}

/** How many codes a position starts from: the three above it, and the one before it in raster order. */
export const NEIGHBOURS = 4;

/** The places in a grid, in raster order, of the codes that a position starts from; −1 where there is none. */
export function neighboursOf(position: number, columns: number): number[] {
  const column = position % columns;
  const above = [-1, 0, 1].map((aside) =>
    column + aside < 0 || column + aside >= columns ? -1 : Math.max(-1, position - columns + aside),
  );
  return [...above, position - 1];
}

/** Embedded rows, the first one that above the others, `[b, r + 1, c, width]` → the vectors of {@link neighboursOf} each position, `[b, r, c, 4·width]`. */
export function neighbours(embedded: tf.Tensor): tf.Tensor {
  const [batch, count, columns, width] = embedded.shape as [number, number, number, number];
  const rows = count - 1;
  const padded = tf.pad(embedded, [
    [0, 0],
    [0, 0],
    [1, 1],
    [0, 0],
  ]);
  const above = [0, 1, 2].map((from) => tf.slice(padded, [0, 0, from, 0], [batch, rows, columns, width]));
  const inOrder = tf.reshape(embedded, [batch, count * columns, width]);
  const before = tf.slice(inOrder, [0, columns - 1, 0], [batch, rows * columns, width]);
  return tf.concat([...above, tf.reshape(before, [batch, rows, columns, width])], 3);
}

/**
 * What positions start from: the vectors of their neighbours `[b, r, c, 4·width]`, and what is told → `[b, r, c, width]`.
 *
 * `positions`, int32 `[r·c]`, are their numbers in the grid; all of it unless given.
 */
export function start(
  params: Params,
  near: tf.Tensor,
  { context, ...told }: Told,
  positions?: tf.Tensor,
): tf.Tensor {
  const [, rows, columns] = near.shape as [number, number, number, number];
  let sum = addSliceBiases(params, "input", linear(params, "input", near), told);
  const table = params["input.position"];
  if (table !== undefined) {
    const own = positions === undefined ? table : tf.gather(table, positions as tf.Tensor1D);
    sum = tf.add(sum, tf.reshape(own, [1, rows, columns, table.shape[1]!]));
  }
  return context === undefined ? sum : tf.add(sum, context);
}

/**
 * A layer: attention, and two matrices with a ReLU between them, each added to its input, which it gets normalised.
 *
 * `lookBack` gives what the rows `[b, r, c, width]` look back on, in parts, out of their own keys and values `[b·r, heads,
 * c, headWidth]`.
 */
export function passLayer(
  config: LevelConfig,
  params: Params,
  layer: number,
  input: tf.Tensor,
  {
    places,
    lookBack,
    dropout,
  }: {
    readonly places: Places;
    readonly lookBack: (own: Memory) => readonly Memory[];
    readonly dropout?: tf.Tensor | undefined;
  },
): tf.Tensor {
  const name = `layer${layer}`;
  const { queries, ...own } = projections(config, params, layer, input);
  const found = attend(params, layer, queries, lookBack(own), places);
  const joined = tf.reshape(tf.transpose(found, [0, 2, 1, 3]), [...input.shape.slice(0, 3), -1]);
  const attended = tf.add(input, dropChannels(linear(params, `${name}.output`, joined), dropout, layer, 0));
  const inner = tf.relu(linear(params, `${name}.inner`, normalised(attended)));
  return tf.add(attended, dropChannels(linear(params, `${name}.outer`, inner), dropout, layer, 1));
}

/** A layer's queries, keys and values of rows `[b, r, c, width]`, `[b·r, heads, c, headWidth]` each. */
function projections(
  { heads, headWidth }: LevelConfig,
  params: Params,
  layer: number,
  input: tf.Tensor,
): Memory & { readonly queries: tf.Tensor } {
  const [batch, rows, columns] = input.shape as [number, number, number, number];
  const even = normalised(input);
  const byHead = (role: string) => {
    const all = tf.reshape(linear(params, `layer${layer}.${role}`, even), [
      batch * rows,
      columns,
      heads,
      headWidth,
    ]);
    return tf.transpose(all, [0, 2, 1, 3]);
  };
  return { queries: byHead("query"), keys: byHead("keys"), values: byHead("values") };
}

/** From the last layer to logits, `[..., width]` → `[n, K]`: a vector is compared with each code's own (Press and Wolf, 2017). */
export function head(params: Params, values: tf.Tensor): tf.Tensor {
  const table = param(params, "embedding") as tf.Tensor2D;
  const [, width] = table.shape;
  const flat = tf.reshape(normalised(values), [values.size / width, width]);
  const wanted = tf.mul(linear(params, "head", flat), 1 / Math.sqrt(width));
  return tf.add(tf.matMul(wanted as tf.Tensor2D, table, false, true), param(params, "head.codeBias"));
}

/** Brings the channels to a mean square of 1 (Zhang and Sennrich, 2019). */
function normalised(input: tf.Tensor): tf.Tensor {
  return tf.mul(input, tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), 1e-5)));
}

/** `[..., in]` times a matrix, and a bias if there is one → `[..., out]`. */
function linear(params: Params, name: string, input: tf.Tensor): tf.Tensor {
  const kernel = param(params, `${name}.kernel`) as tf.Tensor2D;
  const bias = params[`${name}.bias`];
  const [inputs, outputs] = kernel.shape;
  const product = tf.matMul(tf.reshape(input, [input.size / inputs, inputs]) as tf.Tensor2D, kernel);
  return tf.reshape(bias === undefined ? product : tf.add(product, bias), [
    ...input.shape.slice(0, -1),
    outputs,
  ]);
}
