import { random } from "@slicebook/base";
import { frechetDistance, medianDistance, mmd, msSsim, type Points } from "@slicebook/core";
import type { Novelty, Spread } from "@slicebook/runs";
import type { Decoded } from "./decoded.ts";
import type { Nearest } from "./nearest.ts";

/** A sample is too near a training slice if it is under this share of the least distance of any held-out slice. */
const SHARE = 0.5;

export const MEMORISATION_RULE =
  "A sample is flagged as memorised if its distance to the nearest training slice, by codes or by SSIM, is under half " +
  "of the smallest such distance of any real held-out slice.";

/** Whether each sample is flagged as memorised. */
export function memorised(samples: readonly Nearest[], heldOut: readonly Nearest[]): boolean[] {
  const least = (of: (nearest: Nearest) => number) => SHARE * Math.min(...heldOut.map(of));
  const limits = { codes: least((one) => one.byCodes.distance), ssim: least((one) => one.bySsim.distance) };
  return samples.map(
    ({ byCodes, bySsim }) => byCodes.distance < limits.codes || bySsim.distance < limits.ssim,
  );
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { smallest: sorted[0]!, median, largest: sorted.at(-1)! };
}

/** MS-SSIM between two different images, over pairs drawn by the seed; all of them where there are no more. */
export function pairwiseSimilarity(
  decoded: Decoded,
  { most, seed }: { readonly most: number; readonly seed: number },
): { mean: number; sd: number; pairs: number } {
  const count = decoded.numbers.length;
  const pairs = Array.from({ length: count }, (_, i) =>
    Array.from({ length: i }, (_, j) => [i, j] as const),
  ).flat();
  const order = random(seed, "pairs").permutation(pairs.length).subarray(0, most);
  const values = Array.from(order, (index) => {
    const [i, j] = pairs[index]!;
    return msSsim(decoded.image(i), decoded.image(j), decoded.size).msSsim;
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / Math.max(1, values.length - 1)), pairs: values.length };
}

/** What is known of each slice: the encoder's features, as {@link Points} for either measure. */
export interface Features {
  /** Means over each of the cells of the grid. */
  readonly cells: Points;
  /** Means over the whole grid. */
  readonly whole: Points;
}

/**
 * How far the samples are from the test split, and the training split from it. All three have as many slices as
 * there are, but for the Fréchet distance, which is larger for fewer: there training slices are as many as samples.
 */
export function distributionOf(
  sets: { readonly samples: Features; readonly training: Features; readonly test: Features },
  cells: string,
): Novelty["distribution"] {
  const { samples, training, test } = sets;
  const counts = [samples, training, test].map(({ whole }) => whole.data.length / whole.width);
  if (Math.min(...counts) < 2) return null;
  const bandwidth = medianDistance(joined(training.cells, test.cells));
  // Slices that are all alike, as those of a model that has not learned yet, are at no distance.
  const kernel = { bandwidth: bandwidth > 0 ? bandwidth : 1 };
  return {
    features:
      "the VQ-VAE encoder's features of decoded slices (samples and real ones alike): " +
      `means over ${cells} cells of the grid for MMD, over the whole grid for the Fréchet distance`,
    mmd: {
      ...compared(mmd(samples.cells, test.cells, kernel), mmd(training.cells, test.cells, kernel)),
      kernel:
        "squared, unbiased; Gaussian kernel whose bandwidth is the median distance of training and test slices, " +
        bandwidth.toPrecision(4),
    },
    frechet: compared(
      frechetDistance(samples.whole, test.whole),
      frechetDistance(spreadPoints(training.whole, counts[0]!), test.whole),
    ),
  };
}

function compared(samples: number, floor: number) {
  return { samples, floor, ratio: floor > 0 ? samples / floor : null };
}

function joined(first: Points, second: Points): Points {
  return {
    data: Float32Array.from([...Array.from(first.data), ...Array.from(second.data)]),
    width: first.width,
  };
}

/** `count` of the points, spread evenly. */
function spreadPoints(points: Points, count: number): Points {
  const { data, width } = points;
  const total = data.length / width;
  if (count >= total) return points;
  const taken = Array.from({ length: count }, (_, index) => Math.floor((index * total) / count));
  return {
    data: taken.flatMap((index) => Array.from({ length: width }, (_, at) => data[index * width + at]!)),
    width,
  };
}
