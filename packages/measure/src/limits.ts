import { type ResolvedConfig, variedCopies } from "@slicebook/config";
import { standardError } from "@slicebook/core";
import type { Limit, PictureDistances, ThreePairs } from "@slicebook/runs";

/** Fewer samples or test slices leave an AUC of 0.5 a standard error above 0.1. */
const LEAST_SLICES = 16;

/**
 * An AUC counts as more than chance from this many standard errors above 0.5. Slices of a subject are alike, so that real
 * slices count by subjects: with 3, 6 and 6 test subjects of three data sets, the AUC of other subjects' real slices varied
 * by 0.24, 0.19 and 0.13, and {@link standardError} gives 0.19, 0.15 and 0.14.
 */
const STANDARD_ERRORS = 2;

/** And from this much above the AUC of training slices, which may be of other scanners than test slices are. */
const ABOVE_FLOOR = 0.1;

/** Patches this many times as far from test slices as training slices' are: a set of one kind varies by a third or so. */
const FAR = 2;

/**
 * The tokenizer comes first if it alone takes this share of how much farther samples are than training slices: half, since
 * whichever costs more is worth changing first.
 */
const TOKENIZER_SHARE = 0.5;

/**
 * Training grids that take less than this share of validation grids' bits have been memorised: a prior that has
 * not seen either takes as many for both, and one that still gains from training lies within a tenth.
 */
const MEMORISED = 0.85;

/**
 * Reduced pictures whose coverage or density is below this share of both training slices' and reconstructions' are of other
 * heads than the test slices, which no blur explains: chance leaves eight tenths of either with 64 slices.
 */
const KEPT = 0.6;

/** Copies of each slice that took 0.1 to 0.15 bits off validation codes where they were tried (docs/prior.md). */
const COPIES = 8;
const MOST_COPIES = 64;

/** Samples with which the figures are steady. */
const ENOUGH_SAMPLES = 64;

export interface LimitInput {
  readonly distances: PictureDistances;
  /** Bits per code of training and validation grids, if the prior's evaluation tells. */
  readonly bits: { readonly train: number; readonly validate: number } | undefined;
  readonly config: Pick<ResolvedConfig, "train" | "prior">;
  /** The whole training split. */
  readonly trainingSlices: number;
}

/**
 * What limits the samples: the tokenizer, where decoded test slices are far from real ones already; the prior, where samples
 * are far from decoded test slices; the number of slices, where the prior has memorised these or draws few kinds of
 * them; or nothing that can be told.
 */
export function limitOf({ distances, bits, config, trainingSlices }: LimitInput): Limit {
  const { auc, aucAgainstReconstructions: priorAuc, slicedWasserstein, neighbours, counts } = distances;
  if (
    Math.min(counts.samples, counts.training, counts.test) < LEAST_SLICES ||
    auc === null ||
    priorAuc === null
  ) {
    return unknown(distances);
  }
  const told = (value: number, first: number, second: number) =>
    value > Math.max(0.5 + STANDARD_ERRORS * standardError(first, second), auc.floor + ABOVE_FLOOR);
  const patches = slicedWasserstein?.mean;
  const far = (distance: number | undefined) => patches !== undefined && distance! > FAR * patches.floor;
  const lost = (figure: ThreePairs | undefined) =>
    figure !== undefined && figure.samples < KEPT * Math.min(figure.floor, figure.reconstructions);
  const misshapen = lost(neighbours?.coverage) || lost(neighbours?.density);
  const byTokenizer = told(auc.reconstructions, counts.test, counts.test) || far(patches?.reconstructions);
  const byPrior = told(priorAuc, counts.samples, counts.testSubjects) || misshapen;

  if (!byTokenizer && !byPrior) {
    return auc.samples > auc.floor + ABOVE_FLOOR ? fewSubjects(distances) : none(distances);
  }
  // Heads of a wrong shape come before faint detail, however much of the patches' distance the latter is.
  if (byTokenizer && !misshapen && (!byPrior || tokenizerShare(distances) >= TOKENIZER_SHARE)) {
    return tokenizer(auc, config.train);
  }
  if (bits !== undefined && bits.train < MEMORISED * bits.validate) {
    const why = `the prior has memorised the training slices (${bits.train.toFixed(2)} bits a code, ${bits.validate.toFixed(2)} on validation slices)`;
    return slices(why, config.prior, trainingSlices);
  }
  const { coverage, density } = neighbours ?? {};
  if (coverage && lost(coverage) && density!.samples >= density!.floor) {
    const why = `samples lie near test slices but cover few of them (${percent(coverage.samples)}; training slices ${percent(coverage.floor)})`;
    return slices(why, config.prior, trainingSlices);
  }
  if (coverage && lost(coverage)) {
    const why =
      `they cover ${percent(coverage.samples)} of the test slices, reconstructions ` +
      `${percent(coverage.reconstructions)} and training slices ${percent(coverage.floor)}`;
    return prior(why, config.prior);
  }
  if (density && lost(density)) {
    const why =
      `few lie where test slices do (density ${density.samples.toFixed(2)}; reconstructions ` +
      `${density.reconstructions.toFixed(2)}, training slices ${density.floor.toFixed(2)})`;
    return prior(why, config.prior);
  }
  const why =
    `a classifier tells them from reconstructions (AUC ${priorAuc.toFixed(2)}; training slices from test slices ` +
    `${auc.floor.toFixed(2)})`;
  return prior(why, config.prior);
}

/**
 * How much of what tells samples from test slices the reconstructions have already, 0 to 1: of the patches' distance beyond
 * that of training slices; where samples are no farther than these, all or nothing, by what the classifier finds easier.
 */
function tokenizerShare({ slicedWasserstein, auc, aucAgainstReconstructions }: PictureDistances): number {
  const patches = slicedWasserstein?.mean;
  const beyond = patches === undefined ? 0 : patches.samples - patches.floor;
  // Reconstructions are of the very slices that they are compared with: chance adds nothing to their distance.
  if (beyond > 0) return Math.min(1, patches!.reconstructions / beyond);
  return auc!.reconstructions > aucAgainstReconstructions! ? 1 : 0;
}

function unknown({ counts, auc }: PictureDistances): Limit {
  const few = counts.samples < LEAST_SLICES;
  const settings = few ? [`sample.count=${ENOUGH_SAMPLES}`] : [];
  const why = few
    ? `${counts.samples} ${counts.samples === 1 ? "sample is" : "samples are"} too few`
    : auc === null
      ? "The slices of one subject are too few"
      : `${Math.min(counts.training, counts.test)} real slices are too few`;
  const then = few ? `: draw ${settings[0]}` : "";
  return { kind: "unknown", sentence: `${why} to say what limits the samples${then}.`, settings };
}

function fewSubjects({ auc, counts }: PictureDistances): Limit {
  const { testSubjects } = counts;
  return {
    kind: "unknown",
    sentence:
      `The slices of ${testSubjects} test subjects are too few to say what limits the samples: a classifier tells samples ` +
      `from these (AUC ${auc!.samples.toFixed(2)}), and training slices too (${auc!.floor.toFixed(2)}).`,
    settings: [],
  };
}

function none({ auc }: PictureDistances): Limit {
  return {
    kind: "none",
    sentence:
      `Nothing that is measured limits the samples: a classifier tells them from test slices hardly better than it ` +
      `tells training slices (AUC ${auc!.samples.toFixed(2)} and ${auc!.floor.toFixed(2)}).`,
    settings: [],
  };
}

function tokenizer(auc: NonNullable<PictureDistances["auc"]>, train: LimitInput["config"]["train"]): Limit {
  const settings = doubled("train", train);
  return {
    kind: "tokenizer",
    sentence:
      `The tokenizer limits the samples: a classifier tells reconstructions of test slices from these (AUC ` +
      `${auc.reconstructions.toFixed(2)}; training slices ${auc.floor.toFixed(2)}); train the VQ-VAE longer, in a run of ` +
      `another name: ${settings.join(" ")}.`,
    settings,
  };
}

function prior(why: string, options: LimitInput["config"]["prior"]): Limit {
  const settings = doubled("prior", options);
  return {
    kind: "prior",
    sentence: `The prior limits the samples: ${why}; train it longer: ${settings.join(" ")}.`,
    settings,
  };
}

function slices(why: string, { augment }: LimitInput["config"]["prior"], trainingSlices: number): Limit {
  const now = variedCopies(augment, trainingSlices);
  const copies = now === 0 ? COPIES : Math.min(MOST_COPIES, 2 * now);
  const settings = now >= MOST_COPIES ? [] : [`prior.augment.copies=${copies}`];
  const more = `train on more slices than ${trainingSlices}`;
  const change =
    settings.length === 0 ? more : `train it on varied copies, ${settings.join(" ")}, or ${more}`;
  return {
    kind: "slices",
    sentence: `The number of slices limits the samples: ${why}; ${change}.`,
    settings,
  };
}

/** Twice each limit that is set: less would hardly show. */
function doubled(
  section: "train" | "prior",
  limits: { readonly minutes: number | null; readonly epochs: number | null; readonly steps: number | null },
): string[] {
  return (["minutes", "epochs", "steps"] as const).flatMap((name) => {
    const limit = limits[name];
    return limit === null ? [] : [`${section}.${name}=${2 * limit}`];
  });
}

function percent(value: number): string {
  return `${Math.round(100 * value)} %`;
}
