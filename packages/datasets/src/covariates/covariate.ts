import { z } from "zod";

/** What is known of a slice besides its class, by name: its subject's age or sex, its scanner. What is not there is not known. */
export type CovariateValues = Readonly<Record<string, number | string>>;

const name = z.string().min(1);

export const covariateSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ name, kind: z.literal("number"), low: z.number(), high: z.number() }),
    z.strictObject({ name, kind: z.literal("category"), categories: z.array(z.string()).min(2) }),
  ])
  .readonly();

/** What a covariate is in the training slices: a number between the least and the greatest there, or one of those texts. */
export type Covariate = z.output<typeof covariateSchema>;

/** How many values there are to choose from; 0 for a number: what a prior needs to know of covariates. */
export function covariateSpaces(covariates: readonly Covariate[]): { readonly categories: number }[] {
  return covariates.map((covariate) => ({
    categories: covariate.kind === "number" ? 0 : covariate.categories.length,
  }));
}

/**
 * What a prior is told of a slice, for each covariate: a number from 0, the least of the training slices, to 1, the
 * greatest, beyond which it stays; the k-th of K texts, counted from 0, as k / (K − 1); undefined where it is not known, or
 * a text that no training slice has.
 */
export function encodeCovariates(
  covariates: readonly Covariate[],
  values: CovariateValues,
): (number | undefined)[] {
  return covariates.map((covariate) => {
    const value = values[covariate.name];
    if (value === undefined) return undefined;
    if (covariate.kind === "number") {
      const { low, high } = covariate;
      return Math.min(1, Math.max(0, (Number(value) - low) / (high - low)));
    }
    const index = covariate.categories.indexOf(String(value));
    return index < 0 ? undefined : index / (covariate.categories.length - 1);
  });
}

/** What a covariate can be, in words: `age (20 to 90)`, `sex (F, M)`. */
export function describeCovariate(covariate: Covariate): string {
  const { name } = covariate;
  return covariate.kind === "number"
    ? `${name} (${covariate.low} to ${covariate.high})`
    : `${name} (${covariate.categories.join(", ")})`;
}
