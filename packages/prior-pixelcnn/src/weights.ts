import { float32, type HostTensor, type HostTensors, type Random, random, sizeOf } from "@slicebook/base";
import { fanInUniform } from "@slicebook/core";
import { attentionAfter, blocksOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import { enlargement } from "./context.ts";
import type { GridSpace } from "./grid-space.ts";
import { SLICE_KNOTS } from "./slice-position.ts";

/** A weight as data: its shape, and how it starts. */
interface Weight {
  readonly shape: readonly number[];
  /** The values that each output sums over; absent where the weight starts at zero. */
  readonly fanIn?: number;
}

/**
 * Draws the prior's weights; each depends on the seed, its level and its name only.
 *
 * With `vectors` `[K, D]`, those of the codebooks of the levels before and of this one, embeddings start as random linear
 * images of them, so that codes which look alike start alike.
 */
export function initialWeights(
  config: LevelConfig,
  space: GridSpace,
  {
    seed,
    level,
    vectors,
  }: {
    readonly seed: number;
    readonly level: number;
    readonly vectors: readonly HostTensor[];
  },
): HostTensors {
  const streamOf = (name: string) => random(seed, "weights", level === 0 ? name : `level${level}.${name}`);
  const entries = Object.entries(weightsOf(config, space)).map(
    ([name, weight]) => [name, initialWeight(weight, streamOf(name))] as const,
  );
  const weights = Object.fromEntries(entries);
  for (const [index, known] of vectors.slice(0, level + 1).entries()) {
    const name = index === level ? "embedding" : `context.embedding${index}`;
    weights[name] = projected(standardised(known), config.hidden, streamOf(name));
  }
  return weights;
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
function projected({ data, shape }: HostTensor, width: number, stream: Random): HostTensor {
  const [count, inputs] = shape as [number, number];
  const matrix = fanInUniform(stream, [inputs, width], inputs, { gain: 1 }).data;
  const result = new Float32Array(count * width);
  for (let at = 0; at < result.length; at++) {
    const [row, column] = [Math.floor(at / width), at % width];
    let sum = 0;
    for (let inner = 0; inner < inputs; inner++)
      sum += data[row * inputs + inner]! * matrix[inner * width + column]!;
    result[at] = sum;
  }
  return float32(result, [count, width]);
}

function initialWeight({ shape, fanIn }: Weight, stream: Random): HostTensor {
  if (fanIn === undefined) return float32(new Float32Array(sizeOf(shape)), shape);
  return fanInUniform(stream, shape, fanIn, { gain: 1 });
}

/**
 * The prior's weights by name: kernels of k×k are HWIO, those of 1×1 [in, out].
 *
 * The kernels' shapes are the masks: a vertical kernel has the rows above (`k >> 1`, and one more in mask B for the
 * stack's own row), a horizontal one the columns to the left.
 */
function weightsOf(config: LevelConfig, space: GridSpace): Record<string, Weight> {
  const { hidden, headWidth } = config;
  const wide = 2 * hidden;
  const weights: Record<string, Weight> = {
    // Of variance 1, whatever the number of codes.
    embedding: { shape: [space.codes, hidden], fanIn: 1 },
  };
  if (config.positionBias) weights["position.bias"] = { shape: [space.rows, space.columns, wide] };
  if (space.earlier.length > 0) Object.assign(weights, contextWeights(config, space));
  for (let layer = 0; layer < config.layers; layer++) {
    const side = layer === 0 ? config.firstKernel : config.kernel;
    const depth = (side >> 1) + (layer === 0 ? 0 : 1);
    const name = `layer${layer}`;
    weights[`${name}.vertical.kernel`] = { shape: [depth, side, hidden, wide], fanIn: depth * side * hidden };
    weights[`${name}.vertical.bias`] = { shape: [wide] };
    weights[`${name}.horizontal.kernel`] = { shape: [1, depth, hidden, wide], fanIn: depth * hidden };
    weights[`${name}.horizontal.fromVertical`] = { shape: [wide, wide], fanIn: wide };
    weights[`${name}.horizontal.bias`] = { shape: [wide] };
    for (const stack of ["vertical", "horizontal"]) {
      if (space.classes > 0) weights[`${name}.${stack}.classBias`] = { shape: [space.classes, wide] };
      if (config.slicePosition) weights[`${name}.${stack}.sliceBias`] = { shape: [SLICE_KNOTS, wide] };
      if (space.variations > 0)
        weights[`${name}.${stack}.variationBias`] = { shape: [space.variations, wide] };
    }
    weights[`${name}.output.kernel`] = { shape: [hidden, hidden], fanIn: hidden };
    weights[`${name}.output.bias`] = { shape: [hidden] };
    const attention = attentionAfter(config, layer, space);
    if (attention !== undefined) Object.assign(weights, attentionWeights(config, space, attention));
  }
  weights["head.hidden.kernel"] = { shape: [hidden, headWidth], fanIn: hidden };
  weights["head.hidden.bias"] = { shape: [headWidth] };
  if (config.tied) {
    weights["head.wanted.kernel"] = { shape: [headWidth, hidden], fanIn: headWidth };
    weights["head.wanted.bias"] = { shape: [hidden] };
  } else {
    weights["head.logits.kernel"] = { shape: [headWidth, space.codes], fanIn: headWidth };
  }
  weights["head.logits.bias"] = { shape: [space.codes] };
  return weights;
}

function contextWeights({ hidden, layers }: LevelConfig, space: GridSpace): Record<string, Weight> {
  const weights: Record<string, Weight> = {};
  const add = (name: string, shape: readonly number[], fanIn: number) => {
    weights[`${name}.kernel`] = { shape, fanIn };
    weights[`${name}.bias`] = { shape: shape.slice(-1) };
  };
  const { earlier } = space;
  for (const [level, grid] of earlier.entries()) {
    weights[`context.embedding${level}`] = { shape: [grid.codes, hidden], fanIn: 1 };
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

function attentionWeights(config: LevelConfig, space: GridSpace, block: number): Record<string, Weight> {
  const { hidden, attention } = config;
  const width = attention.heads * attention.width;
  const blocks = blocksOf(config, space);
  const name = `attention${block}`;
  return {
    [`${name}.query.kernel`]: { shape: [hidden, width], fanIn: hidden },
    [`${name}.key.kernel`]: { shape: [2 * hidden, width], fanIn: 2 * hidden },
    [`${name}.value.kernel`]: { shape: [2 * hidden, width], fanIn: 2 * hidden },
    ...(config.positionBias && {
      [`${name}.query.position`]: { shape: [space.rows, space.columns, width] },
      [`${name}.key.position`]: { shape: [blocks.rows * blocks.columns, width] },
    }),
    [`${name}.output.kernel`]: { shape: [width, hidden], fanIn: width },
    [`${name}.output.bias`]: { shape: [hidden] },
  };
}
