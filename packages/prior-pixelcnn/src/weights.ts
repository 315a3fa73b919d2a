import { float32, type HostTensor, type HostTensors, random, sizeOf } from "@slicebook/base";
import { type CodeSpace, fanInUniform } from "@slicebook/core";
import type { PixelcnnConfig } from "./config.ts";

/** A weight as data: its shape, and how it starts. */
interface Weight {
  readonly shape: readonly number[];
  /** The values that each output sums over; absent where the weight starts at zero. */
  readonly fanIn?: number;
}

/** Draws the prior's weights; each depends on the seed and its name only. */
export function initialWeights(config: PixelcnnConfig, space: CodeSpace, seed: number): HostTensors {
  const entries = Object.entries(weightsOf(config, space)).map(
    ([name, weight]) => [name, initialWeight(weight, name, seed)] as const,
  );
  return Object.fromEntries(entries);
}

function initialWeight({ shape, fanIn }: Weight, name: string, seed: number): HostTensor {
  if (fanIn === undefined) return float32(new Float32Array(sizeOf(shape)), shape);
  return fanInUniform(random(seed, "weights", name), shape, fanIn, { gain: 1 });
}

/**
 * The prior's weights by name: kernels of k×k are HWIO, those of 1×1 [in, out].
 *
 * The kernels' shapes are the masks: a vertical kernel has the rows above (`k >> 1`, and one more in mask B for the
 * stack's own row), a horizontal one the columns to the left.
 */
function weightsOf(config: PixelcnnConfig, space: CodeSpace): Record<string, Weight> {
  const { hidden, headWidth } = config;
  const wide = 2 * hidden;
  const weights: Record<string, Weight> = {
    // Of variance 1, whatever the number of codes.
    embedding: { shape: [space.codes, hidden], fanIn: 1 },
  };
  if (config.positionBias) weights["position.bias"] = { shape: [space.rows, space.columns, wide] };
  for (let layer = 0; layer < config.layers; layer++) {
    const side = layer === 0 ? config.firstKernel : config.kernel;
    const depth = (side >> 1) + (layer === 0 ? 0 : 1);
    const name = `layer${layer}`;
    weights[`${name}.vertical.kernel`] = { shape: [depth, side, hidden, wide], fanIn: depth * side * hidden };
    weights[`${name}.vertical.bias`] = { shape: [wide] };
    weights[`${name}.horizontal.kernel`] = { shape: [1, depth, hidden, wide], fanIn: depth * hidden };
    weights[`${name}.horizontal.fromVertical`] = { shape: [wide, wide], fanIn: wide };
    weights[`${name}.horizontal.bias`] = { shape: [wide] };
    if (space.classes > 0) {
      weights[`${name}.vertical.classBias`] = { shape: [space.classes, wide] };
      weights[`${name}.horizontal.classBias`] = { shape: [space.classes, wide] };
    }
    weights[`${name}.output.kernel`] = { shape: [hidden, hidden], fanIn: hidden };
    weights[`${name}.output.bias`] = { shape: [hidden] };
  }
  weights["head.hidden.kernel"] = { shape: [hidden, headWidth], fanIn: hidden };
  weights["head.hidden.bias"] = { shape: [headWidth] };
  weights["head.logits.kernel"] = { shape: [headWidth, space.codes], fanIn: headWidth };
  weights["head.logits.bias"] = { shape: [space.codes] };
  return weights;
}
