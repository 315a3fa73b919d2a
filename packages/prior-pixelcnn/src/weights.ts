import {
  constant,
  contextWeights,
  fanInUniform,
  type GridSpace,
  sliceBiasWeights,
  type Weight,
  type Weights,
} from "@slicebook/core";
import { attentionAfter, blocksOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";

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
  if (space.earlier.length > 0) {
    Object.assign(weights, contextWeights(space, hidden));
    const told = [
      "context.vertical",
      ...Array.from({ length: config.layers }, (_, layer) => `layer${layer}.context`),
    ];
    for (const name of told) {
      weights[`${name}.kernel`] = uniform([hidden, wide], hidden);
      weights[`${name}.bias`] = zeros([wide]);
    }
  }
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
      const told = { ...config, channels: wide };
      Object.assign(weights, sliceBiasWeights(`${name}.${stack}`, space, told));
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
