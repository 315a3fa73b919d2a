import { float32, type HostTensor, type HostTensors } from "@slicebook/base";
import {
  add,
  addN,
  clone,
  div,
  expandDims,
  gather,
  mean,
  mul,
  type Scalar,
  square,
  sub,
  type Tensor1D,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import { movingAverage } from "../adam.ts";
import { withoutGradient } from "../gradients.ts";
import { kmeans } from "../kmeans.ts";
import { type Params, param, type TensorRecord } from "../params.ts";
import { constant, normal, type Weight } from "../weights.ts";
import {
  codebookLoss,
  countAssignments,
  deadCodes,
  expectedBits,
  lookUp,
  moveCodes,
  nearestCodes,
  replaceRows,
  revivedUsage,
  rotated,
  squaredDistances,
  straightThrough,
  unitLength,
} from "./codebook.ts";
import type { GridConfig, LevelStatistics, Quantized, Quantizer } from "./quantizer.ts";

/**
 * Nearest codes of a learned codebook (van den Oord et al., 2017), `depth` times: each further level quantizes what
 * the levels before it leave (residual quantization; Lee et al., "Autoregressive image generation using residual
 * quantization", 2022).
 *
 * Codes follow the moving average of their encodings (`ema`), or are trained by gradient (`codebook-loss`).
 */
export function vectorQuantizer(config: GridConfig, first: number): Quantizer {
  const { codes, codeDimension, loss, quantizer } = config;
  const { kind, commitment: beta, decay, epsilon, restartBelow, distance, gradient, depth } = quantizer;
  const scaled = (vectors: Tensor2D) => (distance === "cosine" ? unitLength(vectors) : vectors);
  const levels = Array.from({ length: depth }, (_, level) => first + level);
  const shape = [codes, codeDimension];
  const trained = kind === "codebook-loss";

  const weights: Record<string, Weight> = {};
  const state: Record<string, Weight> = {};
  for (const level of levels) {
    const codebook: Weight = { ...normal(shape), key: ["codebook", level] };
    state[`usage.${level}`] = constant([codes], 1 / codes);
    if (trained) {
      weights[`codebook.${level}`] = codebook;
      continue;
    }
    const share = Math.fround(1 / codes);
    state[`codebook.${level}`] = codebook;
    state[`sums.${level}`] = {
      ...codebook,
      initial: (stream) => codebook.initial(stream).map((value) => value * share),
    };
  }

  /** The statistics of an EMA codebook whose codes [K, D] have had these shares [K]. */
  function averagesOf(level: number, codebook: Float32Array, usage: Float32Array): HostTensors {
    const sums = codebook.map((value, index) => value * usage[Math.floor(index / codeDimension)]!);
    return { [`codebook.${level}`]: float32(codebook, shape), [`sums.${level}`]: float32(sums, shape) };
  }

  function quantize(params: Params, given: Tensor2D, share: Scalar | number): Quantized {
    const encodings = scaled(given);
    const indices: Tensor1D[] = [];
    const statistics: LevelStatistics[] = [];
    const commitments: Scalar[] = [];
    const codebookTerms: Scalar[] = [];
    const bits: Scalar[] = [];
    let left = withoutGradient(() => clone(encodings)) as Tensor2D;
    let quantized: Tensor2D | undefined;
    for (const level of levels) {
      const learned = scaled(param(params, `codebook.${level}`) as Tensor2D);
      const codebook = withoutGradient(() => clone(learned)) as Tensor2D;
      const chosen = nearestCodes(left, codebook);
      const assignments = countAssignments(left, chosen, codes);
      const values = lookUp(codebook, chosen) as Tensor2D;
      if (loss.bits > 0) {
        const residual: Tensor2D = quantized === undefined ? encodings : sub(encodings, quantized);
        bits.push(expectedBits(residual, codebook, assignments.shares));
      }
      quantized = quantized === undefined ? values : add(quantized, values);
      commitments.push(mean(square(sub(encodings, quantized))));
      if (trained) codebookTerms.push(codebookLoss(learned, left, assignments));
      indices.push(chosen);
      statistics.push({ encodings: left, ...assignments });
      left = sub(left, values);
    }
    const commitment = meanOf(commitments);
    const held: Scalar = mul(commitment, beta);
    return {
      quantized:
        gradient === "rotation"
          ? add(mul(encodings, sub(1, share)), mul(rotated(encodings, quantized!), share))
          : straightThrough(encodings, quantized!, share),
      indices,
      loss: trained ? add(held, meanOf(codebookTerms)) : held,
      commitment,
      ...(bits.length > 0 && { bits: addN(bits) }),
      statistics,
    };
  }

  return {
    levels,
    restarting: levels,
    fromData: quantizer.initialisation === "data",
    weights,
    state,
    quantize,
    distances(params, encodings, earlier) {
      const books = levels.map((level) => scaled(param(params, `codebook.${level}`) as Tensor2D));
      const values = earlier.map((indices, index) => lookUp(books[index]!, indices) as Tensor2D);
      const left = values.reduce((rest, value): Tensor2D => sub(rest, value), scaled(encodings));
      return squaredDistances(left, books[earlier.length]!);
    },
    lookUp: (params, indices) =>
      addN(
        levels.map((level, index) =>
          lookUp(scaled(param(params, `codebook.${level}`) as Tensor2D), indices[index]!),
        ),
      ) as Tensor2D,

    update(carry, statistics, restarts) {
      const updated: TensorRecord = {};
      for (const [index, level] of levels.entries()) {
        const matrix = (name: string) => param(carry, name) as Tensor2D;
        const { encodings, ...assignments } = statistics[index]!;
        const usage = param(carry, `quantizer.usage.${level}`) as Tensor1D;
        const fresh = gather(encodings, restarts[index]!);
        if (trained) {
          const nextUsage = movingAverage(usage, assignments.shares, decay);
          const dead = deadCodes(nextUsage, restartBelow);
          updated[`quantizer.usage.${level}`] = revivedUsage(nextUsage, dead, restartBelow);
          for (const record of ["weights", "average"]) {
            const name = `${record}.codebook.${level}`;
            updated[name] = replaceRows(matrix(name), dead, fresh);
          }
          for (const moment of ["first", "second"]) {
            const name = `adam.${moment}.codebook.${level}`;
            updated[name] = replaceRows(matrix(name), dead, 0);
          }
          continue;
        }
        const averages = {
          codebook: matrix(`quantizer.codebook.${level}`),
          usage,
          sums: matrix(`quantizer.sums.${level}`),
        };
        const moved = moveCodes(averages, assignments, { decay, epsilon, encodings: encodings.shape[0] });
        const dead = deadCodes(moved.usage, restartBelow);
        const nextUsage = revivedUsage(moved.usage, dead, restartBelow);
        updated[`quantizer.usage.${level}`] = nextUsage;
        updated[`quantizer.codebook.${level}`] = replaceRows(moved.codebook, dead, fresh);
        updated[`quantizer.sums.${level}`] = replaceRows(
          moved.sums,
          dead,
          mul(fresh, expandDims(nextUsage, 1)),
        );
      }
      return updated;
    },

    fromEncodings(encodings, seed) {
      const entries: Record<string, HostTensor> = {};
      let left = distance === "cosine" ? unitLengthOnHost(encodings, codeDimension) : encodings;
      for (const level of levels) {
        const { centres, sizes } = kmeans(left, { count: codes, dimension: codeDimension, seed });
        const total = sizes.reduce((sum, size) => sum + size, 0);
        // A rare code is not a dead one: it starts where a restarted one does.
        const least = (2 * restartBelow) / codes;
        const usage = Float32Array.from(sizes, (size) => Math.max(size / total, least));
        entries[`quantizer.usage.${level}`] = float32(usage, [codes]);
        if (trained) {
          const moments = float32(new Float32Array(centres.length), shape);
          for (const record of ["weights", "average"]) {
            entries[`${record}.codebook.${level}`] = float32(centres, shape);
          }
          for (const moment of ["first", "second"]) entries[`adam.${moment}.codebook.${level}`] = moments;
        } else {
          for (const [name, tensor] of Object.entries(averagesOf(level, centres, usage))) {
            entries[`quantizer.${name}`] = tensor;
          }
        }
        if (level !== levels.at(-1)) left = residuals(left, centres, codeDimension);
      }
      return entries;
    },

    codebooks: (params) => levels.map((level) => params[`codebook.${level}`]!),
  };
}

function meanOf(terms: readonly Scalar[]): Scalar {
  return terms.length === 1 ? terms[0]! : div(addN([...terms]), terms.length);
}

function unitLengthOnHost(vectors: Float32Array, dimension: number): Float32Array {
  const scaled = Float32Array.from(vectors);
  for (let start = 0; start < scaled.length; start += dimension) {
    const vector = scaled.subarray(start, start + dimension);
    const length = Math.hypot(...vector) || 1;
    for (let axis = 0; axis < dimension; axis++) vector[axis]! /= length;
  }
  return scaled;
}

/** What the nearest of the centres [K, D] leave of vectors [n, D]. */
function residuals(vectors: Float32Array, centres: Float32Array, dimension: number): Float32Array {
  const left = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += dimension) {
    let least = Infinity;
    let nearest = 0;
    for (let centre = 0; centre < centres.length; centre += dimension) {
      let distance = 0;
      for (let axis = 0; axis < dimension && distance < least; axis++) {
        distance += (vectors[start + axis]! - centres[centre + axis]!) ** 2;
      }
      if (distance < least) {
        least = distance;
        nearest = centre;
      }
    }
    for (let axis = 0; axis < dimension; axis++) {
      left[start + axis] = vectors[start + axis]! - centres[nearest + axis]!;
    }
  }
  return left;
}
