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

/** `samples/novelty.json`: how new, how varied and how true the samples are. */
export const noveltySchema = z.object({
  schema: z.literal(1),
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
  memorisation: z.object({ rule: z.string(), flagged: z.int() }),
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
  samples: z.array(sampleSchema),
  /** Distances of each held-out slice to its nearest training slice; files of earlier versions have none. */
  heldOut: z.array(z.object({ byCodes: z.number(), bySsim: z.number() })).default([]),
});

export type Novelty = z.output<typeof noveltySchema>;
