import { z } from "zod";

/** The least, the middle and the largest of some figures. */
const spreadSchema = z.object({ smallest: z.number(), median: z.number(), largest: z.number() });
export type Spread = z.output<typeof spreadSchema>;

const nearestSchema = z.object({
  /** Its name among the training slices. */
  slice: z.string(),
  distance: z.number(),
});

const sampleSchema = z.object({
  name: z.string(),
  /** By codes: the share of positions whose codes differ. */
  byCodes: nearestSchema,
  /** By appearance: 1 − SSIM of the decoded images, each on its own range. */
  bySsim: nearestSchema,
  memorised: z.boolean(),
});

const distanceSchema = z.object({
  /** Samples against the test split. */
  samples: z.number(),
  /** The training split against the test split: what one real set is from another. */
  floor: z.number(),
  /** samples / floor; null where the floor is not above 0. */
  ratio: z.number().nullable(),
});

/** A figure of three sets, each against real test slices. */
const threePairsSchema = z.object({
  samples: z.number(),
  /** As many real training slices as there are samples: what one real set is from another. */
  floor: z.number(),
  /** The test slices, encoded and decoded, with grain if samples have it: what the tokenizer alone costs. */
  reconstructions: z.number(),
});
export type ThreePairs = z.output<typeof threePairsSchema>;

const sidesSchema = z.tuple([z.int(), z.int()]);

const pictureDistancesSchema = z.object({
  counts: z.object({ samples: z.int(), training: z.int(), test: z.int(), testSubjects: z.int() }),
  /** Of training slices, in preprocessed units: mapped to [0, 1] for all sets alike, nothing clipped. */
  range: z.object({ minimum: z.number(), maximum: z.number() }),
  /** Of pictures reduced to `size`; null where test slices have fewer than `nearest` of other subjects. */
  neighbours: z
    .object({ size: sidesSchema, nearest: z.int(), coverage: threePairsSchema, density: threePairsSchema })
    .nullable(),
  /** Of 7×7 patches of each level of the Laplacian pyramid, the finest first; null for slices smaller than a patch. */
  slicedWasserstein: z
    .object({ levels: z.array(threePairsSchema.extend({ size: sidesSchema })), mean: threePairsSchema })
    .nullable(),
  /** Of a classifier that is cross-validated by subject, 0.5 where it cannot tell; null for sets of one subject. */
  auc: threePairsSchema.nullable(),
  /** Of the same for samples and reconstructions, both without grain: what the prior alone costs. */
  aucAgainstReconstructions: z.number().nullable(),
});

/** How far sets of slices are from real test slices, measured on their pixels. */
export type PictureDistances = z.output<typeof pictureDistancesSchema>;

const limitSchema = z.object({
  kind: z.enum(["tokenizer", "prior", "slices", "none", "unknown"]),
  /** What limits the samples and what to change, in a sentence. */
  sentence: z.string(),
  /** Settings to change, as they are typed: `prior.minutes=20`. */
  settings: z.array(z.string()),
});

/** What limits the samples of a run. */
export type Limit = z.output<typeof limitSchema>;

/** `samples/novelty.json`: how new, how varied and how true the samples are. */
export const noveltySchema = z.object({
  /** Version 1 has no `pixels`. */
  schema: z.union([z.literal(1), z.literal(2)]),
  counts: z.object({
    samples: z.int(),
    /** Training grids that samples are compared with by codes, and those of them that are by SSIM as well. */
    training: z.int(),
    decoded: z.int(),
    heldOut: z.int(),
  }),
  /** How near the nearest training slice is, of samples and of real slices that the prior has not seen. */
  nearest: z.object({
    byCodes: z.object({ samples: spreadSchema, heldOut: spreadSchema }),
    bySsim: z.object({ samples: spreadSchema, heldOut: spreadSchema }),
  }),
  /** `redrawn`: samples that were flagged, and drawn anew; earlier versions drew none anew. */
  memorisation: z.object({ rule: z.string(), flagged: z.int(), redrawn: z.int().default(0) }),
  /** MS-SSIM between two samples, and between two real slices, decoded alike: lower is more varied. */
  diversity: z.object({
    pairs: z.int(),
    samples: z.object({ mean: z.number(), sd: z.number() }),
    heldOut: z.object({ mean: z.number(), sd: z.number() }),
  }),
  /** Null where there are fewer than two slices on either side. */
  distribution: z
    .object({
      features: z.string(),
      mmd: distanceSchema.extend({ kernel: z.string() }),
      frechet: distanceSchema,
    })
    .nullable(),
  /** Null where the data set was not at hand; absent in version 1. */
  pixels: z.object({ distances: pictureDistancesSchema, limit: limitSchema }).nullish(),
  samples: z.array(sampleSchema),
  /** Distances of each held-out slice to its nearest training slice; files of earlier versions have none. */
  heldOut: z.array(z.object({ byCodes: z.number(), bySsim: z.number() })).default([]),
});

export type Novelty = z.output<typeof noveltySchema>;
