import { z } from "zod";

const count = z.int().min(0);
const seconds = z.number().min(0);
/** Of images, and so of grids; what is made of a record is allocated by it. */
const side = z
  .int()
  .min(1)
  .max(2 ** 14);
const sides = z.tuple([side, side]).readonly();
/** The most entries of a codebook, as in core, of which nothing is loaded to list runs. */
export const MAX_CODES = 2 ** 16;
/** Levels of codes: five grids of up to 16 codes a place. */
const LEVELS = 80;

/** One split of the run's data. */
const splitSchema = z
  .object({
    slices: count,
    subjects: count,
    /** Slices of each class; empty where the data has no classes. */
    classes: z.record(z.string(), count).readonly(),
  })
  .readonly();

/** Seconds that a finished stage took, the processors' joules where the machine tells, and when it ended (ISO 8601). */
const stageSchema = z
  .object({
    seconds,
    joules: z.number().min(0).optional(),
    finished: z.iso.datetime(),
    /** The hash of all that decides the stage's result. */
    inputs: z.string(),
  })
  .readonly();

const modelSchema = z
  .object({
    preset: z.string(),
    /** Weights and codebook entries. */
    parameters: count,
    /** Rows and columns of each level's grid of codes. */
    grids: z.array(sides).min(1).max(LEVELS).readonly(),
    /** Entries of all codebooks together. */
    codes: z
      .int()
      .min(1)
      .max(LEVELS * MAX_CODES),
    /** Entries of each level's codebook; records of earlier versions have none, and levels with as many codes each. */
    codebooks: z.array(z.int().min(1).max(MAX_CODES)).max(LEVELS).readonly().optional(),
    codeSize: count,
  })
  .refine(({ grids, codebooks }) => codebooks === undefined || codebooks.length === grids.length, {
    error: "expected a codebook for each grid",
    path: ["codebooks"],
  })
  .refine(({ codes, codebooks }) => codebooks !== undefined || codes <= MAX_CODES, {
    error: `expected at most ${MAX_CODES}`,
    path: ["codes"],
  })
  .readonly();

/** `run.json` */
export const runInfoSchema = z
  .object({
    schema: z.literal(1),
    name: z.string(),
    /** ISO 8601. */
    created: z.iso.datetime(),
    /** Of `slicebook`, `node` and the libraries that computed. */
    versions: z.record(z.string(), z.string()).readonly(),
    machine: z
      .object({
        platform: z.string(),
        cpu: z.string(),
        cores: count,
        /** Bytes. */
        memory: count,
      })
      .readonly(),
    engine: z
      .object({
        kind: z.string(),
        device: z.string(),
        threads: count,
        /** How factors are rounded before they are multiplied; runs had no choice before it was recorded. */
        precision: z.string().default("float32"),
        description: z.string(),
      })
      .readonly(),
    seed: count,
    /** The git commit that Slicebook was run from; `null` outside a repository. */
    commit: z.string().nullable(),
    data: z
      .object({
        adapter: z.string(),
        root: z.string().optional(),
        size: sides,
        preprocessing: z.string(),
        fingerprint: z.string(),
        splits: z.object({ train: splitSchema, validate: splitSchema, test: splitSchema }).readonly(),
        /** Slices left out because they cannot be read. */
        skipped: count,
      })
      .readonly(),
    model: modelSchema,
    /** Of each finished stage, by its name. */
    stages: z.record(z.string(), stageSchema).readonly(),
  })
  .readonly();

export type RunInfo = z.output<typeof runInfoSchema>;
