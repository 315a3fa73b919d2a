import { float32, type HostTensor } from "@slicebook/base";
import { rowProducts, throughComponents } from "@slicebook/core";
import type { Engine } from "@slicebook/engine";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Directions whose variance is this small a part of the largest are rounding of float32, not data. */
const LEAST_VARIANCE = 1e-6;

/**
 * Images [m, pixels] as the first principal components of training images [n, pixels] have them, and how many
 * components those are: fewer than `most` where the training images span fewer directions.
 */
export async function reconstructByComponents(
  engine: Engine,
  { training, images, pixels, most }: ComponentsOptions,
): Promise<{ readonly images: Float32Array; readonly components: number }> {
  const count = training.length / pixels;
  const mean = meanImage(training, pixels);
  const centred = training.map((value, index) => value - mean[index % pixels]!);
  const rows = float32(centred, [count, pixels]);
  const products = await computed(engine, rowProducts, [rows]);
  const { weights, components } = projector(products, { count, most });
  const inputs = [
    float32(images, [images.length / pixels, pixels]),
    float32(mean, [pixels]),
    rows,
    float32(weights, [count, count]),
  ];
  return { images: await computed(engine, throughComponents, inputs), components };
}

export interface ComponentsOptions {
  readonly training: Float32Array;
  readonly images: Float32Array;
  readonly pixels: number;
  readonly most: number;
}

/** The mean of images [n, pixels]. */
export function meanImage(images: Float32Array, pixels: number): Float32Array {
  const sums = new Float64Array(pixels);
  for (let start = 0; start < images.length; start += pixels) {
    for (let pixel = 0; pixel < pixels; pixel++) sums[pixel]! += images[start + pixel]!;
  }
  return Float32Array.from(sums, (sum) => (sum * pixels) / images.length);
}

/** Vₖ Λₖ⁻¹ Vₖᵀ of the products X Xᵀ = V Λ Vᵀ of centred rows. */
function projector(
  products: Float32Array,
  { count, most }: { readonly count: number; readonly most: number },
): { readonly weights: Float32Array; readonly components: number } {
  const matrix = Matrix.from1DArray(count, count, products);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  // Of a symmetric matrix they come in rising order.
  const least = LEAST_VARIANCE * Math.max(...realEigenvalues);
  const chosen = [...realEigenvalues.keys()]
    .reverse()
    .filter((index) => realEigenvalues[index]! > least)
    .slice(0, most);
  const vectors = eigenvectorMatrix.subMatrixColumn(chosen);
  const scaled = vectors.clone().divRowVector(chosen.map((index) => realEigenvalues[index]!));
  return {
    weights: Float32Array.from(scaled.mmul(vectors.transpose()).to1DArray()),
    components: chosen.length,
  };
}

async function computed(
  engine: Engine,
  compute: typeof rowProducts | typeof throughComponents,
  inputs: readonly HostTensor[],
): Promise<Float32Array> {
  const compiled = await engine.compile(
    compute,
    inputs.map(({ shape, dtype }) => ({ shape, dtype })),
  );
  try {
    const { data } = await compiled.run(...inputs);
    return Float32Array.from(data);
  } finally {
    await compiled.dispose();
  }
}
