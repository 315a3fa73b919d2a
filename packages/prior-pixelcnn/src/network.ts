import { addSliceBiases, dropChannels, type Params, param, type SliceConditions } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { attend, attentionAfter, blocksOf, hiddenBlocks, remember } from "./attention.ts";
import type { LevelConfig } from "./config.ts";

/** What a layer gets besides the outputs of the layer below. */
export interface Conditions extends SliceConditions {
  /** float32 `[batch, rows, columns, hidden]`, what the levels before tell (see `contextOf`); absent without any. */
  readonly context?: tf.Tensor | undefined;
  /** float32 `[batch, layers, 2, hidden]`: factors for the vertical and the horizontal stack's channels. */
  readonly dropout?: tf.Tensor | undefined;
}

/** How far a layer's kernel reaches up, left and right. */
export function reach(config: LevelConfig, layer: number): number {
  return Math.floor((layer === 0 ? config.firstKernel : config.kernel) / 2);
}

/**
 * The logits of every code given the codes before it in raster order: int32 `[b, r, c]` → `[b·r·c, K]`.
 *
 * The gated PixelCNN of van den Oord et al., "Conditional image generation with PixelCNN decoders", 2016.
 */
export function logits(
  config: LevelConfig,
  params: Params,
  codes: tf.Tensor,
  conditions: Conditions = {},
): tf.Tensor {
  const horizontal = features(config, params, embed(params, codes), conditions);
  return head(params, tf.reshape(horizontal, [codes.size, config.hidden]));
}

/** The learned vectors of codes: int32 of any shape `[...]` → `[..., hidden]`. */
export function embed(params: Params, codes: tf.Tensor): tf.Tensor {
  const table = param(params, "embedding");
  const vectors = tf.gather(table, tf.reshape(codes, [codes.size]) as tf.Tensor1D);
  return tf.reshape(vectors, [...codes.shape, table.shape[1]!]);
}

/**
 * Both stacks over whole grids: embedded codes `[b, r, c, hidden]` → the horizontal stack's output, same shape.
 *
 * At row y the vertical stack has seen all rows above y, and the horizontal one what the vertical stack has and the
 * codes to the left as well. What a position must not see has no weight at all: the kernels reach only up and left,
 * and the first layer's stop short of the position's own row (vertical) and column (horizontal), mask A.
 */
export function features(
  config: LevelConfig,
  params: Params,
  embedded: tf.Tensor,
  conditions: Conditions = {},
): tf.Tensor {
  const [, rows, columns] = embedded.shape as [number, number, number, number];
  const blocks = blocksOf(config, { rows, columns });
  let vertical = embedded;
  let horizontal = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    const half = reach(config, layer);
    const above = verticalConvolution(params, layer, half, vertical);
    const preactivation = addVerticalBiases(params, layer, above, conditions);
    const left = horizontalConvolution(params, layer, half, horizontal);
    const sum = tf.add(left, toHorizontal(params, layer, preactivation, conditions));
    const gated = dropChannels(gate(sum), conditions.dropout, layer, 1);
    horizontal = horizontalOutput(params, layer, gated, horizontal);
    // The last layer's vertical output would feed a next layer only.
    if (layer + 1 < config.layers) vertical = dropChannels(gate(preactivation), conditions.dropout, layer, 0);
    const attention = attentionAfter(config, layer, { rows, columns });
    if (attention !== undefined) {
      const memory = remember(vertical, embedded, blocks);
      const hidden = hiddenBlocks(rows, blocks);
      vertical = tf.add(vertical, attend(config, params, attention, vertical, memory, { blocks, hidden }));
    }
  }
  return horizontal;
}

/**
 * From the horizontal stack's output to logits: ReLU, 1×1, ReLU, 1×1; `[n, hidden]` → `[n, K]`.
 *
 * Where the embedding is tied, the last 1×1 gives a vector that is compared with each code's own (Press and Wolf,
 * 2017), so that what is learned of a code as context serves to predict it.
 */
export function head(params: Params, horizontal: tf.Tensor): tf.Tensor {
  const hidden = tf.relu(pointwise(params, "head.hidden", tf.relu(horizontal)));
  if (params["head.logits.kernel"] !== undefined) return pointwise(params, "head.logits", hidden);
  const table = param(params, "embedding") as tf.Tensor2D;
  const wanted = tf.mul(pointwise(params, "head.wanted", hidden), 1 / Math.sqrt(table.shape[1]));
  return tf.add(tf.matMul(wanted as tf.Tensor2D, table, false, true), param(params, "head.logits.bias"));
}

/** tanh(a)·sigmoid(b) of the two halves of the channels: `[..., 2·hidden]` → `[..., hidden]`. */
export function gate(preactivation: tf.Tensor): tf.Tensor {
  const [content, opening] = tf.split(preactivation, 2, -1);
  return gateHalves(content!, opening!);
}

/** With t = tanh(a), s = sigmoid(b) and y = t·s: ∂y/∂a = s − y·t and ∂y/∂b = y − y·s, fewer passes than the parts'. */
const gateHalves = tf.customGrad((...args) => {
  const [content, opening, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
  const squashed = tf.tanh(content);
  const open = tf.sigmoid(opening);
  const value = tf.mul(squashed, open);
  save([squashed, open, value]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
    const [t, s, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    return [tf.mul(dy, tf.sub(s, tf.mul(y, t))), tf.mul(dy, tf.sub(y, tf.mul(y, s)))];
  };
  return { value, gradFunc };
});

/** What concerns both stacks of every layer. */
type StackConditions = Omit<Conditions, "dropout">;

/**
 * Adds a vertical layer's bias, its slices' and, in the first layer, its positions' (`row`: those of one row) and what
 * the levels before tell.
 */
export function addVerticalBiases(
  params: Params,
  layer: number,
  above: tf.Tensor,
  conditions: StackConditions,
  row?: tf.Tensor,
): tf.Tensor {
  let sum = tf.add(above, param(params, `layer${layer}.vertical.bias`));
  const positions = params["position.bias"];
  if (layer === 0 && positions !== undefined) {
    sum = tf.add(sum, row === undefined ? positions : tf.gather(positions, row as tf.Tensor1D));
  }
  const { context } = conditions;
  if (layer === 0 && context !== undefined) sum = tf.add(sum, pointwise(params, "context.vertical", context));
  return addSliceBiases(params, `layer${layer}.vertical`, sum, conditions);
}

/**
 * What a layer's vertical stack, its slices' class and position, and the levels before tell the horizontal one at the
 * same position: 1×1 and biases.
 */
export function toHorizontal(
  params: Params,
  layer: number,
  preactivation: tf.Tensor,
  conditions: StackConditions,
): tf.Tensor {
  const { context } = conditions;
  let sum = pointwise(params, `layer${layer}.horizontal`, preactivation, "fromVertical");
  if (context !== undefined) sum = tf.add(sum, pointwise(params, `layer${layer}.context`, context));
  return addSliceBiases(params, `layer${layer}.horizontal`, sum, conditions);
}

/** The horizontal stack's 1×1 and its residual connection; none around mask A, which hides the position itself. */
export function horizontalOutput(
  params: Params,
  layer: number,
  gated: tf.Tensor,
  input: tf.Tensor,
): tf.Tensor {
  const output = pointwise(params, `layer${layer}.output`, gated);
  return layer === 0 ? output : tf.add(output, input);
}

/** The vertical stack's convolution, over rows above (and, from the second layer on, the stack's own row). */
export function verticalConvolution(
  params: Params,
  layer: number,
  half: number,
  input: tf.Tensor,
): tf.Tensor {
  const rows = input.shape[1]!;
  const seen = layer === 0 ? tf.slice(input, [0, 0, 0, 0], [-1, rows - 1, -1, -1]) : input;
  return convolve(seen, param(params, `layer${layer}.vertical.kernel`), [half, 0], [half, half]);
}

/** The horizontal stack's convolution, over columns to the left (and, from the second layer on, its own). */
export function horizontalConvolution(
  params: Params,
  layer: number,
  half: number,
  input: tf.Tensor,
): tf.Tensor {
  const columns = input.shape[2]!;
  const seen = layer === 0 ? tf.slice(input, [0, 0, 0, 0], [-1, -1, columns - 1, -1]) : input;
  return convolve(seen, param(params, `layer${layer}.horizontal.kernel`), [0, 0], [half, 0]);
}

/** A convolution with the given rows and columns of zeros, before and after, and no others. */
export function convolve(
  input: tf.Tensor,
  kernel: tf.Tensor,
  rows: [number, number] = [0, 0],
  columns: [number, number] = [0, 0],
): tf.Tensor {
  const padded = tf.pad(input, [[0, 0], rows, columns, [0, 0]]);
  return tf.conv2d(padded as tf.Tensor4D, kernel as tf.Tensor4D, 1, "valid");
}

/**
 * A 1×1 convolution with bias: `[..., in]` → `[..., out]`.
 *
 * Of whole grids as a convolution, so that a compiler which keeps their channels first need not turn them around
 * each layer; of anything else, as in the sampler's single rows, as one matrix product.
 */
function pointwise(params: Params, name: string, input: tf.Tensor, kernelName = "kernel"): tf.Tensor {
  const kernel = param(params, `${name}.${kernelName}`);
  const [inputs, outputs] = kernel.shape as [number, number];
  if (input.rank === 4) {
    const convolved = convolve(input, tf.reshape(kernel, [1, 1, inputs, outputs]));
    return tf.add(convolved, param(params, `${name}.bias`));
  }
  const flat = tf.matMul(tf.reshape(input, [input.size / inputs, inputs]), kernel as tf.Tensor2D);
  const sum = tf.add(flat, param(params, `${name}.bias`));
  return tf.reshape(sum, [...input.shape.slice(0, -1), outputs]);
}
