import { SlicebookError } from "@slicebook/base";
import { type BoundPrior, UNKNOWN } from "@slicebook/core";
import {
  type Covariate,
  type CovariateTable,
  type CovariateValues,
  checkCovariates,
  drawCovariates,
  encodeCovariates,
  learnCovariates,
  type Split,
} from "@slicebook/datasets";
import type { KnownCovariates, SliceSet } from "@slicebook/datasets/node";
import type { KeptCovariates } from "@slicebook/runs";
import type { Session } from "./session.ts";

/** What is known of a data set's slices besides their classes, as its training slices have it. */
export interface LearnedCovariates {
  readonly kept: KeptCovariates;
  /** What was given and has no use. */
  readonly warnings: readonly string[];
  /** What a prior is told of a split's slices, [slices, covariates]; undefined where nothing is of use. */
  encoded(split: Split): Float32Array | undefined;
}

/** Undefined where nothing is known. Throws `COVARIATES_INVALID`. */
export async function learnedCovariates(session: Session): Promise<LearnedCovariates | undefined> {
  const dataset = await session.dataset();
  const given = dataset.covariates();
  if (given === undefined) return undefined;
  const { splits } = dataset;
  const training = splits.train.records.map((record) => ({ label: record.label, values: given.of(record) }));
  const { table, leftOut } = learnCovariates(training);
  const counts = (split: Split) => knownIn(splits[split], table.covariates, given);
  return {
    kept: {
      ...table,
      fingerprint: given.fingerprint,
      known: { train: counts("train"), validate: counts("validate"), test: counts("test") },
    },
    warnings: [...given.warnings, ...leftOut.map((text) => `covariates: ${text}`)],
    encoded: (split) =>
      table.covariates.length === 0
        ? undefined
        : toldOf(
            table.covariates,
            splits[split].records.map((record) => given.of(record)),
          ),
  };
}

function toldOf(covariates: readonly Covariate[], slices: readonly CovariateValues[]): Float32Array {
  return Float32Array.from(
    slices.flatMap((values) => encodeCovariates(covariates, values)),
    (value) => value ?? UNKNOWN,
  );
}

/** In how many slices each is known. */
function knownIn(
  { records }: SliceSet,
  covariates: readonly Covariate[],
  { of }: Pick<KnownCovariates, "of">,
): number[] {
  return covariates.map(({ name }) => records.filter((record) => of(record)[name] !== undefined).length);
}

type SampleConfig = Session["config"]["sample"];

/**
 * The table that samples' covariates come from; undefined for a prior that takes none. Throws `COVARIATE_UNKNOWN` for what is
 * asked for and cannot be had.
 */
export function askedTable(
  prior: BoundPrior,
  table: CovariateTable | undefined,
  { covariates: wanted }: SampleConfig,
): CovariateTable | undefined {
  checkCovariates(table?.covariates ?? [], wanted, { key: "sample.covariates" });
  if (table !== undefined && prior.conditions.includes("covariates")) return table;
  const [asked] = Object.keys(wanted);
  if (asked === undefined) return undefined;
  throw new SlicebookError(
    "COVARIATE_UNKNOWN",
    `sample.covariates: ${asked} is asked for, and the prior is not conditioned on covariates`,
    { remedy: "Take another prior, such as prior.name=pixelcnn, or set sample.covariates to {}." },
  );
}

/** The covariates of samples: those asked for, the others as training slices of their class have them together. */
export function drawnCovariates(
  table: CovariateTable,
  { count, seed, covariates: wanted }: SampleConfig,
  classOf: (sample: number) => string | undefined,
): Float32Array {
  const samples = Array.from({ length: count }, (_, sampleNumber) =>
    drawCovariates(table, { seed, sampleNumber, label: classOf(sampleNumber), wanted }),
  );
  return toldOf(table.covariates, samples);
}

/** Those asked for of each of `count` samples, the others unknown. */
export function askedCovariates(
  { covariates }: CovariateTable,
  { covariates: wanted }: SampleConfig,
  count: number,
): Float32Array {
  return toldOf(
    covariates,
    Array.from({ length: count }, () => wanted),
  );
}

/** Throws `SAMPLE_OPTIONS` where samples are to be guided and the prior cannot do without conditions. */
export function checkGuidance({ guidable }: BoundPrior, { guidance }: SampleConfig): void {
  if (guidance === 1 || guidable) return;
  throw new SlicebookError(
    "SAMPLE_OPTIONS",
    `sample.guidance: ${guidance} is asked for, and the prior was told of all training slices what is known of them`,
    {
      remedy:
        "Set prior.options.conditionDropout to 0.1 and train the prior again, or set sample.guidance to 1.",
    },
  );
}
