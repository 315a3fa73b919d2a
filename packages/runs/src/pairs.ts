import { z } from "zod";
import { readJsonIfThere } from "./files.ts";

/** Two tall grey pictures of the same slices below each other, and what the slices are called. */
export interface PairFiles {
  readonly originals: string;
  readonly reconstructions: string;
  readonly slices: string;
}

const pairsSchema = z.object({ slices: z.array(z.object({ name: z.string(), ssim: z.number() })) });

/** The slices of such pictures, from top to bottom. */
export type PairedSlices = z.output<typeof pairsSchema>["slices"];

/** The files of pairs whose picture for people is `STEM.png`. */
export function pairFiles(stem: string): PairFiles {
  return {
    originals: `${stem}-originals.png`,
    reconstructions: `${stem}-reconstructions.png`,
    slices: `${stem}-pairs.json`,
  };
}

/** The slices of a run's pairs; undefined where there are none. */
export function readPairs({ slices }: PairFiles): PairedSlices | undefined {
  return readJsonIfThere(slices, pairsSchema)?.slices;
}
