import { z } from "zod";
import { trainingRangeSchema } from "./training-range.ts";

const range = trainingRangeSchema.optional();

/** What a preprocessing learnt, as JSON: all but the mean image of `residual`. Those of earlier versions have no range. */
export const preprocessingSchema = z.discriminatedUnion("name", [
  z.object({ name: z.enum(["zscore", "minmax", "percentile"]), range }),
  z.object({ name: z.literal("zscore-dataset"), mean: z.number(), deviation: z.number(), range }),
  z.object({ name: z.literal("residual"), low: z.number(), high: z.number(), range }),
]);
