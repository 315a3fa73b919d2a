import type { MetricsRow, RunInfo } from "@slicebook/runs";
import { counted, duration, sides } from "./format.ts";

export const splitNames = { train: "training", validate: "validation", test: "test" } as const;

/** What the run is, in a sentence: model, data, and the time that its training took. */
export function runInWords({ data, model, stages, machine }: RunInfo): string {
  const { slices, subjects } = data.splits.train;
  const trained = stages.train === undefined ? "" : ` in ${duration(stages.train.seconds)}`;
  return (
    `A VQ-VAE that turns ${sides(data.size)} MR slices into ${model.grids.map(sides).join(" + ")} grids of codes from a codebook of ${model.codes} codes, ` +
    `trained on ${counted(slices, "slice")} of ${counted(subjects, "subject")} (${data.adapter})${trained} ` +
    `on ${counted(machine.cores, "core")}.`
  );
}

/**
 * The prior's least bits per code on the validation split, over all codes of a slice where its levels were trained one by
 * one; `undefined` where it, or a level of it, has none.
 */
export function priorBits(rows: readonly MetricsRow[], { grids }: RunInfo["model"]): number | undefined {
  const least = new Map<number | undefined, number>();
  for (const { stage, part, validation } of rows) {
    const bits = validation?.bitsPerCode;
    if (stage === "prior" && bits !== undefined) least.set(part, Math.min(bits, least.get(part) ?? bits));
  }
  if (least.has(undefined)) return least.get(undefined);
  if (least.size < grids.length) return undefined;
  const sizes = grids.map(([rows, columns]) => rows * columns);
  const bits = sizes.reduce((sum, size, level) => sum + size * least.get(level)!, 0);
  return bits / sizes.reduce((sum, size) => sum + size, 0);
}

/** What the figures and pictures must not be taken for. */
export const useNote =
  "For research and teaching. Not a medical device: reconstructions and samples must not be used to diagnose or " +
  "treat. Samples may resemble training slices, so the training data's terms may also forbid sharing them.";
