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
    throw new RangeError(`${vectors.length} values are not vectors of length ${dimension}`);
  }
  const stream = random(seed, "kmeans");
  const most = Math.max(count, Math.floor(effort / (count * dimension)));
  const used = Math.min(given, most);
  const search: Search = {
    dimension,
    points: given <= most ? vectors : pick(vectors, dimension, stream.permutation(given).subarray(0, most)),
    centres: new Float32Array(count * dimension),
    owners: new Int32Array(used),
    distances: new Float64Array(used).fill(Number.POSITIVE_INFINITY),
  };
  spread(search, stream);
  for (let round = 0; round < iterations; round++) {
    moveCentres(search);
    if (!assign(search)) break;
  }
  const sizes = new Int32Array(count);
  for (const owner of search.owners) sizes[owner]!++;
  return { centres: search.centres, sizes };
}

/** Where the search stands: every point has an owner, the nearest of the centres, and its squared distance to it. */
interface Search {
  readonly dimension: number;
  readonly points: Float32Array;
  readonly centres: Float32Array;
  readonly owners: Int32Array;
  readonly distances: Float64Array;
}

function pick(vectors: Float32Array, dimension: number, rows: Int32Array): Float32Array {
  const picked = new Float32Array(rows.length * dimension);
  rows.forEach((row, index) => {
    picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), index * dimension);
  });
  return picked;
}

/** k-means++: each start is a vector drawn with probability proportional to its squared distance to those before. */
function spread({ dimension, points, centres, owners, distances }: Search, stream: Random): void {
  const count = centres.length / dimension;
  const apart = new Float64Array(count);
  for (let start = 0; start < count; start++) {
    const chosen = start === 0 ? stream.integer(owners.length) : drawProportional(distances, stream);
    centres.set(points.subarray(chosen * dimension, (chosen + 1) * dimension), start * dimension);
    for (let other = 0; other < start; other++) {
      apart[other] = squaredDistance(centres, start * dimension, centres, other * dimension, dimension);
    }
    for (let point = 0; point < owners.length; point++) {
      if (start > 0 && apart[owners[point]!]! >= 4 * distances[point]!) continue;
      const distance = squaredDistance(points, point * dimension, centres, start * dimension, dimension);
      if (distance < distances[point]!) {
        distances[point] = distance;
        owners[point] = start;
      }
    }
  }
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
function assign({ dimension, points, centres, owners, distances }: Search): boolean {
  const count = centres.length / dimension;
  const apart = distancesBetween(centres, dimension);
  let changed = false;
  for (let point = 0; point < owners.length; point++) {
    const offset = point * dimension;
    let best = owners[point]!;
    let least = squaredDistance(points, offset, centres, best * dimension, dimension);
    for (let candidate = 0; candidate < count; candidate++) {
      // By the triangle inequality, a centre at least twice as far from the best one as the vector is cannot be nearer.
      if (apart[best * count + candidate]! >= 4 * least) continue;
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

/** The squared distances between all centres, [K, K]. */
function distancesBetween(centres: Float32Array, dimension: number): Float64Array {
  const count = centres.length / dimension;
  const apart = new Float64Array(count * count);
  for (let first = 0; first < count; first++) {
    for (let second = 0; second < first; second++) {
      const distance = squaredDistance(centres, first * dimension, centres, second * dimension, dimension);
      apart[first * count + second] = distance;
      apart[second * count + first] = distance;
    }
  }
  return apart;
}

/** Moves every centre to the mean of its vectors. */
function moveCentres({ dimension, points, centres, owners, distances }: Search): void {
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
