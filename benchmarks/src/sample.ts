import type { Cell, CompareOptions, CompareResult, Comparison } from "./compare.ts";
import type { SampleTask } from "./measurement.ts";
import { PRIOR_MODEL } from "./prior.ts";

/** A comparison of samplers, and how much of its grids the peer drew. */
export interface SampleResult extends CompareResult {
  readonly prior: SampleTask["prior"];
  /** Whether the transformer's peer kept keys and values too. */
  readonly peerCache: boolean;
  /** Positions drawn, the time scaled up to whole grids; `all`: nothing is scaled. */
  readonly peerPositions: number | "all";
}

/** The transformer of 512 codes at the size that its options have unless they are given. */
const TRANSFORMER_MODEL = {
  codes: 512,
  layers: 4,
  width: 96,
  heads: 3,
  headWidth: 32,
  window: 4,
  expansion: 4,
};

const shared = { benchmark: "sample", unit: "grids per second", script: "slicebook-sample.js" } as const;

/** Drawing grids of the gated PixelCNN: with the cached sampler, and naively in PyTorch. */
export const sampling: Comparison = {
  ...shared,
  peerScript: "benchmarks/peers/pixelcnn_sample.py",
  taskOf: (cell, options) => ({ prior: "pixelcnn", model: PRIOR_MODEL, ...drawing(cell, options) }),
};

/** The same of the transformer; with `peerCache`, PyTorch keeps keys and values too. */
export function transformerSampling({ peerCache }: { readonly peerCache: boolean }): Comparison {
  return {
    ...shared,
    peerScript: "benchmarks/peers/transformer_sample.py",
    taskOf: (cell, options) => ({
      prior: "transformer",
      model: TRANSFORMER_MODEL,
      peerCache,
      ...drawing(cell, options),
    }),
  };
}

/** What is drawn, of whichever prior. */
function drawing({ size, batch }: Cell, { threads, engine, seconds, positions }: CompareOptions) {
  const [rows, columns] = size;
  return { size: [rows, columns] as [number, number], batch, engine, threads, warmup: 1, seconds, positions };
}

export function sampleResult(
  result: CompareResult,
  { positions }: CompareOptions,
  { prior, peerCache }: Pick<SampleResult, "prior" | "peerCache">,
): SampleResult {
  return { ...result, prior, peerCache, peerPositions: positions ?? "all" };
}
