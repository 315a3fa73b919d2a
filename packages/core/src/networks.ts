import { SlicebookError } from "@slicebook/base";
import type { VqvaeConfig } from "./config.ts";
import type { Layer } from "./layers.ts";

/** The layers from images [b, h, w, 1] to encodings [b, h / downsampling, w / downsampling, D]. */
export function encoderLayers(config: VqvaeConfig): Layer[] {
  const { architecture, downsampling, width, codeDimension } = config;
  if (architecture === "patch") {
    return [
      { kind: "fold", side: downsampling },
      convolution("encoder.stem", 3, downsampling ** 2, width),
      ...residualBlocks("encoder", config),
      { kind: "relu" },
      convolution("encoder.out", 1, width, codeDimension),
    ];
  }
  const down = strides(config).flatMap(({ name, narrow, wide }): Layer[] => [
    { kind: "convolution", name: `encoder.${name}`, size: 4, stride: 2, from: narrow, to: wide },
    { kind: "relu" },
  ]);
  if (architecture === "plain") return [...down, convolution("encoder.out", 3, width, codeDimension)];
  return [
    ...down,
    convolution("encoder.mix", 3, width, width),
    ...residualBlocks("encoder", config),
    { kind: "relu" },
    convolution("encoder.out", 1, width, codeDimension),
  ];
}

/** The layers from codes [b, rows, columns, D] to images [b, rows · downsampling, columns · downsampling, 1]. */
export function decoderLayers(config: VqvaeConfig): Layer[] {
  const { architecture, downsampling, width, codeDimension } = config;
  const start: Layer[] = [
    convolution("decoder.in", 3, codeDimension, width),
    ...residualBlocks("decoder", config),
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

/**
 * The rows and columns of codes of an image of height × width pixels.
 *
 * Throws a `SlicebookError` (`IMAGE_SIZE`) if a side is not a multiple of the downsampling.
 */
export function gridSize(
  { downsampling }: Pick<VqvaeConfig, "downsampling">,
  [height, width]: readonly [number, number],
): [rows: number, columns: number] {
  const divides = (side: number) => Number.isInteger(side) && side > 0 && side % downsampling === 0;
  if (!divides(height) || !divides(width)) {
    const nearest = (side: number) => Math.max(1, Math.ceil(side / downsampling)) * downsampling;
    throw new SlicebookError(
      "IMAGE_SIZE",
      `images of ${height}×${width} (height × width) do not divide into codes of ${downsampling}×${downsampling} ` +
        `pixels: both sides must be multiples of ${downsampling}`,
      { remedy: `Set the size to ${nearest(height)}×${nearest(width)}, or take a smaller downsampling.` },
    );
  }
  return [height / downsampling, width / downsampling];
}
