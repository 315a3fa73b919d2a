import { SlicebookError } from "@slicebook/base";
import { concat, type Tensor4D } from "@tensorflow/tfjs-core";
import type { VqvaeConfig } from "./config.ts";
import { applyLayers, type Layer } from "./layers.ts";
import type { Params } from "./params.ts";

/** What lies between images and the encodings of each grid of codes, and back. */
export interface Network {
  /** All layers that have weights. */
  readonly layers: readonly Layer[];
  /**
   * Images [b, h, w, 1] to what `quantize` makes of the encodings [b, rows, columns, D] of each grid, the coarsest
   * first. Finer grids see the coarser ones as quantized.
   */
  encode(
    params: Params,
    images: Tensor4D,
    quantize: (encodings: Tensor4D, grid: number) => Tensor4D,
  ): Tensor4D[];
  /** Quantized encodings of each grid to images [b, h, w, 1]. */
  decode(params: Params, quantized: readonly Tensor4D[]): Tensor4D;
}

/** The network of that configuration. */
export function network(config: VqvaeConfig): Network {
  return config.hierarchy === 1 ? oneGrid(config) : twoGrids(config);
}

function oneGrid(config: VqvaeConfig): Network {
  const encoder = [
    ...encoderBody(config),
    ...attentionLayers("encoder", config),
    encoderOut(config, config.width),
  ];
  const decoder = decoderLayers(config, config.codeDimension);
  return {
    layers: [...encoder, ...decoder],
    encode: (params, images, quantize) => [quantize(applyLayers(encoder, params, images), 0)],
    decode: (params, [codes]) => applyLayers(decoder, params, codes!),
  };
}

/**
 * Two grids (Razavi et al., "Generating diverse high-fidelity images with VQ-VAE-2", 2019): the top one, at twice the
 * downsampling, for what is large, and the bottom one, given the top, for what it lacks.
 */
function twoGrids(config: VqvaeConfig): Network {
  const { width, codeDimension } = config;
  const body = encoderBody(config);
  const down: Layer[] = [
    { kind: "relu" },
    { kind: "convolution", name: "top.down", size: 4, stride: 2, from: width, to: width },
    ...residualBlocks("top", config),
    { kind: "relu" },
    ...attentionLayers("top", config),
    convolution("top.out", 1, width, codeDimension),
  ];
  // What the bottom encoder sees of the top codes, and what the decoder does.
  const up: Layer[] = [
    { kind: "transposed", name: "top.up", size: 4, stride: 2, from: codeDimension, to: width },
  ];
  const lift: Layer[] = [
    { kind: "transposed", name: "top.lift", size: 4, stride: 2, from: codeDimension, to: codeDimension },
  ];
  const out = encoderOut(config, 2 * width);
  const decoder = decoderLayers(config, 2 * codeDimension);
  return {
    layers: [...body, ...down, ...up, out, ...lift, ...decoder],
    encode(params, images, quantize) {
      const features = applyLayers(body, params, images);
      const top = quantize(applyLayers(down, params, features), 0);
      const both = concat([features, applyLayers(up, params, top)], 3);
      return [top, quantize(applyLayers([out], params, both), 1)];
    },
    decode(params, [top, bottom]) {
      return applyLayers(decoder, params, concat([bottom!, applyLayers(lift, params, top!)], 3));
    },
  };
}

/** From images [b, h, w, 1] to features [b, h / downsampling, w / downsampling, width]. */
function encoderBody(config: VqvaeConfig): Layer[] {
  const { architecture, downsampling, width } = config;
  if (architecture === "patch") {
    return [
      { kind: "fold", side: downsampling },
      convolution("encoder.stem", 3, downsampling ** 2, width),
      ...residualBlocks("encoder", config),
      { kind: "relu" },
    ];
  }
  const down = strides(config).flatMap(({ name, narrow, wide }): Layer[] => [
    { kind: "convolution", name: `encoder.${name}`, size: 4, stride: 2, from: narrow, to: wide },
    { kind: "relu" },
  ]);
  if (architecture === "plain") return down;
  return [
    ...down,
    convolution("encoder.mix", 3, width, width),
    ...residualBlocks("encoder", config),
    { kind: "relu" },
  ];
}

function encoderOut({ architecture, codeDimension }: VqvaeConfig, from: number): Layer {
  return convolution("encoder.out", architecture === "plain" ? 3 : 1, from, codeDimension);
}

/** From codes [b, rows, columns, from] to images [b, rows · downsampling, columns · downsampling, 1]. */
function decoderLayers(config: VqvaeConfig, from: number): Layer[] {
  const { architecture, downsampling, width } = config;
  const start: Layer[] = [
    convolution("decoder.in", 3, from, width),
    ...residualBlocks("decoder", config),
    ...attentionLayers("decoder", config),
    { kind: "relu" },
  ];
  if (architecture === "patch") {
    return [
      ...start,
      convolution("decoder.out", 3, width, downsampling ** 2),
      { kind: "unfold", side: downsampling },
    ];
  }
  const up = strides(config)
    .toReversed()
    .flatMap(({ name, narrow, wide }): Layer[] => [
      { kind: "transposed", name: `decoder.${name}`, size: 4, stride: 2, from: wide, to: narrow },
      { kind: "relu" },
    ]);
  return [...start, ...up.slice(0, -1)];
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
  const pixels = downsampling * hierarchy;
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
  const grid = (side: number) => [height / side, width / side] as const;
  return hierarchy === 1 ? [grid(downsampling)] : [grid(2 * downsampling), grid(downsampling)];
}
