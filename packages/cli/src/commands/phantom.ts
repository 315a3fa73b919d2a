import type { OutputOptions, PhantomFlags } from "../flags.ts";
import { perform } from "../perform.ts";

/** Writes a phantom data set. */
export async function phantom(options: OutputOptions & PhantomFlags): Promise<void> {
  const { layout, out, seed, subjects, slices, size, covariates } = options;
  await perform(
    {
      kind: "phantom",
      layout,
      out,
      seed,
      ...(subjects === undefined ? {} : { subjects }),
      ...(slices === undefined ? {} : { slicesPerSubject: slices }),
      ...(size === undefined ? {} : { size }),
      ...(covariates === undefined ? {} : { covariates }),
    },
    options,
  );
}
