/**
 * The quantile of Student's t distribution: the t that a variable with `degrees` (a whole number, from 1) degrees of
 * freedom stays under with `probability`, in [0.5, 1).
 *
 * Found by bisection, to the last bits.
 */
export function studentQuantile(probability: number, degrees: number): number {
  const inside = 2 * probability - 1;
  let low = 0;
  let high = 1;
  while (centralProbability(high, degrees) < inside) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (centralProbability(middle, degrees) < inside) low = middle;
    else high = middle;
  }
}

/**
 * The probability of [−t, t]: the incomplete beta function, which for whole degrees of freedom is a finite sum
 * (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4).
 */
function centralProbability(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const odd = degrees % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= cosine ** 2 * ((power - 1) / power);
    sum += term;
  }
  const part = Math.sin(angle) * sum;
  return odd ? (2 / Math.PI) * (angle + part) : part;
}
