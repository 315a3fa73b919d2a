import { z } from "zod";

/** Options that priors with a network for each level share. */
export const slicePositionOption = z
  .boolean()
  .default(false)
  .describe(
    "Condition on where a slice lies in its scan, from the first slice to the last, so that it can be asked for.",
  );

export const conditionDropoutOption = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe(
    "Share of the training slices of which nothing is told, neither class nor place nor covariates: 0.1 lets samples be " +
      "guided (sample.guidance).",
  );

export const corruptionOption = z
  .number()
  .min(0)
  .lt(1)
  .default(0.05)
  .describe("Share of the codes that are replaced by random ones as context, in training.");
