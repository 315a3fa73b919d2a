import {
  conditionDropoutOption,
  corruptionOption,
  levelOptimizer,
  type OptimizerConfig,
  ofLevel,
  type PerLevel,
  perLevel,
  slicePositionOption,
} from "@slicebook/core";
import { z } from "zod";

/** The options of the transformer: its size, how far it looks back, how it is regularised and how it is trained. */
export const transformerSchema = z.strictObject({
  layers: perLevel(z.int().min(1).max(64))
    .default(4)
    .describe("Layers, each of attention and two matrices, of all levels or of each."),
  width: perLevel(z.int().min(1).max(2048)).default(96).describe("Channels, of all levels or of each."),
  heads: perLevel(z.int().min(1).max(64))
    .default(3)
    .describe("Heads of attention, of all levels or of each."),
  headWidth: z.int().min(1).max(256).default(32).describe("Channels of a head."),
  window: perLevel(z.int().min(1).max(256))
    .default(4)
    .describe("Rows above its own that a code looks back at in each layer, of all levels or of each."),
  expansion: z
    .int()
    .min(1)
    .max(16)
    .default(4)
    .describe("Channels between a layer's two matrices, as a multiple of `width`."),
  order: z
    .enum(["raster", "random"])
    .default("raster")
    .describe(
      "The order in which codes come. `random` also learns orders in which any part of a grid comes first, for completing slices " +
        "from all that is known of them; that takes longer.",
    ),
  positionBias: z
    .boolean()
    .default(true)
    .describe("Learn a bias for every position of the grid: for slices that lie alike in the frame."),
  slicePosition: slicePositionOption,
  conditionDropout: conditionDropoutOption,
  corruption: corruptionOption,
  dropout: perLevel(z.number().min(0).lt(1))
    .default(0.1)
    .describe("Share of the channels that a layer adds dropped in training, of all levels or of each."),
  optimizer: levelOptimizer(2e-3).prefault({}),
});

/** The transformer's configuration with everything written out. */
export type TransformerConfig = z.output<typeof transformerSchema>;

type PerLevelOption = "layers" | "width" | "heads" | "window" | "dropout";

/** The configuration of one level's network. */
export type LevelConfig = Omit<TransformerConfig, PerLevelOption | "optimizer"> &
  Readonly<Record<PerLevelOption, number>> & { readonly optimizer: OptimizerConfig };

/** The configuration of the network of a level, by its number. */
export function levelConfig(config: TransformerConfig, level: number): LevelConfig {
  const ofThisLevel = (option: PerLevel) => ofLevel(option, level);
  const { layers, width, heads, window, dropout, optimizer } = config;
  return {
    ...config,
    layers: ofThisLevel(layers),
    width: ofThisLevel(width),
    heads: ofThisLevel(heads),
    window: ofThisLevel(window),
    dropout: ofThisLevel(dropout),
    optimizer: { ...optimizer, learningRate: ofThisLevel(optimizer.learningRate) },
  };
}
