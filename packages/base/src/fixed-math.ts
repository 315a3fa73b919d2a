/*
 * Functions whose results are the same bits on every machine: of IEEE 754 additions, multiplications, divisions and
 * roundings down only, which JavaScript defines exactly, where it leaves the last bits of Math.exp and Math.tanh open.
 */

/** ln 2 as the sum of two numbers; the first has few enough digits for its products with whole numbers to be exact (fdlibm). */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOG2_E = Math.LOG2E;

/** Beyond these exponents float64 has no normal number; below, e^x counts as 0, above as infinite. */
const LEAST_EXPONENT = -708;
const LARGEST_EXPONENT = 709;

/** 1 / n!, from n = 13 down to 0. */
const SERIES = Float64Array.from({ length: 14 }, (_, index) => {
  let factorial = 1;
  for (let factor = 2; factor <= 13 - index; factor++) factorial *= factor;
  return 1 / factorial;
});

/** 2^n, from n = −1023 on. */
const POWERS = powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2048);
  powers[1023] = 1;
  for (let n = 1024; n < 2047; n++) powers[n] = 2 * powers[n - 1]!;
  for (let n = 1022; n >= 0; n--) powers[n] = powers[n + 1]! / 2;
  return powers;
}

/** e^x, to about 1 part in 10¹⁵; 0 below −708 and infinite above 709. */
export function fixedExp(x: number): number {
  if (x < LEAST_EXPONENT) return 0;
  if (x > LARGEST_EXPONENT) return Number.POSITIVE_INFINITY;
  // x = n ln 2 + r, with |r| at most half of ln 2, where Taylor's series of 14 terms is as good as float64.
  const n = Math.floor(x * LOG2_E + 0.5);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let sum = SERIES[0]!;
  for (let term = 1; term < SERIES.length; term++) sum = sum * r + SERIES[term]!;
  return sum * POWERS[n + 1023]!;
}

/** 1 / (1 + e^−x). */
export function fixedSigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + fixedExp(-x));
  const power = fixedExp(x);
  return power / (1 + power);
}

/** Below this, tanh is its series to x⁵: its next term is under 1 part in 10¹³. */
const SMALL = 0.01;

/** The hyperbolic tangent of x, to about 1 part in 10¹³. */
export function fixedTanh(x: number): number {
  const size = x < 0 ? -x : x;
  if (size < SMALL) {
    const square = x * x;
    return x * (1 + square * (-1 / 3 + square * (2 / 15)));
  }
  const power = fixedExp(-2 * size);
  const value = (1 - power) / (1 + power);
  return x < 0 ? -value : value;
}
