import { standardError } from "@slicebook/core";
import type { Novelty, ThreePairs } from "@slicebook/runs";
import { decimals } from "@slicebook/runs/figures";
import type { TextTable } from "./evaluation-tables.ts";
import { counted, sides } from "./format.ts";

type Distances = NonNullable<Novelty["pixels"]>["distances"];

/** How far samples, training slices and reconstructions are from test slices, on their pixels. */
export function pixelTable({
  neighbours,
  slicedWasserstein,
  auc,
  aucAgainstReconstructions,
}: Distances): TextTable {
  const row = (name: string, { samples, floor, reconstructions }: ThreePairs, digits: number) => [
    name,
    decimals(samples, digits),
    decimals(floor, digits),
    decimals(reconstructions, digits),
  ];
  return {
    head: ["To test slices", "Samples", "Training slices", "Reconstructions"],
    rows: [
      ...(auc === null ? [] : [row("AUC of a classifier", auc, 3)]),
      ...(aucAgainstReconstructions === null
        ? []
        : [
            ["AUC, to reconstructions, both without grain", decimals(aucAgainstReconstructions, 3), "–", "–"],
          ]),
      ...(neighbours === null
        ? []
        : [row("Coverage", neighbours.coverage, 3), row("Density", neighbours.density, 3)]),
      ...(slicedWasserstein === null
        ? []
        : [
            row("Patch distance", slicedWasserstein.mean, 3),
            ...slicedWasserstein.levels.map((level) =>
              row(`Patch distance at ${sides(level.size)}`, level, 3),
            ),
          ]),
    ],
  };
}

/** What the figures of {@link pixelTable} mean. */
export function pixelNote({ counts, neighbours }: Distances): string {
  const reduced =
    neighbours === null
      ? ""
      : ` Coverage (higher is better): the share of test slices with a sample as near as their ${neighbours.nearest} nearest ` +
        `of other subjects, in pictures reduced to ${sides(neighbours.size)}; density: how close samples lie to test slices, 1 as close as these to one another.`;
  const chance = Math.min(1, 0.5 + 2 * standardError(counts.samples, counts.testSubjects));
  return (
    `${counted(counts.samples, "sample")}, ${counted(counts.training, "training slice")} and ` +
    `${counted(counts.test, "test slice")} of ${counted(counts.testSubjects, "subject")}, their real pixels on one scale of grey. ` +
    "Training slices are what one real set is from another: no sample can do better. Reconstructions are the test slices, " +
    "decoded, with grain if samples have it: what the tokenizer alone costs. AUC: 0.5 if a classifier that is cross-validated by subject cannot tell, 1 if it " +
    `always can; with as many subjects, chance alone may give ${decimals(chance, 2)}.${reduced} Patch distance (lower is better): sliced Wasserstein, of 7×7 patches of each level of a ` +
    "Laplacian pyramid, in deviations of the test slices' pixels."
  );
}
