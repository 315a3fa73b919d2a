import { float32, type HostTensor, type HostTensors, type Signature, sizeOf } from "@slicebook/base";
import { type GridSpace, type Params, param, sliceConditionSpecs, type TensorRecord } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { attend, attentionAfter, type Blocks, blocksOf, HIDDEN, toBlockColumns } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import {
  addVerticalBiases,
  convolve,
  embed,
  gate,
  head,
  horizontalConvolution,
  horizontalOutput,
  reach,
  toHorizontal,
} from "./network.ts";

/*
 * The network one row and one position at a time, each value of it computed once. What later positions need of
 * earlier ones is the carry: for every layer the last rows of the vertical stack and the last columns of the
 * horizontal one, as many as its kernel reaches. `keep` is 0 at the first row (or column), which empties the carry as
 * the zeros around a grid do, and 1 after it.
 */

type CachedStep = (params: Params, carry: Params, inputs: Params) => [TensorRecord, TensorRecord];

/**
 * The vertical stack's empty carry: `above<layer>` `[lanes, half, columns, hidden]`, the newest row last; and for each
 * attention what it looks back at (see {@link recall}).
 */
export function rowCarry(config: LevelConfig, space: GridSpace, lanes: number): HostTensors {
  const { columns } = space;
  const carry = emptyCarry(config, "above", (half) => [lanes, half, columns, config.hidden]);
  const blocks = blocksOf(config, space);
  const attentions = Array.from({ length: config.layers }, (_, layer) =>
    attentionAfter(config, layer, space),
  );
  for (const attention of attentions) {
    if (attention === undefined) continue;
    carry[`newest${attention}`] = zeros([lanes, 1, columns, config.hidden]);
    carry[`pending${attention}`] = zeros([lanes, 1, blocks.columns, 2 * config.hidden]);
    carry[`memory${attention}`] = zeros([lanes, blocks.rows, blocks.columns * 2 * config.hidden]);
  }
  return carry;
}

/** What {@link rowStep} takes. */
export function rowInputs(config: LevelConfig, space: GridSpace, lanes: number): Signature {
  const { columns, earlier } = space;
  return {
    previous: { shape: [lanes, columns], dtype: "int32" },
    row: { shape: [1], dtype: "int32" },
    keep: { shape: [], dtype: "float32" },
    ...sliceConditionSpecs(space, config, lanes),
    ...(earlier.length > 0 && { context: { shape: [lanes, 1, columns, config.hidden], dtype: "float32" } }),
  };
}

/**
 * The vertical stack for one row, `row`, from the codes of the row above, `previous`.
 *
 * Gives `fromVertical` `[columns, lanes, layers, 2·hidden]`: what each layer's horizontal convolution is added to.
 */
export function rowStep(config: LevelConfig, space: GridSpace): CachedStep {
  const blocks = blocksOf(config, space);
  return (params, carry, inputs) => {
    const keep = param(inputs, "keep");
    const row = param(inputs, "row");
    const remembered: TensorRecord = {};
    const contributions: tf.Tensor[] = [];
    const embedded = tf.expandDims(embed(params, param(inputs, "previous")), 1);
    let vertical = embedded;
    for (let layer = 0; layer < config.layers; layer++) {
      const half = reach(config, layer);
      const seen = slide(param(carry, `above${layer}`), vertical, layer, keep);
      remembered[`above${layer}`] = seen.remembered;
      const sum = convolve(seen.window, param(params, `layer${layer}.vertical.kernel`), [0, 0], [half, half]);
      const preactivation = addVerticalBiases(params, layer, sum, inputs, row);
      contributions.push(toHorizontal(params, layer, preactivation, inputs));
      if (layer + 1 < config.layers) vertical = gate(preactivation);
      const attention = attentionAfter(config, layer, space);
      if (attention === undefined) continue;
      const { memory, hidden, updated } = recall(carry, attention, embedded, { blocks, row, keep });
      Object.assign(remembered, updated, { [`newest${attention}`]: vertical });
      const attended = attend(config, params, attention, vertical, memory, { blocks, hidden, row });
      vertical = tf.add(vertical, attended);
    }
    // Each is [lanes, 1, columns, 2·hidden]; a column's values must lie together.
    const fromVertical = tf.transpose(tf.concat(contributions, 1), [2, 0, 1, 3]);
    return [remembered, { fromVertical }];
  };
}

/**
 * What an attention of row `row` looks back at. The carry holds `newest`, the features of the row above, which come
 * together with its codes now, `pending`, the sum of the rows of the block that is not whole yet, and `memory`, the
 * means of whole blocks.
 */
function recall(
  carry: Params,
  attention: number,
  embedded: tf.Tensor,
  { blocks, row, keep }: { readonly blocks: Blocks; readonly row: tf.Tensor; readonly keep: tf.Tensor },
): { memory: tf.Tensor; hidden: tf.Tensor; updated: TensorRecord } {
  const { stride, rows, columns } = blocks;
  const newest = toBlockColumns(param(carry, `newest${attention}`), embedded, blocks);
  const [lanes, , , channels] = newest.shape as [number, number, number, number];
  // Block n is whole, for this row, if (n + 1) · stride ≤ row, and became so just now if they are equal.
  const ends = tf.tensor1d(Array.from({ length: rows }, (_, block) => (block + 1) * stride));
  const now = tf.cast(row, "float32");
  const whole = tf.cast(tf.equal(ends, now), "float32");
  const within = tf.cast(tf.greater(tf.mod(tf.sub(now, 1), stride), 0), "float32");
  const pending = tf.add(tf.mul(param(carry, `pending${attention}`), within), newest);
  const means = tf.reshape(tf.div(pending, stride), [lanes, 1, columns * channels]);
  const older = tf.mul(param(carry, `memory${attention}`), keep);
  const memory = tf.add(older, tf.mul(means, tf.reshape(whole, [rows, 1])));
  const hidden = tf.mul(tf.cast(tf.greater(ends, now), "float32"), HIDDEN);
  return {
    memory: tf.reshape(memory, [lanes, rows * columns, channels]),
    hidden: tf.reshape(hidden, [1, 1, rows, 1]),
    updated: { [`pending${attention}`]: pending, [`memory${attention}`]: memory },
  };
}

/**
 * What the horizontal stack remembers along a row of codes that are known, at every position in one go, so that these
 * need not be stepped through: `codes` int32 `[lanes, columns]` and what {@link rowStep} gives for the row →
 * `left<layer>` `[lanes, columns, hidden]`, for each layer what it gets at each position.
 */
export function rowMemory(
  config: LevelConfig,
): (params: Params, codes: tf.Tensor, fromVertical: tf.Tensor) => TensorRecord {
  return (params, codes, fromVertical) => {
    const [columns, lanes, , wide] = fromVertical.shape as [number, number, number, number];
    const contributions = tf.unstack(tf.transpose(fromVertical, [2, 1, 0, 3]));
    let horizontal = tf.expandDims(embed(params, codes), 1);
    const memory: TensorRecord = {};
    for (let layer = 0; layer < config.layers; layer++) {
      memory[`left${layer}`] = tf.reshape(horizontal, [lanes, columns, config.hidden]);
      if (layer + 1 === config.layers) break;
      const left = horizontalConvolution(params, layer, reach(config, layer), horizontal);
      const sum = tf.add(left, tf.reshape(contributions[layer]!, [lanes, 1, columns, wide]));
      horizontal = horizontalOutput(params, layer, gate(sum), horizontal);
    }
    return memory;
  };
}

/** The carry of {@link pixelStep} at a column, out of what {@link rowMemory} gives. */
export function carryAt(
  config: LevelConfig,
  memory: HostTensors,
  { column, lanes }: { readonly column: number; readonly lanes: number },
): HostTensors {
  const carry = pixelCarry(config, lanes);
  for (let layer = 0; layer < config.layers; layer++) {
    const half = reach(config, layer);
    const { data, shape } = memory[`left${layer}`]!;
    const [, columns, hidden] = shape as [number, number, number];
    // The step itself adds the code before the column to what the first layer remembers.
    const end = layer === 0 ? column - 1 : column;
    const held = Math.min(half, end);
    const values = carry[`left${layer}`]!.data;
    for (let lane = 0; lane < lanes; lane++) {
      const from = (lane * columns + end - held) * hidden;
      values.set(data.subarray(from, from + held * hidden), ((lane + 1) * half - held) * hidden);
    }
  }
  return carry;
}

/** The horizontal stack's empty carry: `left<layer>` `[lanes, half, hidden]`, the newest column last. */
export function pixelCarry(config: LevelConfig, lanes: number): HostTensors {
  return emptyCarry(config, "left", (half) => [lanes, half, config.hidden]);
}

/** What {@link pixelStep} takes. */
export function pixelInputs(config: LevelConfig, lanes: number): Signature {
  return {
    previous: { shape: [lanes], dtype: "int32" },
    keep: { shape: [], dtype: "float32" },
    fromVertical: { shape: [lanes, config.layers, 2 * config.hidden], dtype: "float32" },
  };
}

/**
 * The horizontal stack and the head for one position, from the code to its left, `previous`, and its part of what
 * {@link rowStep} gives. Gives `logits` `[lanes, K]`.
 */
export function pixelStep(config: LevelConfig): CachedStep {
  const wide = 2 * config.hidden;
  return (params, carry, inputs) => {
    const keep = param(inputs, "keep");
    const fromVertical = tf.unstack(param(inputs, "fromVertical"), 1);
    const remembered: TensorRecord = {};
    let horizontal = embed(params, param(inputs, "previous"));
    for (let layer = 0; layer < config.layers; layer++) {
      const seen = slide(param(carry, `left${layer}`), tf.expandDims(horizontal, 1), layer, keep);
      remembered[`left${layer}`] = seen.remembered;
      const [lanes, columns] = seen.window.shape as [number, number];
      const kernel = tf.reshape(param(params, `layer${layer}.horizontal.kernel`), [-1, wide]);
      const window = tf.reshape(seen.window, [lanes, columns * config.hidden]);
      const sum = tf.add(tf.matMul(window, kernel as tf.Tensor2D), fromVertical[layer]!);
      horizontal = horizontalOutput(params, layer, gate(sum), horizontal);
    }
    return [remembered, { logits: head(params, horizontal) }];
  };
}

/**
 * What a layer's kernel sees along axis 1, and what to remember of it for the next step.
 *
 * The first layer's kernel ends before the position itself, so the newest entry is already one that it looks back at.
 */
function slide(
  cache: tf.Tensor,
  newest: tf.Tensor,
  layer: number,
  keep: tf.Tensor,
): { window: tf.Tensor; remembered: tf.Tensor } {
  if (layer === 0) {
    const older = cache.shape[1] === 1 ? [] : [dropFirst(cache)];
    const window = tf.mul(tf.concat([...older, newest], 1), keep);
    return { window, remembered: window };
  }
  const window = tf.concat([tf.mul(cache, keep), newest], 1);
  return { window, remembered: dropFirst(window) };
}

function dropFirst(tensor: tf.Tensor): tf.Tensor {
  const begin = tensor.shape.map((_, axis) => (axis === 1 ? 1 : 0));
  return tf.slice(
    tensor,
    begin,
    tensor.shape.map((side, axis) => side - begin[axis]!),
  );
}

function emptyCarry(
  config: LevelConfig,
  name: string,
  shapeOf: (half: number) => readonly number[],
): Record<string, HostTensor> {
  const carry: Record<string, HostTensor> = {};
  for (let layer = 0; layer < config.layers; layer++) {
    const shape = shapeOf(reach(config, layer));
    carry[`${name}${layer}`] = zeros(shape);
  }
  return carry;
}

function zeros(shape: readonly number[]): HostTensor {
  return float32(new Float32Array(sizeOf(shape)), shape);
}
