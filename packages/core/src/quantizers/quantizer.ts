import type { HostTensor, HostTensors } from "@slicebook/base";
import type { Scalar, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import type { VqvaeConfig } from "../config.ts";
import type { Params, TensorRecord } from "../params.ts";
import type { Weights } from "../weights.ts";

/** The configuration of one grid of codes. */
export type GridConfig = Omit<VqvaeConfig, "codes"> & { readonly codes: number };

/** How a batch's encodings of one level fall on its codes. */
export interface LevelStatistics {
  /** What the level quantizes, without gradient: [n, D]. */
  readonly encodings: Tensor2D;
  /** Encodings of each code, as a share of all: [K], sums to 1. */
  readonly shares: Tensor1D;
  /** Sum of each code's encodings, over the number of all: [K, D]. */
  readonly sums: Tensor2D;
}

/** What a quantizer makes of encodings [n, D]. */
export interface Quantized {
  /** What the decoder is given: [n, D], with the estimator's gradient to the encodings. */
  readonly quantized: Tensor2D;
  /** The codes' indices, int32 [n] for each level. */
  readonly indices: readonly Tensor1D[];
  /** What training adds to the loss of the reconstruction. */
  readonly loss: Scalar;
  /** The mean squared distance of encodings to their codes, before any weight. */
  readonly commitment: Scalar;
  /** The bits that its codes are expected to take at each place, with a gradient to the encodings; if the loss weighs them. */
  readonly bits?: Scalar;
  /** For each level; without `encodings` and `sums` where codes do not move by them. */
  readonly statistics: readonly (LevelStatistics | Pick<LevelStatistics, "shares">)[];
}

/**
 * How the encodings of one grid become codes, in one level or several.
 *
 * Functions take what they need by name from flat records: `codebook.<level>` [K, D] and the like.
 */
export interface Quantizer {
  /** The numbers of its levels among all of the model's. */
  readonly levels: readonly number[];
  /** What is trained by gradient. */
  readonly weights: Weights;
  /** What it keeps beside that. */
  readonly state: Weights;
  /** Quantizes encodings [n, D] by a `share`: 1 is wholly, 0 leaves them as they are. */
  quantize(params: Params, encodings: Tensor2D, share: Scalar | number): Quantized;
  /**
   * The squared distance of encodings [n, D] to each code of one of its levels, given the indices of those before it, int32
   * [n] each: [n, K].
   */
  distances(params: Params, encodings: Tensor2D, earlier: readonly Tensor1D[]): Tensor2D;
  /** The values of indices, int32 [n] for each level → [n, D]. */
  lookUp(params: Params, indices: readonly Tensor1D[]): Tensor2D;
  /**
   * The entries of a carry that change with the codes: moving statistics, and the rows of restarted codes, which move
   * to the encodings of `restarts`, int32 [K], one for each level.
   */
  update(carry: Params, statistics: readonly LevelStatistics[], restarts: readonly Tensor1D[]): TensorRecord;
  /** The levels whose dead codes are restarted. */
  readonly restarting: readonly number[];
  /** Whether codes start from encodings. */
  readonly fromData: boolean;
  /** A carry's entries for codes that start at the k-means centres of encodings [n, D], row after row. */
  fromEncodings(encodings: Float32Array, seed: number): HostTensors;
  /** The codes' own values [K, D] of each level. */
  codebooks(params: HostTensors): readonly HostTensor[];
}
