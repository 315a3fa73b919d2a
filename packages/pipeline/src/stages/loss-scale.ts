import type { LossScale } from "@slicebook/runs/tensors";

/** Steps after which a larger scale is tried. */
const PATIENCE = 2000;
/** Steps without effect, one after the other, that no smaller scale makes up for: the first one is then 2⁻⁴. */
export const MOST_SKIPPED = 20;

/** What a training in half precision starts with. */
export const firstScale: LossScale = { factor: 2 ** 16, since: 0, inARow: 0, skipped: 0 };

/**
 * The scale of the next step: half of it after a step whose gradients overflowed, twice as much after 2,000 others in a row
 * (Micikevicius et al., "Mixed precision training", 2018; numbers as in PyTorch's `GradScaler`).
 */
export function nextScale({ factor, since, inARow, skipped }: LossScale, overflowed: boolean): LossScale {
  if (overflowed) return { factor: factor / 2, since: 0, inARow: inARow + 1, skipped: skipped + 1 };
  const grows = since + 1 === PATIENCE;
  return { factor: grows ? 2 * factor : factor, since: grows ? 0 : since + 1, inARow: 0, skipped };
}
