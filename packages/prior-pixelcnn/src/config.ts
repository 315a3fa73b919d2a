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

const oddKernel = z
  .int()
  .min(3)
  .max(31)
  .refine((side) => side % 2 === 1, { error: (issue) => `expected an odd number, received ${issue.input}` });

/** The options of the gated PixelCNN: its size, how it is regularised and how it is trained. */
export const pixelcnnSchema = z.strictObject({
  layers: perLevel(z.int().min(1).max(64))
    .default(6)
    .describe("Gated layers, of all levels or of each; each widens what a code sees of the grid."),
  hidden: perLevel(z.int().min(1).max(1024))
    .default(48)
    .describe("Channels of each of the two stacks, of all levels or of each."),
  firstKernel: oddKernel.default(7).describe("Side of the first layer's kernel (mask A), odd."),
  kernel: oddKernel.default(3).describe("Side of the other layers' kernels (mask B), odd."),
  headWidth: z
    .int()
    .min(1)
    .max(4096)
    .default(128)
    .describe("Channels between the head's two 1×1 convolutions."),
  positionBias: z
    .boolean()
    .default(true)
    .describe("Learn a bias for every position of the grid: for slices that lie alike in the frame."),
  slicePosition: slicePositionOption,
  conditionDropout: conditionDropoutOption,
  attention: z
    .strictObject({
      count: perLevel(z.int().min(0).max(16))
        .default(1)
        .describe("Blocks of attention, spread over the layers, of all levels or of each; 0: none."),
      heads: z.int().min(1).max(64).default(4).describe("Heads of each."),
      width: z.int().min(1).max(256).default(16).describe("Channels of a head."),
      stride: z
        .int()
        .min(1)
        .max(16)
        .default(2)
        .describe("Rows look back at blocks of this many codes a side: 2 costs a quarter of 1."),
    })
    .prefault({})
    .describe("Attention to all rows above."),
  tied: z
    .boolean()
    .default(true)
    .describe(
      "Predict codes by the vectors that stand for them as context: fewer weights, less overfitting.",
    ),
  corruption: corruptionOption,
  dropout: perLevel(z.number().min(0).lt(1))
    .default(0.1)
    .describe("Share of a stack's channels dropped in training, of all levels or of each."),
  optimizer: levelOptimizer(4e-3).prefault({}),
});

/** The gated PixelCNN's configuration with everything written out. */
export type PixelcnnConfig = z.output<typeof pixelcnnSchema>;

/** The configuration of one level's network. */
export type LevelConfig = Omit<
  PixelcnnConfig,
  "layers" | "hidden" | "dropout" | "attention" | "optimizer"
> & {
  readonly layers: number;
  readonly hidden: number;
  readonly dropout: number;
  readonly attention: Omit<PixelcnnConfig["attention"], "count"> & { readonly count: number };
  readonly optimizer: OptimizerConfig;
};

/** The configuration of the network of a level, by its number. */
export function levelConfig(config: PixelcnnConfig, level: number): LevelConfig {
  const ofThisLevel = (option: PerLevel) => ofLevel(option, level);
  const { layers, hidden, dropout, attention, optimizer } = config;
  return {
    ...config,
    layers: ofThisLevel(layers),
    hidden: ofThisLevel(hidden),
    dropout: ofThisLevel(dropout),
    attention: { ...attention, count: ofThisLevel(attention.count) },
    optimizer: { ...optimizer, learningRate: ofThisLevel(optimizer.learningRate) },
  };
}
