import { type Random, random } from "@slicebook/base";

export interface KmeansOptions {
  /** Centres to find, K. */
  readonly count: number;
  /** Length of a vector, D. */
  readonly dimension: number;
  readonly seed: number;
  /** Rounds at most; it ends when no vector changes its centre. Default 10. */
  readonly iterations?: number;
  /**
   * At most this many multiplications a round (vectors × K × D): beyond it, a random part of the vectors is used.
   * Default 130 million, for about a second in all.
   */
  readonly effort?: number;
}

/** Centres [K, D], row after row, and the number of vectors nearest to each. */
export interface Clusters {
  readonly centres: Float32Array;
  readonly sizes: Int32Array;
}

/**
 * Clusters vectors [n, D], row after row, by Lloyd's algorithm from a k-means++ start (Arthur and Vassilvitskii, 2007).
 *
 * A centre that loses all its vectors moves to the one farthest from its own centre. With fewer distinct vectors than
 * `count`, some centres are equal. Throws a `RangeError` if there is no whole number of vectors, or none.
 */
export function kmeans(vectors: Float32Array, options: KmeansOptions): Clusters {
  const { count, dimension, seed, iterations = 10, effort = 130e6 } = options;
  const given = vectors.length / dimension;
  if (!Number.isInteger(given) || given === 0) {
    throw new RangeError(`${vectors.length} values are no vectors of length ${dimension}`);
  }
  const stream = random(seed, "kmeans");
  const most = Math.max(count, Math.floor(effort / (count * dimension)));
  const points =
    given <= most ? vectors : pick(vectors, dimension, stream.permutation(given).subarray(0, most));
  const centres = spread(points, dimension, count, stream);
  const owners = new Int32Array(points.length / dimension).fill(-1);
  const distances = new Float64Array(owners.length);
  for (let round = 0; round < iterations; round++) {
    if (!assign(points, dimension, centres, owners, distances)) break;
    centre(points, dimension, centres, owners, distances);
  }
  assign(points, dimension, centres, owners, distances);
  const sizes = new Int32Array(count);
  for (const owner of owners) sizes[owner]!++;
  return { centres, sizes };
}

function pick(vectors: Float32Array, dimension: number, rows: Int32Array): Float32Array {
  const picked = new Float32Array(rows.length * dimension);
  rows.forEach((row, index) => {
    picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), index * dimension);
  });
  return picked;
}

/** k-means++: each start is a vector drawn with probability proportional to its squared distance to those before. */
function spread(points: Float32Array, dimension: number, count: number, stream: Random): Float32Array {
  const total = points.length / dimension;
  const starts = new Float32Array(count * dimension);
  const nearest = new Float64Array(total).fill(Number.POSITIVE_INFINITY);
  let chosen = stream.integer(total);
  for (let start = 0; start < count; start++) {
    if (start > 0) chosen = drawProportional(nearest, stream);
    starts.set(points.subarray(chosen * dimension, (chosen + 1) * dimension), start * dimension);
    for (let point = 0; point < total; point++) {
      const distance = squaredDistance(points, point * dimension, starts, start * dimension, dimension);
      if (distance < nearest[point]!) nearest[point] = distance;
    }
  }
  return starts;
}

function drawProportional(weights: Float64Array, stream: Random): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return stream.integer(weights.length);
  let left = stream.uniform() * total;
  for (let index = 0; index < weights.length; index++) {
    left -= weights[index]!;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

/** Gives every vector its nearest centre; whether any changed. */
function assign(
  points: Float32Array,
  dimension: number,
  centres: Float32Array,
  owners: Int32Array,
  distances: Float64Array,
): boolean {
  const count = centres.length / dimension;
  let changed = false;
  for (let point = 0; point < owners.length; point++) {
    const offset = point * dimension;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let candidate = 0; candidate < count; candidate++) {
      const distance = squaredDistance(points, offset, centres, candidate * dimension, dimension);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    distances[point] = least;
    if (owners[point] !== best) changed = true;
    owners[point] = best;
  }
  return changed;
}

/** Moves every centre to the mean of its vectors. */
function centre(
  points: Float32Array,
  dimension: number,
  centres: Float32Array,
  owners: Int32Array,
  distances: Float64Array,
): void {
  const count = centres.length / dimension;
  const sums = new Float64Array(centres.length);
  const sizes = new Int32Array(count);
  owners.forEach((owner, point) => {
    sizes[owner]!++;
    for (let axis = 0; axis < dimension; axis++) {
      sums[owner * dimension + axis]! += points[point * dimension + axis]!;
    }
  });
  for (let cluster = 0; cluster < count; cluster++) {
    const size = sizes[cluster]!;
    if (size === 0) {
      const farthest = distances.reduce(
        (best, distance, point) => (distance > distances[best]! ? point : best),
        0,
      );
      centres.set(points.subarray(farthest * dimension, (farthest + 1) * dimension), cluster * dimension);
      distances[farthest] = 0;
      continue;
    }
    for (let axis = 0; axis < dimension; axis++) {
      centres[cluster * dimension + axis] = sums[cluster * dimension + axis]! / size;
    }
  }
}

function squaredDistance(
  a: Float32Array,
  offsetA: number,
  b: Float32Array,
  offsetB: number,
  length: number,
): number {
  let total = 0;
  for (let axis = 0; axis < length; axis++) {
    const difference = a[offsetA + axis]! - b[offsetB + axis]!;
    total += difference * difference;
  }
  return total;
}
