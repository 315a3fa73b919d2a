import type { OutputOptions, PhantomFlags } from "../flags.ts";
import { perform } from "../perform.ts";

/** Writes a phantom data set. */
export async function phantom(options: OutputOptions & PhantomFlags): Promise<void> {
  const { layout, out, seed, subjects, slices, size, covariates } = options;
  await perform(
    { kind: "phantom", layout, out, seed, subjects, slicesPerSubject: slices, size, covariates },
    options,
  );
}
