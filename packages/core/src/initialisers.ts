import { float32, type HostTensor, type Random, sizeOf } from "@slicebook/base";

/**
 * Uniform numbers of variance `gain / fanIn`, drawn between ±√(3 · gain / fanIn).
 *
 * The default gain of 1/3 is what PyTorch's layers start from (Kaiming's uniform with a = √5); 2 keeps the variance
 * through a ReLU (He et al., 2015).
 */
export function fanInUniform(
  stream: Random,
  shape: readonly number[],
  fanIn: number,
  { gain = 1 / 3 }: { gain?: number } = {},
): HostTensor {
  const bound = Math.sqrt((3 * gain) / fanIn);
  return float32(stream.uniforms(sizeOf(shape), -bound, bound), shape);
}
