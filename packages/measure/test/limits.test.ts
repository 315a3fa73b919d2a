import type { PictureDistances, ThreePairs } from "@slicebook/runs";
import { describe, expect, it } from "vitest";
import { type LimitInput, limitOf } from "../src/limits.ts";

const three = (samples: number, floor: number, reconstructions: number): ThreePairs => ({
  samples,
  floor,
  reconstructions,
});

interface Case {
  readonly auc?: ThreePairs | null;
  /** Of samples and reconstructions. */
  readonly priorAuc?: number;
  readonly coverage?: ThreePairs;
  readonly density?: ThreePairs;
  readonly patches?: ThreePairs;
  readonly samples?: number;
  readonly subjects?: number;
  readonly bits?: LimitInput["bits"];
  readonly copies?: number;
}

/** A run whose samples are as near to test slices as training slices are, but for what is told of it. */
function limit({
  auc = three(0.55, 0.55, 0.55),
  priorAuc = 0.5,
  samples = 64,
  bits,
  copies = 0,
  ...rest
}: Case) {
  const {
    coverage = three(0.9, 0.9, 1),
    density = three(1, 1, 1),
    subjects = 10,
    patches = three(0.05, 0.05, 0.01),
  } = rest;
  const distances: PictureDistances = {
    counts: { samples, training: samples, test: 100, testSubjects: auc === null ? 1 : subjects },
    range: { minimum: -1, maximum: 4 },
    neighbours: { size: [16, 16], nearest: 5, coverage, density },
    slicedWasserstein: { levels: [{ size: [64, 64], ...patches }], mean: patches },
    auc,
    aucAgainstReconstructions: auc === null ? null : priorAuc,
  };
  return limitOf({
    distances,
    bits,
    config: {
      train: { minutes: 5, epochs: null, steps: 3000 },
      prior: { minutes: 10, epochs: null, steps: null, augment: { copies } },
    } as LimitInput["config"],
    trainingSlices: 200,
  });
}

describe("what limits the samples", () => {
  it.each<[name: string, of: Case, kind: string, settings: string[]]>([
    ["nothing that can be told", {}, "none", []],
    [
      "the tokenizer, where reconstructions are told from test slices and samples are like these",
      { auc: three(0.95, 0.55, 0.95), patches: three(0.2, 0.05, 0.18) },
      "tokenizer",
      ["train.minutes=10", "train.steps=6000"],
    ],
    [
      "the tokenizer, by the patches of reconstructions alone",
      { patches: three(0.2, 0.05, 0.12) },
      "tokenizer",
      ["train.minutes=10", "train.steps=6000"],
    ],
    [
      "the tokenizer, where both are far and most of the distance is of reconstructions",
      { auc: three(1, 0.55, 1), priorAuc: 0.9, patches: three(0.25, 0.05, 0.15) },
      "tokenizer",
      ["train.minutes=10", "train.steps=6000"],
    ],
    [
      "the prior, where both are far and most of the distance is added by it",
      { auc: three(1, 0.55, 1), priorAuc: 0.95, patches: three(0.45, 0.05, 0.15) },
      "prior",
      ["prior.minutes=20"],
    ],
    [
      "the prior, where patches are as near as training slices' and the classifier finds it easier to tell its part",
      { auc: three(1, 0.66, 0.95), priorAuc: 0.999, patches: three(0.09, 0.1, 0.02) },
      "prior",
      ["prior.minutes=20"],
    ],
    [
      "nothing that so few test subjects let one tell, where samples are told better than training slices are",
      { auc: three(0.94, 0.82, 0.84), priorAuc: 0.86, subjects: 3 },
      "unknown",
      [],
    ],
    [
      "the prior, where samples are told from reconstructions and these are near",
      { auc: three(0.9, 0.55, 0.58), priorAuc: 0.9 },
      "prior",
      ["prior.minutes=20"],
    ],
    [
      "the prior, where it takes almost as many bits for training slices as for others",
      { auc: three(0.9, 0.55, 0.58), priorAuc: 0.9, bits: { train: 3.1, validate: 3.3 } },
      "prior",
      ["prior.minutes=20"],
    ],
    [
      "the slices, where the prior has memorised them",
      { auc: three(0.9, 0.55, 0.58), priorAuc: 0.9, bits: { train: 2.3, validate: 3.4 } },
      "slices",
      ["prior.augment.copies=8"],
    ],
    [
      "the slices, where samples lie dense but cover few kinds",
      { coverage: three(0.3, 0.9, 1), density: three(1.4, 1, 1), copies: 8 },
      "slices",
      ["prior.augment.copies=16"],
    ],
    [
      "the prior, and not the slices, where samples cover few since they lie off",
      { auc: three(0.9, 0.55, 0.6), priorAuc: 0.9, coverage: three(0.3, 0.9, 1), density: three(0.2, 1, 1) },
      "prior",
      ["prior.minutes=20"],
    ],
    [
      "the prior, where samples cover few test slices and reconstructions all, however far the patches of these are",
      {
        auc: three(1, 0.45, 1),
        priorAuc: 0.86,
        coverage: three(0.1, 0.9, 1),
        density: three(0.05, 1, 0.8),
        patches: three(0.08, 0.03, 0.05),
      },
      "prior",
      ["prior.minutes=20"],
    ],
    [
      "the tokenizer, where reconstructions cover as few test slices as samples do",
      {
        auc: three(1, 0.45, 1),
        coverage: three(0.3, 0.9, 0.4),
        density: three(0.2, 1, 0.3),
        patches: three(0.5, 0.05, 0.4),
      },
      "tokenizer",
      ["train.minutes=10", "train.steps=6000"],
    ],
    [
      "nothing, where training slices are told from test slices as well as samples are",
      { auc: three(0.78, 0.75, 0.8), priorAuc: 0.8 },
      "none",
      [],
    ],
    [
      "nothing, where an AUC is what chance gives with so few test subjects",
      { priorAuc: 0.82, subjects: 3 },
      "none",
      [],
    ],
    [
      "the prior, where it is more than that with many",
      { priorAuc: 0.82, subjects: 30 },
      "prior",
      ["prior.minutes=20"],
    ],
    ["not known, of a few samples", { samples: 3, auc: three(1, 1, 1) }, "unknown", ["sample.count=64"]],
    ["not known, of one test subject", { auc: null }, "unknown", []],
  ])("is %s", (_, of, kind, settings) => {
    expect(limit(of)).toMatchObject({ kind, settings });
  });

  it("is said in a sentence, with what it is told from and what to type", () => {
    expect(limit({ auc: three(0.9, 0.55, 0.58), priorAuc: 0.92 }).sentence).toBe(
      "The prior limits the samples: a classifier tells them from reconstructions (AUC 0.92; training slices from test " +
        "slices 0.55); train it longer: prior.minutes=20.",
    );
    expect(limit({ coverage: three(0.1, 0.9, 1), density: three(0.1, 1, 0.8) }).sentence).toBe(
      "The prior limits the samples: they cover 10 % of the test slices, reconstructions 100 % and training slices 90 %; " +
        "train it longer: prior.minutes=20.",
    );
    expect(limit({ density: three(0.1, 1, 0.8) }).sentence).toBe(
      "The prior limits the samples: few lie where test slices do (density 0.10; reconstructions 0.80, training slices " +
        "1.00); train it longer: prior.minutes=20.",
    );
    expect(limit({ samples: 1 }).sentence).toBe(
      "1 sample is too few to say what limits the samples: draw sample.count=64.",
    );
    const { sentence } = limit({ priorAuc: 0.9, bits: { train: 2, validate: 3 }, copies: 64 });
    expect(sentence).toContain(
      "(2.00 bits a code, 3.00 on validation slices); train on more slices than 200.",
    );
  });
});
