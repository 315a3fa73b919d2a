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
import { attend, distanceOf, type Memory, type Places, type Reach, reachOf, windowsOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import { allHiddenInRaster, earliness, hiddenBy, neighboursBy, neighboursInRaster } from "./order.ts";

/** The logits of every code given the codes before it: int32 `[b, r, c]` → `[b·r·c, K]`. */
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
  { dropout, known, ...told }: Told & Pick<LevelInput, "dropout" | "known"> = {},
): tf.Tensor {
  const reach = reachOf(config, space, { below: known !== undefined });
  const { near, hidden, withCodes } = orderOf(config, space, params, { embedded, known, reach });
  const places = { distance: distanceOf(reach), hidden };
  let values = start(params, near, told);
  for (let layer = 0; layer < config.layers; layer++) {
    const look = (rowMemory: Memory) => {
      const { keys, values } = withCodes(layer, rowMemory);
      return [{ keys: windowsOf(keys, space.rows, reach), values: windowsOf(values, space.rows, reach) }];
    };
    values = passLayer(config, params, layer, values, { places, look, dropout });
  }
  return values;
}

interface Order {
  /** The vectors that positions start from, of the codes next to them that come before them: `[b, r, c, n·width]`. */
  readonly near: tf.Tensor;
  readonly hidden: tf.Tensor;
  /** The keys and values by which others see positions, from the positions' own: `[b·r, heads, c, headWidth]`. */
  withCodes(layer: number, rowMemory: Memory): Memory;
}

/** What positions see of embedded codes `[b, r, c, width]`. */
function orderOf(
  config: LevelConfig,
  space: Pick<GridSpace, "rows" | "columns">,
  params: Params,
  {
    embedded,
    known,
    reach,
  }: { readonly embedded: tf.Tensor; readonly known: tf.Tensor | undefined; readonly reach: Reach },
): Order {
  if (config.order === "raster") {
    return {
      near: neighboursInRaster(embedded),
      hidden: allHiddenInRaster(reach),
      withCodes: (_, rowMemory) => rowMemory,
    };
  }
  const early = earliness(space, known ?? tf.zeros(embedded.shape.slice(0, 3), "int32"));
  return {
    near: neighboursBy(early, embedded),
    hidden: hiddenBy(early, reach),
    withCodes: (layer, rowMemory) => sumOf(rowMemory, codeMemory(config, params, layer, embedded)),
  };
}

export function sumOf(first: Memory, second: Memory): Memory {
  return { keys: tf.add(first.keys, second.keys), values: tf.add(first.values, second.values) };
}

/**
 * What codes add to the keys and values of their positions, once they are there: embedded codes `[b, r, c, width]` → `[b·r, heads, c,
 * headWidth]` each.
 */
export function codeMemory(config: LevelConfig, params: Params, layer: number, embedded: tf.Tensor): Memory {
  const of = (role: string) => byHead(config, linear(params, `layer${layer}.${role}`, embedded));
  return { keys: of("codeKeys"), values: of("codeValues") };
}

/** The learned vectors of codes: int32 of any shape `[...]` → `[..., width]`. */
export function embed(params: Params, codes: tf.Tensor): tf.Tensor {
  const table = param(params, "embedding");
  const vectors = tf.gather(table, tf.reshape(codes, [codes.size]) as tf.Tensor1D);
  return tf.reshape(vectors, [...codes.shape, table.shape[1]!]);
}

/**
 * What positions start from: the vectors of their neighbours `[b, r, c, n·width]`, and what is told → `[b, r, c, width]`.
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
    const positionVectors = positions === undefined ? table : tf.gather(table, positions as tf.Tensor1D);
    sum = tf.add(sum, tf.reshape(positionVectors, [1, rows, columns, table.shape[1]!]));
  }
  return context === undefined ? sum : tf.add(sum, context);
}

/**
 * A layer: attention, and two matrices with a ReLU between them, each added to its input, which it gets normalised.
 *
 * `look` gives what the rows `[b, r, c, width]` look at, in parts, out of their own keys and values `[b·r, heads, c,
 * headWidth]`.
 */
export function passLayer(
  config: LevelConfig,
  params: Params,
  layer: number,
  input: tf.Tensor,
  {
    places,
    look,
    dropout,
  }: {
    readonly places: Places;
    readonly look: (rowMemory: Memory) => readonly Memory[];
    readonly dropout?: tf.Tensor | undefined;
  },
): tf.Tensor {
  const name = `layer${layer}`;
  const { queries, ...rowMemory } = projections(config, params, layer, input);
  const attendedByHead = attend(params, layer, queries, look(rowMemory), places);
  const joined = tf.reshape(tf.transpose(attendedByHead, [0, 2, 1, 3]), [...input.shape.slice(0, 3), -1]);
  const attended = tf.add(input, dropChannels(linear(params, `${name}.output`, joined), dropout, layer, 0));
  const inner = tf.relu(linear(params, `${name}.inner`, normalised(attended)));
  return tf.add(attended, dropChannels(linear(params, `${name}.outer`, inner), dropout, layer, 1));
}

/** A layer's queries, keys and values of rows `[b, r, c, width]`, `[b·r, heads, c, headWidth]` each. */
function projections(
  config: LevelConfig,
  params: Params,
  layer: number,
  input: tf.Tensor,
): Memory & { readonly queries: tf.Tensor } {
  const even = normalised(input);
  const of = (role: string) => byHead(config, linear(params, `layer${layer}.${role}`, even));
  return { queries: of("query"), keys: of("keys"), values: of("values") };
}

/** Rows `[b, r, c, heads·headWidth]` → `[b·r, heads, c, headWidth]`. */
function byHead({ heads, headWidth }: LevelConfig, input: tf.Tensor): tf.Tensor {
  const [batch, rows, columns] = input.shape as [number, number, number, number];
  return tf.transpose(tf.reshape(input, [batch * rows, columns, heads, headWidth]), [0, 2, 1, 3]);
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
