import {
  addN,
  mean,
  reshape,
  type Scalar,
  square,
  sub,
  type Tensor2D,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { VqvaeConfig } from "./config.ts";
import { type LossTerm, reconstructionTerms } from "./losses.ts";
import { network } from "./networks.ts";
import type { Params } from "./params.ts";
import { quantizers } from "./quantizers/index.ts";
import type { Quantized } from "./quantizers/quantizer.ts";

/** What the VQ-VAE makes of images, and how far off it is. */
export interface Forward {
  /** The images as decoded, [b, h, w, 1]. */
  readonly decoded: Tensor4D;
  /** Of each grid, the coarsest first. */
  readonly grids: readonly Quantized[];
  /** The terms of the reconstruction's loss, weighted. */
  readonly terms: Partial<Record<LossTerm, Scalar>>;
  /** Their sum. */
  readonly reconstruction: Scalar;
  /** The mean squared error of the pixels, in the images' units. */
  readonly mse: Scalar;
  /** What the quantizers add to the loss. */
  readonly quantization: Scalar;
}

/**
 * The whole pass from images [b, h, w, 1] through codes and back, with the terms of the loss.
 *
 * `params` are the weights with the codebooks; with a `share` of 0 encodings reach the decoder unquantized.
 */
export function forward(
  config: VqvaeConfig,
  dataVariance: number,
): (params: Params, images: Tensor4D, share: Scalar | number) => Forward {
  const { encode, decode } = network(config);
  const own = quantizers(config);
  return (params, images, share) => {
    const grids: Quantized[] = [];
    const encoded = encode(params, images, (encodings, grid) => {
      const flat = reshape(encodings, [-1, config.codeDimension]) as Tensor2D;
      const found = own[grid]!.quantize(params, flat, share);
      grids.push(found);
      return reshape(found.quantized, encodings.shape);
    });
    const decoded = decode(params, encoded);
    const mse: Scalar = mean(square(sub(decoded, images)));
    const terms = reconstructionTerms(images, decoded, config.loss, dataVariance);
    return {
      decoded,
      grids,
      terms,
      reconstruction: addN(Object.values(terms)),
      mse,
      quantization: addN(grids.map(({ loss }) => loss)),
    };
  };
}
