import { ofLevel, presets } from "@slicebook/core";
import type { Cell, CompareOptions, Comparison } from "./compare.ts";
import type { Task } from "./measurement.ts";

/** What is measured of the VQ-VAE unless a cell is asked for. */
export const TRAIN_CELLS: readonly Cell[] = [
  { size: [256, 256], batch: 4 },
  { size: [256, 256], batch: 16 },
  { size: [256, 128], batch: 16 },
];

/** Training steps of the reference preset, and of the same model in PyTorch. */
export const training: Comparison = {
  benchmark: "train",
  unit: "images per second",
  script: "slicebook-train.js",
  peerScript: "benchmarks/peers/vqvae_train.py",
  taskOf,
};

function taskOf({ size, batch }: Cell, { threads, engine, warmup, seconds }: CompareOptions): Task {
  const { width, residualBlocks, residualWidth, codes, codeDimension, quantizer, optimizer } =
    presets.reference;
  const { commitment, decay, epsilon } = quantizer;
  const { learningRate } = optimizer;
  return {
    model: {
      width,
      residualBlocks,
      residualWidth,
      codes: ofLevel(codes, 0),
      codeDimension,
      commitment,
      decay,
      epsilon,
      learningRate,
    },
    size: [...size],
    batch,
    engine,
    threads,
    warmup,
    seconds,
  };
}
