import {
  float32,
  type HostTensors,
  type Random,
  type RandomKey,
  random,
  sizeOf,
  type TensorSpec,
} from "@slicebook/base";
import { mapRecord } from "./params.ts";

/** A weight before it is drawn: its shape, and how it starts. */
export interface Weight extends TensorSpec {
  readonly dtype: "float32";
  /** Its first values, in raster order. */
  readonly initial: (stream: Random) => Float32Array;
  /** The key of its random stream: `"weights"` and its name unless given. */
  readonly key?: readonly RandomKey[];
}

/** Weights by name; before they are drawn, they are the signature of what they become. */
export type Weights = Readonly<Record<string, Weight>>;

/**
 * Uniform numbers of variance `gain / fanIn`, drawn between ±√(3 · gain / fanIn), where each output sums over `fanIn`
 * values.
 *
 * The default gain of 1/3 is what PyTorch's layers start from (Kaiming's uniform with a = √5); 2 keeps the variance
 * through a ReLU (He et al., 2015).
 */
export function fanInUniform(
  shape: readonly number[],
  fanIn: number,
  { gain = 1 / 3 }: { gain?: number } = {},
): Weight {
  const bound = Math.sqrt((3 * gain) / fanIn);
  return { shape, dtype: "float32", initial: (stream) => stream.uniforms(sizeOf(shape), -bound, bound) };
}

/** Numbers of the standard normal distribution. */
export function normal(shape: readonly number[]): Weight {
  return { shape, dtype: "float32", initial: (stream) => stream.normals(sizeOf(shape)) };
}

/** One number everywhere. */
export function constant(shape: readonly number[], value: number): Weight {
  return { shape, dtype: "float32", initial: () => new Float32Array(sizeOf(shape)).fill(value) };
}

/** Draws weights; each depends on the seed, the prefix and its name only. */
export function drawWeights(
  weights: Weights,
  seed: number,
  { prefix = "" }: { prefix?: string } = {},
): HostTensors {
  return mapRecord(weights, ({ shape, initial, key }, name) =>
    float32(initial(random(seed, ...(key ?? ["weights", prefix + name]))), shape),
  );
}
