import { SlicebookError } from "@slicebook/base";
import { add, avgPool, concat, image, sub, type Tensor4D } from "@tensorflow/tfjs-core";
import type { VqvaeConfig } from "./config.ts";
import { applyLayers, type Layer } from "./layers.ts";
import type { Params } from "./params.ts";

/** What the decoder has made of one grid's codes and of those of all coarser grids. */
export interface Drawn {
  /** Features at the resolution of the codes, [b, rows, columns, width]. */
  readonly features: Tensor4D;
  /** The picture at the grid's own resolution, [b, rows · downsampling, columns · downsampling, 1]. */
  readonly picture: Tensor4D;
}

/** What lies between images and the encodings of each grid of codes, and back. */
export interface Network {
  /** All layers that have weights. */
  readonly layers: readonly Layer[];
  /**
   * Images [b, h, w, 1] to what `quantize` makes of the encodings [b, rows, columns, D] of each grid, the coarsest
   * first, and what the decoder makes of all grids but the finest: finer grids see the coarser ones as quantized.
   */
  encode(
    params: Params,
    images: Tensor4D,
    quantize: (encodings: Tensor4D, grid: number) => Tensor4D,
  ): { readonly quantized: Tensor4D[]; readonly drawn: Drawn[] };
  /**
   * Quantized encodings of each grid, or of the coarsest ones only, to a picture a grid: each twice as large a side as
   * the one before, the finest grid's as large as the images. `drawn` is what is known from {@link encode}.
   */
  decode(params: Params, quantized: readonly Tensor4D[], drawn?: readonly Drawn[]): Tensor4D[];
}

/**
 * The network of that configuration: a Laplacian pyramid of grids of codes.
 *
 * The coarsest grid holds what is seen of an image when it is reduced to the grid's resolution. Each finer one, of twice
 * the rows and columns, holds what the enlarged picture of those before it lacks at its own, and sees their features
 * (as in Razavi et al., "Generating diverse high-fidelity images with VQ-VAE-2", 2019). With one grid it is the plain
 * VQ-VAE.
 */
export function network(config: VqvaeConfig): Network {
  const { hierarchy, width, codeDimension } = config;
  const grids = Array.from({ length: hierarchy }, (_, grid) => {
    const prefix = hierarchy === 1 ? "" : `grid${grid}.`;
    const lifted = grid === 0 ? 0 : width / 2;
    const attended = grid === 0 ? config : { ...config, attention: 0 };
    const lift: Layer[] =
      grid === 0
        ? []
        : [{ kind: "transposed", name: `${prefix}lift`, size: 2, stride: 2, from: width, to: lifted }];
    return {
      lift,
      body: [...encoderBody(prefix, config), ...attentionLayers(`${prefix}encoder`, attended)],
      out: [encoderOut(prefix, config, width + lifted)],
      trunk: decoderTrunk(prefix, attended, codeDimension + lifted),
      picture: decoderPicture(prefix, config),
    };
  });

  function draw(params: Params, grid: number, quantized: Tensor4D, coarser: Drawn | undefined): Drawn {
    const { lift, trunk, picture } = grids[grid]!;
    if (coarser === undefined) {
      const features = applyLayers(trunk, params, quantized);
      return { features, picture: applyLayers(picture, params, features) };
    }
    const context = applyLayers(lift, params, coarser.features);
    const features = applyLayers(trunk, params, concat([quantized, context], 3));
    const detail = applyLayers(picture, params, features);
    return { features, picture: add(enlarged(coarser.picture), detail) as Tensor4D };
  }

  return {
    layers: grids.flatMap(({ lift, body, out, trunk, picture }) => [
      ...body,
      ...out,
      ...lift,
      ...trunk,
      ...picture,
    ]),
    encode(params, images, quantize) {
      const quantized: Tensor4D[] = [];
      const drawn: Drawn[] = [];
      for (const [grid, { lift, body, out }] of grids.entries()) {
        const coarser = drawn.at(-1);
        const seen = reduced(images, 2 ** (hierarchy - 1 - grid));
        const lacking = coarser === undefined ? seen : sub(seen, enlarged(coarser.picture));
        const features = applyLayers(body, params, lacking as Tensor4D);
        const all =
          coarser === undefined
            ? features
            : concat([features, applyLayers(lift, params, coarser.features)], 3);
        quantized.push(quantize(applyLayers(out, params, all), grid));
        if (grid + 1 < hierarchy) drawn.push(draw(params, grid, quantized[grid]!, coarser));
      }
      return { quantized, drawn };
    },
    decode(params, quantized, drawn = []) {
      const all = [...drawn];
      for (let grid = all.length; grid < quantized.length; grid++) {
        all.push(draw(params, grid, quantized[grid]!, all.at(-1)));
      }
      return all.map(({ picture }) => picture);
    },
  };
}

/** Images [b, h, w, 1] at a `factor`-th of their sides: means of blocks of pixels. */
export function reduced(images: Tensor4D, factor: number): Tensor4D {
  return factor === 1 ? images : avgPool(images, factor, factor, "valid");
}

/** Images [b, h, w, 1] at twice their sides, bilinear. */
function enlarged(images: Tensor4D): Tensor4D {
  const [, height, width] = images.shape;
  return image.resizeBilinear(images, [2 * height, 2 * width], false, true);
}

/** From images [b, h, w, 1] to features [b, h / downsampling, w / downsampling, width]. */
function encoderBody(prefix: string, config: VqvaeConfig): Layer[] {
  const { architecture, downsampling, width } = config;
  if (architecture === "patch") {
    return [
      { kind: "fold", side: downsampling },
      convolution(`${prefix}encoder.stem`, 3, downsampling ** 2, width),
      ...residualBlocks(`${prefix}encoder`, config),
      { kind: "relu" },
    ];
  }
  const down = strides(config).flatMap(({ name, narrow, wide }): Layer[] => [
    { kind: "convolution", name: `${prefix}encoder.${name}`, size: 4, stride: 2, from: narrow, to: wide },
    { kind: "relu" },
  ]);
  if (architecture === "plain") return down;
  return [
    ...down,
    convolution(`${prefix}encoder.mix`, 3, width, width),
    ...residualBlocks(`${prefix}encoder`, config),
    { kind: "relu" },
  ];
}

function encoderOut(prefix: string, { architecture, codeDimension }: VqvaeConfig, from: number): Layer {
  return convolution(`${prefix}encoder.out`, architecture === "plain" ? 3 : 1, from, codeDimension);
}

/** From codes [b, rows, columns, from] to features [b, rows, columns, width]. */
function decoderTrunk(prefix: string, config: VqvaeConfig, from: number): Layer[] {
  return [
    convolution(`${prefix}decoder.in`, 3, from, config.width),
    ...residualBlocks(`${prefix}decoder`, config),
    ...attentionLayers(`${prefix}decoder`, config),
    { kind: "relu" },
  ];
}

/** From these features to a picture [b, rows · downsampling, columns · downsampling, 1]. */
function decoderPicture(prefix: string, config: VqvaeConfig): Layer[] {
  const { architecture, downsampling, width } = config;
  if (architecture === "patch") {
    return [
      convolution(`${prefix}decoder.out`, 3, width, downsampling ** 2),
      { kind: "unfold", side: downsampling },
    ];
  }
  const up = strides(config)
    .toReversed()
    .flatMap(({ name, narrow, wide }): Layer[] => [
      { kind: "transposed", name: `${prefix}decoder.${name}`, size: 4, stride: 2, from: wide, to: narrow },
      { kind: "relu" },
    ]);
  return up.slice(0, -1);
}

/** The stages that halve the resolution, from the image on: half the width first, then all of it. */
function strides({ downsampling, width }: VqvaeConfig): { name: string; narrow: number; wide: number }[] {
  return Array.from({ length: Math.log2(downsampling) }, (_, stage) => ({
    name: `stage${stage + 1}`,
    narrow: [1, width / 2][stage] ?? width,
    wide: stage === 0 ? width / 2 : width,
  }));
}

function convolution(name: string, size: number, from: number, to: number): Layer {
  return { kind: "convolution", name, size, stride: 1, from, to };
}

function residualBlocks(side: string, { residualBlocks, width, residualWidth }: VqvaeConfig): Layer[] {
  return Array.from({ length: residualBlocks }, (_, block) => ({
    kind: "residual",
    name: `${side}.residual${block + 1}`,
    width,
    inner: residualWidth,
  }));
}

/** Attention at the lowest resolution of a side, if there is any. */
function attentionLayers(side: string, { attention: heads, width }: VqvaeConfig): Layer[] {
  return heads === 0 ? [] : [{ kind: "attention", name: `${side}.attention`, width, heads }];
}

/**
 * The rows and columns of each grid of codes of an image of height × width pixels, the coarsest first.
 *
 * Throws a `SlicebookError` (`IMAGE_SIZE`) if a side is not a multiple of the coarsest grid's downsampling.
 */
export function gridSizes(
  { downsampling, hierarchy }: Pick<VqvaeConfig, "downsampling" | "hierarchy">,
  [height, width]: readonly [number, number],
): readonly (readonly [rows: number, columns: number])[] {
  const pixels = downsampling * 2 ** (hierarchy - 1);
  const divides = (side: number) => Number.isInteger(side) && side > 0 && side % pixels === 0;
  if (!divides(height) || !divides(width)) {
    const nearest = (side: number) => Math.max(1, Math.ceil(side / pixels)) * pixels;
    throw new SlicebookError(
      "IMAGE_SIZE",
      `images of ${height}×${width} (height × width) do not divide into codes of ${pixels}×${pixels} ` +
        `pixels: both sides must be multiples of ${pixels}`,
      { remedy: `Set the size to ${nearest(height)}×${nearest(width)}, or take a smaller downsampling.` },
    );
  }
  return Array.from({ length: hierarchy }, (_, grid) => {
    const codePixels = pixels / 2 ** grid;
    return [height / codePixels, width / codePixels] as const;
  });
}
