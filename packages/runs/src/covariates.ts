import { rm } from "node:fs/promises";
import { writeFileAtomic } from "@slicebook/base/node";
import { covariateTableSchema } from "@slicebook/datasets";
import { z } from "zod";
import { readJsonIfThere } from "./files.ts";
import type { RunPaths } from "./run-paths.ts";

/** In how many slices each covariate is known. */
const counts = z.array(z.int().min(0));

const knownCovariatesSchema = covariateTableSchema.extend({
  schema: z.literal(1),
  /** Of all values that the data set gave, those without use included. */
  fingerprint: z.string(),
  known: z.strictObject({ train: counts, validate: counts, test: counts }),
});

/** `codes/covariates.json`: what is known of the encoded slices besides their classes, and of how many. */
export type KeptCovariates = Omit<z.output<typeof knownCovariatesSchema>, "schema">;

/** What is known of a run's encoded slices; undefined where nothing is. Throws `RUN_DAMAGED`. */
export function readCovariates({ covariates }: RunPaths): KeptCovariates | undefined {
  return readJsonIfThere(
    covariates,
    knownCovariatesSchema,
    "Delete the folder codes and run `slicebook encode` again.",
  );
}

/** Keeps what is known, or that nothing is. */
export async function writeCovariates(
  { covariates }: RunPaths,
  kept: KeptCovariates | undefined,
): Promise<void> {
  if (kept === undefined) await rm(covariates, { force: true });
  else await writeFileAtomic(covariates, `${JSON.stringify({ schema: 1, ...kept }, undefined, 2)}\n`);
}
