import {
  add,
  div,
  matMul,
  mean,
  mul,
  reshape,
  softmax,
  sqrt,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  transpose,
} from "@tensorflow/tfjs-core";
import { type Params, param } from "./params.ts";
import { fanInUniform, type Weights } from "./weights.ts";

/** A layer of self-attention. */
export interface AttentionLayer {
  readonly name: string;
  readonly width: number;
  readonly heads: number;
}

/** How many places those of a grid attend to, at most: beyond that, blocks of places, so that memory grows with the places only. */
const MOST_KEYS = 256;
const EPSILON = 1e-5;

/**
 * Features [b, h, w, c] with what every place gathers from all others: x + W softmax(Q Kᵀ / √d) V, by heads of d = c /
 * heads channels each (Vaswani et al., "Attention is all you need", 2017).
 *
 * What is looked at is normalised first, over the channels of each place; gains and biases of that are part of the
 * projections. Of grids of more than 256 places, keys and values are means over square blocks (as in Wang et al.,
 * "Pyramid vision transformer", 2021).
 */
export function attention(params: Params, { name, width, heads }: AttentionLayer, input: Tensor4D): Tensor4D {
  const [batch, rows, columns] = input.shape;
  const normal = normalised(input);
  const looked = blockMeans(normal, blockSide(rows, columns));
  const split = (features: Tensor4D, part: string) => {
    const places = features.shape[1] * features.shape[2];
    const projected = linear(params, `${name}.${part}`, reshape(features, [batch * places, width]));
    return transpose(reshape(projected, [batch, places, heads, width / heads]), [0, 2, 1, 3]);
  };
  const query = mul(split(normal, "query"), 1 / Math.sqrt(width / heads));
  const shares = softmax(matMul(query, split(looked, "key"), false, true));
  const gathered = transpose(matMul(shares, split(looked, "value")), [0, 2, 1, 3]);
  const output = linear(params, `${name}.output`, reshape(gathered, [batch * rows * columns, width]));
  return add(input, reshape(output, [batch, rows, columns, width]));
}

export function attentionWeights({ name, width }: AttentionLayer): Weights {
  return Object.fromEntries(
    ["query", "key", "value", "output"].flatMap((part) => [
      [`${name}.${part}.kernel`, fanInUniform([width, width], width)],
      [`${name}.${part}.bias`, fanInUniform([width], width)],
    ]),
  );
}

/** The side of the blocks that are looked at: the least that divides both sides and leaves few enough. */
export function blockSide(rows: number, columns: number): number {
  let largest = 1;
  for (let side = 1; side <= Math.min(rows, columns); side++) {
    if (rows % side > 0 || columns % side > 0) continue;
    largest = side;
    if ((rows * columns) / side ** 2 <= MOST_KEYS) break;
  }
  return largest;
}

function linear(params: Params, name: string, rows: Tensor2D): Tensor2D {
  const product = matMul(rows, param(params, `${name}.kernel`) as Tensor2D);
  return add(product, param(params, `${name}.bias`));
}

/** Each place's channels, with mean 0 and deviation 1 (Ba et al., "Layer normalization", 2016). */
function normalised(features: Tensor4D): Tensor4D {
  const centred = sub(features, mean(features, 3, true));
  const variance: Tensor = mean(square(centred), 3, true);
  return div(centred, sqrt(add(variance, EPSILON)));
}

/** Means over blocks of side × side places. */
function blockMeans(features: Tensor4D, side: number): Tensor4D {
  if (side === 1) return features;
  const [batch, rows, columns, channels] = features.shape;
  const split = reshape(features, [batch, rows / side, side, columns / side, side * channels]);
  const overRows = mean(split, 2);
  return mean(reshape(overRows, [batch, rows / side, columns / side, side, channels]), 3) as Tensor4D;
}
