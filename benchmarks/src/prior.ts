import { optimizerDefaults } from "@slicebook/core";
import type { Cell, Comparison } from "./compare.ts";

/** What is measured of the prior unless a cell is asked for: the grids of 128×128 and 256×128 slices. */
export const PRIOR_CELLS: readonly Cell[] = [
  { size: [32, 32], batch: 16 },
  { size: [64, 32], batch: 16 },
];

/** The gated PixelCNN at a size that one would pick for 512 codes. */
export const PRIOR_MODEL = { codes: 512, layers: 10, hidden: 64, firstKernel: 7, kernel: 3, headWidth: 512 };

/** Training steps of the gated PixelCNN, and of the same model in PyTorch. */
export const priorTraining: Comparison = {
  benchmark: "prior",
  unit: "grids per second",
  script: "slicebook-prior.js",
  peerScript: "benchmarks/peers/pixelcnn_train.py",
  taskOf: ({ size, batch }, { threads, engine, warmup, seconds }) => ({
    model: { ...PRIOR_MODEL, learningRate: optimizerDefaults.learningRate },
    size: [...size],
    batch,
    engine,
    threads,
    warmup,
    seconds,
  }),
};
