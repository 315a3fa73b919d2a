import { PHANTOM_LAYOUTS } from "@slicebook/datasets/node";
import { z } from "zod";

/** What a process that loads slices is to do; JSON in its first argument. */
export const loadTaskSchema = z.strictObject({
  adapter: z.enum(PHANTOM_LAYOUTS),
  root: z.string(),
  size: z.tuple([z.int(), z.int()]),
  workers: z.int(),
  /** The cache's folder. */
  cache: z.string(),
  /** Passes over all preprocessed slices in shuffled batches; 0 reads the slices as they are, once, past the cache. */
  epochs: z.int(),
  batch: z.int(),
});
export type LoadTask = z.output<typeof loadTaskSchema>;

/** What such a process prints. Times are in seconds. */
export const loadedSchema = z.object({
  slices: z.int(),
  /** Of all values, to tell that both sides read the same. */
  sum: z.number(),
  decoded: z.int(),
  opened: z.number(),
  passes: z.array(z.number()),
  peakMemory: z.number().nullable(),
});
export type Loaded = z.output<typeof loadedSchema>;

/** What the peer prints. */
export const peerLoadedSchema = z.object({
  slices: z.int(),
  sum: z.number(),
  versions: z.record(z.string(), z.string()),
});
