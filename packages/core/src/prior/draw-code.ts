/** How a code is drawn from logits; the same as in the options of `sample`. */
export interface DrawOptions {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
}

/**
 * Draws a code from logits by the inverse of their cumulative distribution, in float64.
 *
 * `uniform` lies in [0, 1). The logits are divided by `temperature` (0 takes the likeliest code), then cut to the
 * `topK` likeliest codes, then to the fewest of those that hold the share `topP` of what is left; of equally likely
 * codes the first counts as the likelier.
 */
export function drawCode(logits: ArrayLike<number>, uniform: number, options: DrawOptions = {}): number {
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  const best = indexOfLargest(logits);
  if (temperature === 0) return best;
  const highest = logits[best]!;
  // A loop, here and below: `Float64Array.from` and `reduce` took longer than the network does for a position.
  const weights = new Float64Array(logits.length);
  for (let index = 0; index < weights.length; index++) {
    weights[index] = Math.exp((logits[index]! - highest) / temperature);
  }
  if (topK < weights.length || topP < 1) keepLikeliest(weights, topK, topP);
  return indexAtShare(weights, uniform);
}

/** Sets all weights to zero but the `topK` largest, and of those all but the first that sum to the share `topP`. */
function keepLikeliest(weights: Float64Array, topK: number, topP: number): void {
  const order = Uint32Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const kept = order.subarray(0, topK);
  const enough = topP * kept.reduce((total, index) => total + weights[index]!, 0);
  let sum = 0;
  order.forEach((index, rank) => {
    if (rank >= topK || (sum >= enough && rank > 0)) weights[index] = 0;
    else sum += weights[index]!;
  });
}

/** The first index at which the running sum of weights exceeds the share `uniform` of their total. */
function indexAtShare(weights: Float64Array, uniform: number): number {
  let total = 0;
  for (let index = 0; index < weights.length; index++) total += weights[index]!;
  const threshold = uniform * total;
  let sum = 0;
  let last = 0;
  for (let index = 0; index < weights.length; index++) {
    if (weights[index] === 0) continue;
    sum += weights[index]!;
    last = index;
    if (sum > threshold) return index;
  }
  // Rounding may keep the running sum at the threshold.
  return last;
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}
