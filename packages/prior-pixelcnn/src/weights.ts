import { float32, type HostTensor, type Random } from "@slicebook/base";
import { constant, fanInUniform, type Weight, type Weights } from "@slicebook/core";
import { attentionAfter, blocksOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import { enlargement } from "./context.ts";
import type { GridSpace } from "./grid-space.ts";
import { SLICE_KNOTS } from "./slice-position.ts";

/**
 * Weights with embeddings that start as random linear images of `vectors` `[K, D]`, those of the codebooks of the levels
 * before and of this one, so that codes which look alike start alike.
 */
export function withVectors(
  weights: Weights,
  vectors: readonly HostTensor[],
  { hidden }: LevelConfig,
  { earlier: { length: level } }: GridSpace,
): Weights {
  const embeddings = vectors.slice(0, level + 1).map((known, index): [string, Weight] => {
    const name = index === level ? "embedding" : `context.embedding${index}`;
    const initial = (stream: Random) => projected(standardised(known), hidden, stream);
    return [name, { ...weights[name]!, initial }];
  });
  return { ...weights, ...Object.fromEntries(embeddings) };
}

/** Each of the D numbers of all vectors brought to mean 0, and all together to variance 1. */
function standardised({ data, shape }: HostTensor): HostTensor {
  const [count, width] = shape as [number, number];
  const means = Array.from({ length: width }, (_, column) => {
    let sum = 0;
    for (let at = column; at < data.length; at += width) sum += data[at]!;
    return sum / count;
  });
  const centred = Float32Array.from(data, (value, at) => value - means[at % width]!);
  const variance = centred.reduce((sum, value) => sum + value * value, 0) / centred.length;
  return float32(
    centred.map((value) => value / Math.sqrt(variance || 1)),
    shape,
  );
}

/** `[K, D]` times a random `[D, width]`, which keeps the variance. */
function projected({ data, shape }: HostTensor, width: number, stream: Random): Float32Array {
  const [count, inputs] = shape as [number, number];
  const matrix = uniform([inputs, width], inputs).initial(stream);
  const result = new Float32Array(count * width);
  for (let at = 0; at < result.length; at++) {
    const [row, column] = [Math.floor(at / width), at % width];
    let sum = 0;
    for (let inner = 0; inner < inputs; inner++)
      sum += data[row * inputs + inner]! * matrix[inner * width + column]!;
    result[at] = sum;
  }
  return result;
}

/** A weight whose outputs have the variance of their inputs. */
function uniform(shape: readonly number[], fanIn: number): Weight {
  return fanInUniform(shape, fanIn, { gain: 1 });
}

function zeros(shape: readonly number[]): Weight {
  return constant(shape, 0);
}

/**
 * The prior's weights by name: kernels of k×k are HWIO, those of 1×1 [in, out].
 *
 * The kernels' shapes are the masks: a vertical kernel has the rows above (`k >> 1`, and one more in mask B for the
 * stack's own row), a horizontal one the columns to the left.
 */
export function weightsOf(config: LevelConfig, space: GridSpace): Weights {
  const { hidden, headWidth } = config;
  const wide = 2 * hidden;
  const weights: Record<string, Weight> = {
    // Of variance 1, whatever the number of codes.
    embedding: uniform([space.codes, hidden], 1),
  };
  if (config.positionBias) weights["position.bias"] = zeros([space.rows, space.columns, wide]);
  if (space.earlier.length > 0) Object.assign(weights, contextWeights(config, space));
  for (let layer = 0; layer < config.layers; layer++) {
    const side = layer === 0 ? config.firstKernel : config.kernel;
    const depth = (side >> 1) + (layer === 0 ? 0 : 1);
    const name = `layer${layer}`;
    weights[`${name}.vertical.kernel`] = uniform([depth, side, hidden, wide], depth * side * hidden);
    weights[`${name}.vertical.bias`] = zeros([wide]);
    weights[`${name}.horizontal.kernel`] = uniform([1, depth, hidden, wide], depth * hidden);
    weights[`${name}.horizontal.fromVertical`] = uniform([wide, wide], wide);
    weights[`${name}.horizontal.bias`] = zeros([wide]);
    for (const stack of ["vertical", "horizontal"]) {
      if (space.classes > 0) weights[`${name}.${stack}.classBias`] = zeros([space.classes, wide]);
      if (config.slicePosition) weights[`${name}.${stack}.sliceBias`] = zeros([SLICE_KNOTS, wide]);
      if (space.variations > 0) weights[`${name}.${stack}.variationBias`] = zeros([space.variations, wide]);
    }
    weights[`${name}.output.kernel`] = uniform([hidden, hidden], hidden);
    weights[`${name}.output.bias`] = zeros([hidden]);
    const attention = attentionAfter(config, layer, space);
    if (attention !== undefined) Object.assign(weights, attentionWeights(config, space, attention));
  }
  weights["head.hidden.kernel"] = uniform([hidden, headWidth], hidden);
  weights["head.hidden.bias"] = zeros([headWidth]);
  if (config.tied) {
    weights["head.wanted.kernel"] = uniform([headWidth, hidden], headWidth);
    weights["head.wanted.bias"] = zeros([hidden]);
  } else {
    weights["head.logits.kernel"] = uniform([headWidth, space.codes], headWidth);
  }
  weights["head.logits.bias"] = zeros([space.codes]);
  return weights;
}

function contextWeights({ hidden, layers }: LevelConfig, space: GridSpace): Weights {
  const weights: Record<string, Weight> = {};
  const add = (name: string, shape: readonly number[], fanIn: number) => {
    weights[`${name}.kernel`] = uniform(shape, fanIn);
    weights[`${name}.bias`] = zeros(shape.slice(-1));
  };
  const { earlier } = space;
  for (const [level, grid] of earlier.entries()) {
    weights[`context.embedding${level}`] = uniform([grid.codes, hidden], 1);
    for (const side of ["inner", "outer"])
      add(`context.level${level}.${side}`, [3, 3, hidden, hidden], 9 * hidden);
    const [down, across] = enlargement(grid, earlier[level + 1] ?? space);
    add(`context.level${level}.lift`, [hidden, down * across * hidden], hidden);
  }
  add("context.inner", [3, 3, hidden, hidden], 9 * hidden);
  add("context.outer", [3, 3, hidden, hidden], 9 * hidden);
  add("context.vertical", [hidden, 2 * hidden], hidden);
  for (let layer = 0; layer < layers; layer++) add(`layer${layer}.context`, [hidden, 2 * hidden], hidden);
  return weights;
}

function attentionWeights(config: LevelConfig, space: GridSpace, block: number): Weights {
  const { hidden, attention } = config;
  const width = attention.heads * attention.width;
  const blocks = blocksOf(config, space);
  const name = `attention${block}`;
  return {
    [`${name}.query.kernel`]: uniform([hidden, width], hidden),
    [`${name}.key.kernel`]: uniform([2 * hidden, width], 2 * hidden),
    [`${name}.value.kernel`]: uniform([2 * hidden, width], 2 * hidden),
    ...(config.positionBias && {
      [`${name}.query.position`]: zeros([space.rows, space.columns, width]),
      [`${name}.key.position`]: zeros([blocks.rows * blocks.columns, width]),
    }),
    [`${name}.output.kernel`]: uniform([width, hidden], width),
    [`${name}.output.bias`]: zeros([hidden]),
  };
}
