import { z } from "zod";

/** Options that priors with a network for each level share. */
export const slicePositionOption = z
  .boolean()
  .default(false)
  .describe(
    "Condition on where a slice lies in its scan, from the first slice to the last, so that it can be asked for.",
  );

export const corruptionOption = z
  .number()
  .min(0)
  .lt(1)
  .default(0.05)
  .describe("Share of the codes that are replaced by random ones as context, in training.");
