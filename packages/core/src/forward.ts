import {
  addN,
  mean,
  mul,
  reshape,
  type Scalar,
  square,
  sub,
  type Tensor2D,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import { inFloat32 } from "./in-float32.ts";
import { fittingTerms, type LossTerm, reconstructionTerms } from "./losses.ts";
import { reduced } from "./networks.ts";
import type { Params } from "./params.ts";
import type { VqvaeParts } from "./parts.ts";
import type { Quantized } from "./quantizers/quantizer.ts";

/** What the VQ-VAE makes of images, and how far off it is. */
export interface Forward {
  /** The images as decoded, [b, h, w, 1]. */
  readonly decoded: Tensor4D;
  /** Of each grid, the coarsest first. */
  readonly grids: readonly Quantized[];
  /** The terms of the reconstruction's loss, weighted; `coarse` are those of the coarser grids' pictures together. */
  readonly terms: Partial<Record<LossTerm | "coarse", Scalar>>;
  /** Their sum. */
  readonly reconstruction: Scalar;
  /** The mean squared error of the pixels, in the images' units. */
  readonly mse: Scalar;
  /** The bits that a place of each grid is expected to take, summed over grids and weighted; if the loss weighs them. */
  readonly bits?: Scalar;
  /** What the quantizers add to the loss, with those bits. */
  readonly quantization: Scalar;
}

/**
 * The whole pass from images [b, h, w, 1] through codes and back, with the terms of the loss.
 *
 * `params` are the weights with the codebooks; with a `share` of 0 encodings reach the decoder unquantized.
 */
export function forward(
  { config, network, quantizers }: VqvaeParts,
  dataVariance: number,
): (params: Params, images: Tensor4D, share: Scalar | number) => Forward {
  return (params, images, share) => {
    const grids: Quantized[] = [];
    const { quantized, drawn } = network.encode(params, images, (encodings, grid) => {
      const flat = reshape(encodings, [-1, config.codeDimension]) as Tensor2D;
      const quantization = inFloat32(() => quantizers[grid]!.quantize(params, flat, share));
      grids.push(quantization);
      return reshape(quantization.quantized, encodings.shape);
    });
    const pictures = network.decode(params, quantized, drawn);
    return inFloat32(() => compared(images, pictures, grids));
  };

  function compared(images: Tensor4D, pictures: readonly Tensor4D[], grids: readonly Quantized[]): Forward {
    const decoded = pictures.at(-1)!;
    const mse: Scalar = mean(square(sub(decoded, images)));
    const terms = reconstructionTerms(images, decoded, config.loss, dataVariance);
    const coarse = pictures.slice(0, -1).flatMap((picture) => {
      const seen = reduced(images, images.shape[1] / picture.shape[1]);
      return Object.values(reconstructionTerms(seen, picture, fittingTerms(config.loss, seen), dataVariance));
    });
    const weighted = grids.flatMap(({ bits }): Scalar[] =>
      bits === undefined ? [] : [mul(bits, config.loss.bits)],
    );
    if (coarse.length > 0) Object.assign(terms, { coarse: mul(addN(coarse), config.loss.coarse) });
    return {
      decoded,
      grids,
      terms,
      reconstruction: addN(Object.values(terms)),
      mse,
      ...(weighted.length > 0 && { bits: addN(weighted) }),
      quantization: addN([...grids.map(({ loss }) => loss), ...weighted]),
    };
  }
}
