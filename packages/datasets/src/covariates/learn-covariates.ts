import { z } from "zod";
import { naturalOrder } from "../natural-order.ts";
import { type Covariate, type CovariateValues, covariateSchema } from "./covariate.ts";

/** More texts than these are not a choice: names, dates, remarks. */
const MOST_CATEGORIES = 64;

/** A name that can stand before an equals sign, and in a key of the configuration. */
const NAME = /^[\p{L}\p{N}_-]+$/u;

/** Values that occur together in training slices. */
const combinationSchema = z.strictObject({
  /** Their class, in data sets that have classes. */
  class: z.string().optional(),
  values: z.record(z.string(), z.union([z.number(), z.string()])),
  /** In how many slices. */
  slices: z.int().positive(),
});

export const covariateTableSchema = z.object({
  covariates: z.array(covariateSchema),
  /** Each once: samples get such a combination, so that theirs are real ones. */
  combinations: z.array(combinationSchema),
});

/** What is known of a data set's training slices besides their classes. */
export type CovariateTable = z.output<typeof covariateTableSchema>;

/** A slice whose covariates are learned. */
export interface KnownSlice {
  readonly label?: string | undefined;
  readonly values: CovariateValues;
}

/** The covariates of training slices; `leftOut` says which have no use, and why. */
export function learnCovariates(slices: readonly KnownSlice[]): {
  readonly table: CovariateTable;
  readonly leftOut: readonly string[];
} {
  const names = [...new Set(slices.flatMap(({ values }) => Object.keys(values)))];
  const covariates: Covariate[] = [];
  const leftOut: string[] = [];
  for (const name of names) {
    const values = new Set(slices.flatMap(({ values }) => values[name] ?? []));
    const why = whyUseless(name, values);
    if (why === undefined) covariates.push(covariateOf(name, values));
    else leftOut.push(`${name} is left out: ${why}`);
  }
  return { table: { covariates, combinations: combinationsOf(slices, covariates) }, leftOut };
}

function whyUseless(name: string, values: ReadonlySet<number | string>): string | undefined {
  if (name in Object.prototype) return "it is named like something that every object of JavaScript has";
  if (!NAME.test(name)) return "a name may have letters, digits, _ and - only";
  if (values.size === 1) return `all training slices have ${[...values][0]}`;
  if (values.size <= MOST_CATEGORIES || [...values].every((value) => typeof value === "number"))
    return undefined;
  return `it has ${values.size} texts, and a choice has at most ${MOST_CATEGORIES}`;
}

function covariateOf(name: string, values: ReadonlySet<number | string>): Covariate {
  const all = [...values];
  if (all.every((value) => typeof value === "number")) {
    const [low, high] = [
      all.reduce((least, one) => Math.min(least, one)),
      all.reduce((most, one) => Math.max(most, one)),
    ];
    return { name, kind: "number", low, high };
  }
  return { name, kind: "category", categories: all.map(String).sort(naturalOrder) };
}

function combinationsOf(
  slices: readonly KnownSlice[],
  covariates: readonly Covariate[],
): CovariateTable["combinations"] {
  const combinations = new Map<string, CovariateTable["combinations"][number]>();
  for (const { label, values } of slices) {
    const known = covariates.flatMap(({ name }) => {
      const value = values[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const key = JSON.stringify([label, known]);
    const before = combinations.get(key)?.slices ?? 0;
    combinations.set(key, {
      ...(label !== undefined && { class: label }),
      values: Object.fromEntries(known),
      slices: before + 1,
    });
  }
  return [...combinations.values()];
}
