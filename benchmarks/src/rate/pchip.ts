/** A function through some points. */
export interface Interpolant {
  /** Its value anywhere between the first point and the last. */
  at(x: number): number;
  /** Its integral from `from` to `to`, both between the first point and the last. */
  integral(from: number, to: number): number;
}

/**
 * The piecewise cubic Hermite interpolant that overshoots nowhere, with the slopes of Fritsch and Butland (1984), as
 * SciPy's `PchipInterpolator` has it.
 *
 * @param xs rising, two at least
 */
export function pchip(xs: readonly number[], ys: readonly number[]): Interpolant {
  const widths = xs.slice(1).map((x, index) => x - xs[index]!);
  const rises = widths.map((width, index) => (ys[index + 1]! - ys[index]!) / width);
  const slopes = xs.map((_, index) => {
    if (rises.length === 1) return rises[0]!;
    if (index === 0) return endSlope(widths, rises);
    if (index === rises.length) return endSlope(widths.toReversed(), rises.toReversed());
    return innerSlope(widths.slice(index - 1, index + 1), rises.slice(index - 1, index + 1));
  });
  const last = widths.length - 1;

  function at(x: number): number {
    const index = Math.min(
      last,
      Math.max(
        0,
        xs.findLastIndex((left) => left <= x),
      ),
    );
    const [width, part] = [widths[index]!, (x - xs[index]!) / widths[index]!];
    const [left, right] = [ys[index]!, ys[index + 1]!];
    const [slope, next] = [width * slopes[index]!, width * slopes[index + 1]!];
    const cubic = 2 * (left - right) + slope + next;
    const square = 3 * (right - left) - 2 * slope - next;
    return ((cubic * part + square) * part + slope) * part + left;
  }

  return {
    at,
    integral(from, to) {
      const ends = [from, ...xs.filter((x) => x > from && x < to), to];
      // Simpson's rule, which is exact of cubics.
      return ends.slice(1).reduce((sum, end, index) => {
        const start = ends[index]!;
        return sum + ((end - start) / 6) * (at(start) + 4 * at((start + end) / 2) + at(end));
      }, 0);
    },
  };
}

/** The weighted harmonic mean of the rises on both sides; 0 at a turn. */
function innerSlope([before, after]: readonly number[], [left, right]: readonly number[]): number {
  if (left! * right! <= 0) return 0;
  const [first, second] = [2 * after! + before!, after! + 2 * before!];
  return (first + second) / (first / left! + second / right!);
}

/** The slope at the first point by three points, kept within what overshoots nowhere. */
function endSlope([width, next]: readonly number[], [rise, after]: readonly number[]): number {
  const slope = ((2 * width! + next!) * rise! - width! * after!) / (width! + next!);
  if (slope * rise! <= 0) return 0;
  return rise! * after! < 0 && Math.abs(slope) > 3 * Math.abs(rise!) ? 3 * rise! : slope;
}
