import { SlicebookError } from "@slicebook/base";
import { countOf, type Points, squaredDistance } from "./points.ts";

/**
 * Coverage and density of generated points (Naeem et al., "Reliable fidelity and diversity metrics for generative
 * models", 2020, equations 4 and 5). Around each real point lies a ball that reaches to its `nearest`-th nearest other
 * real point. Coverage is the share of balls with a generated point in them: low where real slices have no like among
 * the generated ones. Density is how many balls a generated point lies in, over `nearest`: low where generated points
 * lie where no real ones do; it may exceed 1.
 *
 * With `groups`, a name for each real point, only those of other groups count as its neighbours: slices beside one another in
 * a scan are so alike that a ball of these holds nothing else, real or not.
 *
 * Of two sets of one distribution, coverage is about 1 − 2^−`nearest` for like numbers, density 1. Throws
 * `METRIC_INPUT_INVALID` unless each real point has `nearest` neighbours, and there is a generated one, of one width.
 */
export function coverageAndDensity(
  real: Points,
  generated: Points,
  { nearest, groups }: { readonly nearest: number; readonly groups?: readonly string[] },
): { coverage: number; density: number } {
  const [reals, others] = [countOf(real), countOf(generated)];
  const fewest = Math.min(...neighbourCounts(reals, groups));
  if (real.width !== generated.width || fewest < nearest || others < 1 || nearest < 1) {
    throw new SlicebookError(
      "METRIC_INPUT_INVALID",
      `coverage and density by the ${nearest} nearest need as many neighbours of each real point and a generated one, of ` +
        `one width: found ${reals} of width ${real.width} with ${fewest} neighbours at least, and ${others} of width ` +
        `${generated.width}`,
    );
  }
  let covered = 0;
  let inside = 0;
  for (let point = 0; point < reals; point++) {
    const distances = new Float64Array(reals);
    for (let other = 0; other < reals; other++) {
      const sameGroup = groups === undefined ? other === point : groups[other] === groups[point];
      distances[other] = sameGroup ? Infinity : squaredDistance(real, point, real, other);
    }
    const radius = distances.sort()[nearest - 1]!;
    let inBall = 0;
    for (let other = 0; other < others; other++) {
      if (squaredDistance(real, point, generated, other) <= radius) inBall += 1;
    }
    if (inBall > 0) covered += 1;
    inside += inBall;
  }
  return { coverage: covered / reals, density: inside / (nearest * others) };
}

/** How many points may count as each point's neighbours. */
function neighbourCounts(count: number, groups: readonly string[] | undefined): number[] {
  if (groups === undefined) return [count - 1];
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return [...sizes.values()].map((size) => count - size);
}
