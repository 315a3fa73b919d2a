import {
  constant,
  contextWeights,
  fanInUniform,
  type GridSpace,
  sliceBiasWeights,
  type Weight,
  type Weights,
} from "@slicebook/core";
import { reachOf } from "./attention.ts";
import type { LevelConfig } from "./config.ts";
import { neighbourCount } from "./order.ts";

/** The prior's weights by name; kernels are [in, out]. */
export function weightsOf(config: LevelConfig, space: GridSpace): Weights {
  const { width, heads, headWidth, layers } = config;
  const { rows, columns, codes } = space;
  const joined = heads * headWidth;
  const inner = config.expansion * width;
  const isRandom = config.order === "random";
  const neighbours = neighbourCount(config);
  const weights: Record<string, Weight> = {
    // Of variance 1, whatever the number of codes.
    embedding: kernel([codes, width], { fanIn: 1 }),
    "input.kernel": kernel([neighbours * width, width]),
    // Not zero: what has no neighbours could not be normalised.
    "input.bias": kernel([width], { fanIn: neighbours }),
    ...(config.positionBias && { "input.position": constant([rows * columns, width], 0) }),
    ...sliceBiasWeights("input", space, { ...config, channels: width }),
    ...(space.earlier.length > 0 && contextWeights(space, width)),
  };
  for (let layer = 0; layer < layers; layer++) {
    const name = `layer${layer}`;
    for (const role of ["query", "keys", "values"])
      weights[`${name}.${role}.kernel`] = kernel([width, joined]);
    if (isRandom) {
      for (const role of ["codeKeys", "codeValues"])
        weights[`${name}.${role}.kernel`] = kernel([width, joined]);
      weights[`${name}.nothing`] = constant([heads], 0);
    }
    weights[`${name}.nearness`] = nearness(config, space);
    // What all layers add together has the variance of what they are added to.
    weights[`${name}.output.kernel`] = kernel([joined, width], { gain: 0.5 / layers });
    weights[`${name}.output.bias`] = constant([width], 0);
    weights[`${name}.inner.kernel`] = kernel([width, inner]);
    weights[`${name}.inner.bias`] = constant([inner], 0);
    weights[`${name}.outer.kernel`] = kernel([inner, width], { gain: 1 / layers });
    weights[`${name}.outer.bias`] = constant([width], 0);
  }
  weights["head.kernel"] = kernel([width, width]);
  weights["head.bias"] = constant([width], 0);
  weights["head.codeBias"] = constant([codes], 0);
  return weights;
}

/** A weight whose outputs have `gain` times the variance of their inputs. */
function kernel(
  shape: readonly number[],
  { fanIn = shape[0]!, gain = 1 }: { readonly fanIn?: number; readonly gain?: number } = {},
): Weight {
  return fanInUniform(shape, fanIn, { gain });
}

/**
 * What is added to a score by how far a code lies above or below and aside, `[distances, heads]`: it falls with the distance, half
 * as fast from head to head (after ALiBi, Press et al., 2022), and is learned from there.
 */
function nearness(config: LevelConfig, space: GridSpace): Weight {
  const { distances } = reachOf(config, space, { below: config.order === "random" });
  const { heads } = config;
  return {
    ...constant([distances.length, heads], 0),
    initial: () =>
      Float32Array.from({ length: distances.length * heads }, (_, at) => {
        const [above, aside] = distances[Math.floor(at / heads)]!;
        return -Math.hypot(above, aside) / 2 ** (at % heads);
      }),
  };
}
