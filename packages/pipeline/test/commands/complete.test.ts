import { random } from "@slicebook/base";
import { expect, it } from "vitest";
import { drawWeighted } from "../../src/commands/complete.ts";

it("takes a candidate by its share of the weights, however small they all are", () => {
  const logs = Float64Array.from([1, 2, 5], (weight) => Math.log(weight) - 4000);
  expect([0, 0.124, 0.126, 0.374, 0.376, 0.999].map((uniform) => drawWeighted(logs, uniform))).toEqual([
    0, 0, 1, 1, 2, 2,
  ]);
});

it("draws the codes before a known one as the prior's joint probability has them", () => {
  // Two codes of two values: p(first), p(second | first); the second is known to be 1.
  const [first, second] = [
    [0.7, 0.3],
    [0.2, 0.9],
  ] as const;
  const source = random(0, "rare");
  const rounds = 4000;
  let ones = 0;
  for (let round = 0; round < rounds; round++) {
    const candidates = Array.from({ length: 32 }, () => (source.uniform() < first[0] ? 0 : 1));
    const logs = Float64Array.from(candidates, (code) => Math.log(second[code]!));
    ones += candidates[drawWeighted(logs, source.uniform())]!;
  }
  const posterior = (0.3 * 0.9) / (0.3 * 0.9 + 0.7 * 0.2);
  // 32 candidates are biased a little towards the prior; four deviations of the mean are 0.03.
  expect(Math.abs(ones / rounds - posterior)).toBeLessThan(0.04);
});
