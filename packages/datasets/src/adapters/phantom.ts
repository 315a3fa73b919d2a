import { z } from "zod";
import { drawPhantom, type PhantomSlice } from "../phantom/draw.ts";
import { HEAD_LABELS } from "../phantom/head.ts";
import { PELVIS_LABELS } from "../phantom/pelvis.ts";
import { type PhantomTraits, phantomTraits } from "../phantom/traits.ts";
import {
  type DatasetAdapter,
  type DecodeContext,
  type ListContext,
  type Listing,
  type SliceRecord,
  SPLITS,
} from "../types.ts";

const count = z.int().min(1).max(10_000);

const phantomOptions = z.strictObject({
  anatomy: z.enum(["head", "pelvis"]).default("head").describe("What the slices show."),
  subjects: z
    .strictObject({ train: count.default(32), validate: count.default(6), test: count.default(8) })
    .prefault({})
    .describe("Subjects in each split; every subject has an anatomy of its own."),
  slices: count.default(8).describe("Slices of each subject, from low to high."),
  classes: z
    .boolean()
    .default(false)
    .describe(
      "Give every second head wide ventricles and a thin cortex, and label them AD and the others NC.",
    ),
  covariates: z
    .boolean()
    .optional()
    .describe(
      "Give every subject an age, by which ventricles (of a pelvis, the prostate) are wide, and every head a sex, by which it " +
        "is large; the prior is told of them. Off unless given.",
    ),
});

/** The options of the `phantom` data set. */
export type PhantomDatasetOptions = z.output<typeof phantomOptions>;

/** Procedural heads or pelvises, drawn from the seed at the size asked for: no files are needed. */
export const phantom: DatasetAdapter<PhantomDatasetOptions> = {
  name: "phantom",
  description: "drawn in memory from the seed: no files",
  schema: phantomOptions,
  defaultSize: ({ anatomy }) => (anatomy === "head" ? [64, 64] : [64, 32]),
  list: async (context) => listPhantoms(context),
  decode: async (record, context) => {
    const { height, width, values } = draw(record, context);
    return { height, width, values, type: "float32" };
  },
  decodeMask: async (record, context) => {
    const { height, width, labels } = draw(record, context);
    return { height, width, values: Float32Array.from(labels), type: "uint8" };
  },
  covariates: (record, context) => ({ ...traitsOf(record, context) }),
  maskLabels: ({ anatomy }) =>
    Object.entries(anatomy === "head" ? HEAD_LABELS : PELVIS_LABELS).map(([name, value]) => ({
      value,
      name,
    })),
};

function traitsOf(
  { subject }: SliceRecord,
  { options: { anatomy, covariates }, seed }: DecodeContext<PhantomDatasetOptions>,
): PhantomTraits | undefined {
  return covariates ? phantomTraits(seed, anatomy, subject) : undefined;
}

function draw(record: SliceRecord, context: DecodeContext<PhantomDatasetOptions>): PhantomSlice {
  const { subject, slice, label } = record;
  const { options, seed, size } = context;
  return drawPhantom({
    anatomy: options.anatomy,
    size,
    seed,
    subject,
    slice,
    position: slicePosition(slice, options.slices),
    atrophy: label === "AD",
    traits: traitsOf(record, context),
  });
}

/** Where the n-th of some slices is cut: they are spread evenly from 0 to 1. */
export function slicePosition(slice: number, slices: number): number {
  return slices === 1 ? 0.5 : slice / (slices - 1);
}

function listPhantoms({ options }: ListContext<PhantomDatasetOptions>): Listing {
  const records: SliceRecord[] = [];
  let number = 0;
  for (const split of SPLITS) {
    for (let within = 0; within < options.subjects[split]; within++) {
      number += 1;
      const subject = `phantom_${String(number).padStart(3, "0")}`;
      const label = options.classes ? { label: within % 2 === 0 ? "AD" : "NC" } : {};
      for (let slice = 0; slice < options.slices; slice++) {
        const name = `${subject}_slice_${slice}`;
        const path = `phantom:${name}`;
        records.push({ path, split, subject, slice, ...label, mask: `${path}:mask`, name });
      }
    }
  }
  const drawn = "drawn, not read";
  return {
    records,
    ignored: [],
    places: { train: drawn, validate: drawn, test: drawn },
    ...(options.classes && { classes: ["AD", "NC"] }),
  };
}
