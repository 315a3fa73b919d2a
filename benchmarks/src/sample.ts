import type { CompareOptions, CompareResult, Comparison } from "./compare.ts";
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
  taskOf: ({ size, batch }, { threads, engine, seconds, positions }) => ({
    prior: "pixelcnn",
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

/** The same of the transformer; with `peerCache`, PyTorch keeps keys and values too. */
export function transformerSampling({ peerCache }: { readonly peerCache: boolean }): Comparison {
  return {
    ...shared,
    peerScript: "benchmarks/peers/transformer_sample.py",
    taskOf: ({ size, batch }, { threads, engine, seconds, positions }) => ({
      prior: "transformer",
      model: TRANSFORMER_MODEL,
      size: [...size],
      batch,
      engine,
      threads,
      warmup: 1,
      seconds,
      positions,
      peerCache,
    }),
  };
}

export function sampleResult(
  result: CompareResult,
  { positions }: CompareOptions,
  { prior, peerCache }: Pick<SampleResult, "prior" | "peerCache">,
): SampleResult {
  return { ...result, prior, peerCache, peerPositions: positions ?? "all" };
}
