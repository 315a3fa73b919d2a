import type { CompareOptions, CompareResult, Comparison } from "./compare.ts";
import { PRIOR_MODEL } from "./prior.ts";

/** A comparison of samplers, and how much of its grids the naive one drew. */
export interface SampleResult extends CompareResult {
  /** Positions drawn, the time scaled up to whole grids; `all`: nothing is scaled. */
  readonly peerPositions: number | "all";
}

/** Drawing grids of the gated PixelCNN: with the cached sampler, and naively in PyTorch. */
export const sampling: Comparison = {
  benchmark: "sample",
  unit: "grids per second",
  script: "slicebook-sample.js",
  peerScript: "benchmarks/peers/pixelcnn_sample.py",
  taskOf: ({ size, batch }, { threads, engine, seconds, positions }) => ({
    model: PRIOR_MODEL,
    size: [...size],
    batch,
    engine,
    threads,
    warmup: 1,
    seconds,
    positions,
  }),
};

export function sampleResult(result: CompareResult, { positions }: CompareOptions): SampleResult {
  return { ...result, peerPositions: positions ?? "all" };
}
