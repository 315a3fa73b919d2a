import { float32, type HostTensor, type Random } from "@slicebook/base";
import { fanInUniform, type Weights } from "../weights.ts";

/**
 * Weights with embeddings that start as random linear images of `vectors` `[K, D]`, those of the codebooks of the levels
 * before and of this one, so that codes which look alike start alike: `context.embedding0` and so on, the last `embedding`.
 */
export function likeCodebooks(weights: Weights, vectors: readonly HostTensor[], level: number): Weights {
  const embeddings = vectors.slice(0, level + 1).map((known, index) => {
    const name = index === level ? "embedding" : `context.embedding${index}`;
    const weight = weights[name]!;
    const initial = (stream: Random) => projected(standardised(known), weight.shape[1]!, stream);
    return [name, { ...weight, initial }] as const;
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
  const matrix = fanInUniform([inputs, width], inputs, { gain: 1 }).initial(stream);
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
