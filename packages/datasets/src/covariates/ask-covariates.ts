import { random, SlicebookError } from "@slicebook/base";
import { nearMiss } from "@slicebook/base/util";
import { type Covariate, type CovariateValues, describeCovariate } from "./covariate.ts";
import type { CovariateTable } from "./learn-covariates.ts";

/** How far a number may be from the one that is asked for, as a share of the range, to come with the same other values. */
const NEAR = 0.1;

/** Throws `COVARIATE_UNKNOWN` for a covariate that there is not, or a value beyond the training slices'; `key` is where they are asked for. */
export function checkCovariates(
  covariates: readonly Covariate[],
  wanted: CovariateValues,
  { key }: { readonly key: string },
): void {
  for (const [name, value] of Object.entries(wanted)) {
    const covariate = covariates.find((one) => one.name === name);
    if (covariate === undefined) throw unknownName(covariates, { key, name });
    if (isAmong(covariate, value)) continue;
    throw new SlicebookError(
      "COVARIATE_UNKNOWN",
      `${key}.${name}: ${value} is asked for, and the training slices have ${describeCovariate(covariate)}`,
      {
        remedy:
          covariate.kind === "number"
            ? `Ask for a number from ${covariate.low} to ${covariate.high}.`
            : `Ask for one of ${covariate.categories.join(", ")}.`,
      },
    );
  }
}

function unknownName(
  covariates: readonly Covariate[],
  { key, name }: { readonly key: string; readonly name: string },
): SlicebookError {
  const meant = nearMiss(
    name,
    covariates.map((one) => one.name),
  );
  return new SlicebookError(
    "COVARIATE_UNKNOWN",
    covariates.length === 0
      ? `${key}: ${name} is asked for, and nothing is known of the training slices but their classes`
      : `${key}: there is no ${name}; known of the training slices are ` +
          covariates.map(describeCovariate).join(", "),
    {
      remedy:
        meant !== undefined
          ? `Did you mean ${meant}?`
          : "What may be asked for is in a covariates.csv beside the slices: see docs/data.md.",
    },
  );
}

function isAmong(covariate: Covariate, value: number | string): boolean {
  if (covariate.kind === "category") return covariate.categories.includes(String(value));
  return Number(value) >= covariate.low && Number(value) <= covariate.high;
}

/** What {@link drawCovariates} decides by. */
export interface DrawCovariatesOptions {
  readonly seed: number;
  readonly sampleNumber: number;
  /** The sample's class, in data sets that have classes. */
  readonly label?: string | undefined;
  /** What is asked for, and stays. */
  readonly wanted: CovariateValues;
}

/**
 * The covariates of a sample: those that are asked for, and the others as some training slice has them, drawn by the seed
 * and the sample's number.
 *
 * It is one of the sample's class and near to what is asked for, as far as there are such.
 */
export function drawCovariates(
  { covariates, combinations }: CovariateTable,
  { seed, sampleNumber, label, wanted }: DrawCovariatesOptions,
): CovariateValues {
  const near = (values: CovariateValues) =>
    covariates.every((covariate) => {
      const [asked, actual] = [wanted[covariate.name], values[covariate.name]];
      if (asked === undefined) return true;
      if (covariate.kind === "category") return String(actual) === String(asked);
      return Math.abs(Number(actual) - Number(asked)) <= NEAR * (covariate.high - covariate.low);
    });
  const ofClass = someOf(combinations, (one) => label === undefined || one.class === label);
  const alike = someOf(ofClass, ({ values }) => near(values));
  let rest = random(seed, "covariates", sampleNumber).uniform() * sumOf(alike);
  const drawn = alike.find(({ slices }) => {
    rest -= slices;
    return rest < 0;
  });
  return { ...drawn?.values, ...wanted };
}

/** Those that fit, or all where none does. */
function someOf<T>(all: readonly T[], fits: (one: T) => boolean): readonly T[] {
  const some = all.filter(fits);
  return some.length === 0 ? all : some;
}

function sumOf(combinations: readonly { readonly slices: number }[]): number {
  return combinations.reduce((sum, { slices }) => sum + slices, 0);
}
