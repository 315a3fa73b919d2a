import { type Interpolant, pchip } from "./pchip.ts";

/** What a codec makes of a number of bits. */
export interface RatePoint {
  /** Above 0. */
  readonly rate: number;
  /** More is better. */
  readonly quality: number;
}

/**
 * How many times the other codec's bytes a point takes at its own quality; null outside the qualities of the other's
 * curve.
 */
export function bytesRatio({ rate, quality }: RatePoint, other: readonly RatePoint[]): number | null {
  const curve = logarithmicRates(other);
  if (curve === null || quality < curve.low || quality > curve.high) return null;
  return rate / Math.exp(curve.rates.at(quality));
}

/**
 * The Bjøntegaard difference of rates (VCEG-M33, 2001) as a ratio: how many times the other codec's bytes a codec takes, as
 * the geometric mean over the qualities that both curves reach, interpolated by piecewise cubics; null where they
 * reach none together.
 */
export function meanBytesRatio(ours: readonly RatePoint[], other: readonly RatePoint[]): number | null {
  const [a, b] = [logarithmicRates(ours), logarithmicRates(other)];
  if (a === null || b === null) return null;
  const [low, high] = [Math.max(a.low, b.low), Math.min(a.high, b.high)];
  if (low >= high) return null;
  return Math.exp((a.rates.integral(low, high) - b.rates.integral(low, high)) / (high - low));
}

/** The logarithm of the rate by quality, of the points that are better than all that take less; null of fewer than two. */
function logarithmicRates(
  points: readonly RatePoint[],
): { readonly rates: Interpolant; readonly low: number; readonly high: number } | null {
  const rising: RatePoint[] = [];
  for (const point of points.toSorted((a, b) => a.rate - b.rate || b.quality - a.quality)) {
    if (point.quality > (rising.at(-1)?.quality ?? Number.NEGATIVE_INFINITY)) rising.push(point);
  }
  if (rising.length < 2) return null;
  const qualities = rising.map(({ quality }) => quality);
  const rates = pchip(
    qualities,
    rising.map(({ rate }) => Math.log(rate)),
  );
  return { rates, low: qualities[0]!, high: qualities.at(-1)! };
}
